package contender

import "fmt"

// job is what a worker needs to call a customer back, and what the peers store:
// the same facts as the answer that Rappel is sent.
type job struct {
	No       int     `json:"no"`
	Response string  `json:"response"`
	Survey   string  `json:"survey"`
	Channel  string  `json:"channel"`
	Customer person  `json:"customer"`
	Metric   string  `json:"metric"`
	Score    float64 `json:"score"`
	Verbatim string  `json:"verbatim"`
}

type person struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Phone    string `json:"phone"`
	Email    string `json:"email"`
	Language string `json:"language"`
}

// Kind names the job among River's.
func (job) Kind() string { return kind }

const kind = "callback"

// newJob makes the i-th job of a series. Each is another customer's: Rappel opens
// one callback a customer.
func newJob(series string, i int) job {
	return job{
		No: i, Response: fmt.Sprintf("%s-%d", series, i), Survey: "apres-livraison", Channel: "email",
		Customer: person{
			ID: fmt.Sprintf("%s-C-%d", series, i), Name: "Camille Exemple", Phone: fmt.Sprintf("+336%08d", 39000000+i),
			Email: "camille@example.com", Language: "fr",
		},
		Metric: "NPS", Score: float64(i % 7), // 0 to 6: all detractors
		Verbatim: "Livré en retard, et personne au téléphone pour me dire où en était le colis.",
	}
}

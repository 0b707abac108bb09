package message

import "fmt"

// CustomerFacts are what the message to a customer may say, and what a template for it may
// use.
type CustomerFacts struct {
	// Name is as they gave it; may be empty.
	Name string
	// Language is fr or en.
	Language string
	// Survey is the survey's name.
	Survey string
	// Title and Text are what is said without a template.
	Title, Text string
}

// OfCustomer are the facts of a message to a customer, who is told that their answer has
// arrived and that it takes longer than usual.
func OfCustomer(name, language, survey string) CustomerFacts {
	w := wordsOf(language)
	if language != "fr" {
		language = "en"
	}
	f := CustomerFacts{Name: line(name, 80), Language: language, Survey: survey, Title: w.CustomerTitle}
	hello := w.CustomerHello
	if f.Name != "" {
		hello = fmt.Sprintf(w.CustomerHelloName, f.Name)
	}
	f.Text = hello + "\n\n" + w.CustomerText + "\n\n" + w.CustomerBye + "\n"
	return f
}

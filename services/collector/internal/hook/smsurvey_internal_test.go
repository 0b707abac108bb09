package hook

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/mapping"
)

// FuzzResolve holds that whatever a survey and a response are, their answers can be mapped:
// by question, and complete when each choice is known.
func FuzzResolve(f *testing.F) {
	details, err := os.ReadFile("testdata/surveymonkey_response_details.json")
	require.NoError(f, err)
	for _, survey := range []string{
		`{"pages":[{"questions":[{"id":"77000001","answers":{"rows":[{"id":"5100000001","text":""}],"choices":[{"id":"5100000013","weight":2}],"other":{"id":"9"}}}]}]}`,
		`{"pages":[{"questions":[{"id":1,"answers":{"cols":[{"id":"k","choices":[{"id":"c"}]}]}}]}]}`, `{"pages":{}}`, `[]`, `null`,
	} {
		f.Add([]byte(survey), details)
	}
	f.Add([]byte(`{}`), []byte(`{"pages":[{"questions":[{"id":"q","answers":[{"row_id":"r","col_id":"k","choice_id":"c","text":"t"},{"other_id":{}},null,3]},{"id":"q"}]}]}`))
	places := mapping.NewPaths("*.rows.*.cols.*.weight", "*.rows.*.text", "*.choice")
	f.Fuzz(func(t *testing.T, survey, details []byte) {
		s, err := mapping.Document(survey)
		if err != nil {
			return
		}
		d, err := mapping.Document(details)
		if err != nil {
			return
		}
		def := define(s)
		answers, complete := resolve(def, d)
		_ = places.All(answers)
		if len(def) == 0 && complete {
			for _, q := range smPages.All(d) {
				for _, a := range smAnswered.All(q) {
					require.Empty(t, smChoice.First(a), "a choice of no survey is none that is known")
				}
			}
		}
		again, same := resolve(def, d)
		require.Equal(t, complete, same)
		require.Equal(t, answers, again)
	})
}

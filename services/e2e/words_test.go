package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const wordRules = `version: "words"
rules:
  - name: legal
    when: '"legal_threat" in intents && score.priority >= 20.0 && sentiment == "negative" && may_call'
    severity: critical
    callback: {queue: legal, priority: 90}
  - name: to_be_looked_at
    when: disagreement
    severity: low
`

// readReason is what a callback shows of the words.
type readReason struct {
	Rule, Sentiment, Disagreement string
	Intents                       []string
	Correction                    int
	RecoveryPriority              float64
}

type readCallback struct {
	Callback struct {
		ID, CustomerKey, State, Queue, CancelReason string
		Reasons                                     []readReason
	}
}

// TestWordsDecideAndCanBeCorrected: a 9 of 10 with a furious text and a lawyer in it raises
// what its words say, and is called back; somebody corrects what was read, and the callback
// goes; they think again, and the next opens.
func TestWordsDecideAndCanBeCorrected(t *testing.T) {
	t.Parallel()
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	require.NoError(t, os.WriteFile(rules, []byte(wordRules), 0o600))
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			l := s.start(t, "RAPPEL_ALERTING__RULES_FILE="+rules)
			body := answer("r-1", "C-1", "NPS", 9)
			body["answers"] = []object{
				{"metric": "NPS", "value": 9},
				{"verbatim": "C'est une honte, je suis furieux, un service lamentable, des incompétents ! Mon avocat va saisir le tribunal."},
			}
			l.submit(body)
			l.submit(answer("r-2", "C-2", "NPS", 0)) // no rule here is about scores
			cb := l.waitFor(1, "PENDING")[0]
			show := func(id string) (r readCallback) {
				require.Equal(t, http.StatusOK, get(l.queue.url()+"/v1/callbacks/"+id, &r))
				return r
			}
			shown := show(cb.ID).Callback
			require.Equal(t, "legal", shown.Queue)
			require.Len(t, shown.Reasons, 1)
			require.Equal(t, "NEGATIVE", shown.Reasons[0].Sentiment)
			require.Contains(t, shown.Reasons[0].Intents, "LEGAL_THREAT")
			require.Equal(t, "GOOD_SCORE_BAD_WORDS", shown.Reasons[0].Disagreement)
			require.Greater(t, shown.Reasons[0].RecoveryPriority, 20.0)

			correct := func(intents ...string) {
				var resp struct{ Number int }
				require.Equal(t, http.StatusOK, post(l.scorer.url()+"/v1/verbatims:correct", object{
					"survey": body["survey"], "responseId": "r-1", "customerKey": shown.CustomerKey, "by": "sam",
					"correction": object{"intents": object{"intents": intents}},
				}, &resp))
			}
			correct()
			l.waitFor(1, "CANCELED")
			require.Equal(t, "what was found in the answer's words was corrected", show(cb.ID).Callback.CancelReason)
			correct("LEGAL_THREAT", "URGENT")
			again := show(l.waitFor(1, "PENDING")[0].ID).Callback
			require.NotEqual(t, cb.ID, again.ID)
			require.Equal(t, 2, again.Reasons[0].Correction)
			require.ElementsMatch(t, []string{"LEGAL_THREAT", "URGENT"}, again.Reasons[0].Intents)

			var models struct {
				Models []struct {
					Version string
					Current bool
				}
			}
			require.Equal(t, http.StatusOK, get(l.scorer.url()+"/v1/models", &models))
			require.Len(t, models.Models, 1)
			require.True(t, models.Models[0].Current)
		})
	}
}

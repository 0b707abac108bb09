package e2e

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

const contactRules = `version: contact
contact: {not_again_within: 7d}
rules:
  - {name: awful, when: "has(nps.metric) && nps.value < 1.0", about: NPS, severity: high, stop: true, callback: {queue: default, priority: 20}}
  - {name: bad, when: nps.class == Class.DETRACTOR, about: NPS, callback: {queue: default, priority: 10}}
  - name: third
    severity: high
    when: nps.class == Class.PASSIVE && history.answers(30).size() == 2 && history.callbacks > 1 && history.called_within(1)
    callback: {queue: default, priority: 20}
`

// notTwice: who was called lately is called again only for what is worse, or when they ask;
// and what they correct afterwards is judged as if nothing had come of it.
func notTwice(t *testing.T, l *loop) {
	body, err := json.Marshal(object{"text": contactRules})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, do(http.MethodPut, l.alerting.url()+"/v1/rules", body, nil))
	l.submit(answer("r-1", "C-1", "NPS", 3))
	cb := l.mustClaim("amina", "")
	l.called(cb.ID, object{"outcome": "RESOLVED", "rootCause": "delivery", "note": "x"})
	l.submit(answer("r-2", "C-1", "NPS", 3)) // held back
	l.submit(answer("r-1", "C-1", "NPS", 5)) // settled by the call
	l.settle()
	require.Empty(t, l.callbacks("PENDING"))

	l.submit(answer("r-2", "C-1", "NPS", 0)) // worse
	require.Len(t, l.waitForReason("r-2").Reasons, 1)
	l.submit(answer("r-2", "C-1", "NPS", 4))
	l.settle()
	require.Empty(t, l.callbacks("PENDING"), "that it is worse was a mistake")
	l.alerting.kill()
	l.alerting.restart(l.alerting.env...)
	asks := answer("r-2", "C-1", "NPS", 4)
	asks["callbackRequested"] = true
	l.submit(asks)
	l.waitForReason("r-2")
	asks["callbackRequested"], asks["whole"] = false, true
	l.submit(asks)
	l.settle()
	require.Empty(t, l.callbacks("PENDING"), "the wish was taken back")

	l.submit(answer("r-3", "C-1", "NPS", 8))
	l.waitForReason("r-3")
}

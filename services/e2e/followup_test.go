package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// show reads one callback.
func (l *loop) show(id string) callback {
	l.t.Helper()
	var got struct{ Callback callback }
	require.Equal(l.t, http.StatusOK, get(l.queue.url()+"/v1/callbacks/"+id, &got))
	return got.Callback
}

// until waits until a callback is as it should be.
func (l *loop) until(id, what string, ok func(callback) bool) {
	l.t.Helper()
	require.Eventually(l.t, func() bool { return ok(l.show(id)) }, eventually, 20*time.Millisecond, what)
}

// called has amina call a customer, reach them and write down what came of it.
func (l *loop) called(id string, wrapUp object) {
	l.t.Helper()
	for _, step := range []struct {
		verb string
		body object
	}{{"startAttempt", object{}}, {"endAttempt", object{"outcome": "REACHED"}}, {"complete", wrapUp}} {
		step.body["agentId"] = "amina"
		_, code, _ := l.act(id, step.verb, step.body)
		require.Equal(l.t, http.StatusOK, code, step.verb)
	}
}

// howItWent: the customer is asked after the call, answers without saying who they
// are, and is called again.
func howItWent(t *testing.T, l *loop) {
	l.submit(answer("r-1", "C-1", "NPS", 2))
	cb := l.mustClaim("amina", "")
	l.called(cb.ID, object{"outcome": "RESOLVED", "rootCause": "delivery", "note": "x", "gesture": object{"kind": "voucher", "cents": 1500}})
	l.until(cb.ID, "the customer is asked", func(c callback) bool { return c.FollowUp != nil && c.FollowUp.AskedAt != nil })
	l.restartQueue() // kill -9
	l.submit(object{
		"id": "f-1", "survey": "apres-rappel", "callbackId": cb.ID,
		"answers": []object{{"metric": "NPS", "value": 1}, {"verbatim": "Rien n'a changé."}},
	})
	l.until(cb.ID, "it is open again, for both", func(c callback) bool {
		return c.State == "PENDING" && c.Recovery != nil && len(c.Reasons) == 2
	})
	got := l.show(cb.ID)
	require.Equal(t, "follow-up", got.Reopened.By)
	require.Equal(t, []float64{20, 10}, []float64{got.Recovery.Before, got.Recovery.After})
	require.Len(t, l.callbacks(), 1)
	require.Equal(t, cb.ID, l.mustClaim("amina", "again").ID)

	var s status
	bad := object{"id": "f-2", "survey": "apres-rappel", "callbackId": "x", "answers": []object{{"metric": "NPS", "value": 1}}}
	require.Equal(t, http.StatusBadRequest, post(l.collector.url()+"/v1/responses", bad, &s))
	require.Equal(t, []string{"callbackId"}, s.fields())
}

// promiseAcrossKills: nobody needs to have been there when a promise broke.
func promiseAcrossKills(t *testing.T, l *loop) {
	l.submit(answer("r-1", "C-1", "NPS", 2))
	id := l.waitFor(1, "PENDING")[0].ID
	l.restartQueue() // kill -9, before the warning or after it
	l.until(id, "the promise is broken", func(c callback) bool { return c.SLA.State == "BREACHED" })
	l.restartQueue()
	require.Equal(t, "BREACHED", l.show(id).SLA.State)
	var page struct{ Callbacks []callback }
	require.Eventually(t, func() bool {
		return get(l.queue.url()+"/v1/callbacks?slaStates=BREACHED", &page) == http.StatusOK && len(page.Callbacks) == 1
	}, eventually, 20*time.Millisecond)
	var queues struct{ Queues []object }
	require.Equal(t, http.StatusOK, get(l.queue.url()+"/v1/queues", &queues))
	require.Equal(t, "1", queues.Queues[0]["breached"])
}

// slotWaitedFor: from the customer's answer through every service to the claim.
func slotWaitedFor(t *testing.T, l *loop) {
	from := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	a := answer("r-1", "C-1", "NPS", 2)
	a["callbackSlots"] = []object{{"from": from.Format(time.RFC3339), "to": from.Add(time.Hour).Format(time.RFC3339)}}
	l.submit(a)
	cb := l.waitFor(1, "PENDING")[0]
	require.True(t, cb.NotBefore.Equal(from), "%s", cb.NotBefore)
	_, code, s := l.claim("amina", "")
	require.Equal(t, http.StatusNotFound, code)
	require.Equal(t, "NO_CALLBACK_READY", s.reason())
}

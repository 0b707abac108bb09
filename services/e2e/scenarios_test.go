package e2e

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// scenario is one promise of the loop, with the callback queue in an environment of
// its own where one is named.
type scenario struct {
	name string
	run  func(t *testing.T, l *loop)
	env  []string
}

var scenarios = []scenario{
	{name: "a detractor becomes one claimable callback", run: detractor},
	{name: "passives and promoters become none", run: contentNone},
	{name: "CSAT 3 is low on 1 to 10 and not on 1 to 5", run: csatByScale},
	{name: "the same answer three times is one", run: threeTimes},
	{name: "two answers of one customer are two reasons of one callback", run: twoReasons},
	{name: "a late comment enriches the callback", run: lateComment},
	{name: "a corrected score cancels it if nobody started", run: correctedBeforeStart},
	{name: "a corrected score does not take a call from an agent", run: correctedAfterStart},
	{name: "a customer who asks is called, whatever the score", run: asked},
	{name: "a customer who said no is not called", run: refused},
	{name: "agents claiming at once never get the same", run: claimRace},
	{name: "a claim repeated gets the same callback", run: claimRepeated},
	{name: "a whole call: start, no answer, later; start, reached, complete", run: wholeCall},
	{name: "a stale token is refused", run: staleToken},
	{name: "the index wiped, everything is claimable again", run: indexWiped},
	{name: "an offer outlives a kill of its process", run: offeredAcrossAKill},
	{name: "the roster outlives a kill of its process", run: rosterKept},
	{name: "bad input is refused whole, with every wrong field", run: badInput},
	{name: "a batch takes the good rows and names the bad", run: batch},
	{
		name: "how it went: a second bad score reopens", run: howItWent,
		env: []string{"RAPPEL_CALLBACK__FOLLOW_UP__SURVEY=apres-rappel", "RAPPEL_CALLBACK__FOLLOW_UP__AFTER=0s"},
	},
	{
		name: "a promise that is broken is known, across kills", run: promiseAcrossKills,
		env: []string{"RAPPEL_CALLBACK__FIRST_ATTEMPT_WITHIN=3s", "RAPPEL_CALLBACK__WARN_AT=30%"},
	},
	{name: "a customer's slot is waited for", run: slotWaitedFor},
	{name: "who was called lately is not called again unless it is worse", run: notTwice},
	{
		name: "a detractor's whole life is read from the feed", run: wholeLife,
		env: []string{"RAPPEL_CALLBACK__FOLLOW_UP__SURVEY=apres-rappel", "RAPPEL_CALLBACK__FOLLOW_UP__AFTER=0s"},
	},
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for _, sc := range scenarios {
				t.Run(sc.name, func(t *testing.T) {
					t.Parallel()
					sc.run(t, s.start(t, sc.env...))
				})
			}
		})
	}
}

func detractor(t *testing.T, l *loop) {
	a := l.submit(object{
		"id": "r-1", "survey": "apres-livraison", "channel": "email", "touchpoint": "delivery",
		"customer": object{"id": "C-1", "name": "Camille Exemple", "phone": "06 39 98 12 34", "email": "Camille@Example.com", "language": "fr"},
		"answers":  []object{{"metric": "NPS", "value": 2}, {"verbatim": "Livré en retard, et personne au téléphone."}},
	})
	require.Equal(t, accepted{ID: "r-1", Revision: 1}, a)
	cb := l.mustClaim("amina", "")
	require.Equal(t, "ASSIGNED", cb.State)
	require.Equal(t, "+33639981234", cb.Customer.Phone)
	require.Equal(t, "camille@example.com", cb.Customer.Email)
	require.Len(t, cb.Reasons, 1)
	require.Equal(t, reason{
		ResponseID: "r-1", Survey: "apres-livraison", Metric: "NPS", Value: 2, Class: "DETRACTOR", Revision: 1,
		Verbatim: "Livré en retard, et personne au téléphone.",
	}, cb.Reasons[0])
	_, code, s := l.claim("bruno", "")
	require.Equal(t, http.StatusNotFound, code)
	require.Equal(t, "NO_CALLBACK_READY", s.reason())
}

func contentNone(t *testing.T, l *loop) {
	l.submit(answer("passive", "C-7", "NPS", 7))
	l.submit(answer("promoter", "C-9", "NPS", 9))
	l.submit(answer("satisfied", "C-5", "CSAT", 5))
	l.submit(answer("easy", "C-6", "CES", 7))
	l.settle()
	require.Empty(t, l.callbacks("PENDING", "ASSIGNED"))
}

func csatByScale(t *testing.T, l *loop) {
	low := answer("low", "C-10", "CSAT", 3)
	low["answers"] = []object{{"metric": "CSAT", "value": 3, "scale": object{"min": 1, "max": 10}}}
	l.submit(low)
	l.submit(answer("middle", "C-5", "CSAT", 3))
	l.settle()
	open := l.waitFor(1, "PENDING")
	require.Equal(t, "low", open[0].Reasons[0].ResponseID)
	require.Equal(t, "DISSATISFIED", open[0].Reasons[0].Class)
}

func threeTimes(t *testing.T, l *loop) {
	body := answer("same", "C-1", "NPS", 0)
	require.Equal(t, accepted{ID: "same", Revision: 1}, l.submit(body))
	require.Equal(t, accepted{ID: "same", Revision: 1, Duplicate: true}, l.submit(body))
	require.Equal(t, accepted{ID: "same", Revision: 1, Duplicate: true}, l.submit(body))
	l.settle()
	open := l.waitFor(1, "PENDING")
	require.Len(t, open[0].Reasons, 1)
}

func twoReasons(t *testing.T, l *loop) {
	l.submit(answer("by-mail", "C-1", "NPS", 2))
	chat := answer("in-chat", "C-1", "CSAT", 1)
	chat["survey"], chat["channel"] = "chat", "chat"
	l.submit(chat)
	l.settle()
	open := l.waitFor(1, "PENDING")
	require.Len(t, open[0].Reasons, 2)
	require.ElementsMatch(t, []string{"by-mail", "in-chat"}, []string{open[0].Reasons[0].ResponseID, open[0].Reasons[1].ResponseID})
}

func lateComment(t *testing.T, l *loop) {
	l.submit(answer("late", "C-1", "NPS", 1))
	require.Equal(t, "", l.waitFor(1, "PENDING")[0].Reasons[0].Verbatim)
	piece := object{"id": "late", "survey": "e2e", "customer": object{"id": "C-1"}, "answers": []object{{"verbatim": "J'attends toujours."}}}
	require.Equal(t, accepted{ID: "late", Revision: 2}, l.submit(piece))
	require.Eventually(t, func() bool {
		open := l.callbacks("PENDING")
		return len(open) == 1 && len(open[0].Reasons) == 1 && open[0].Reasons[0].Verbatim == "J'attends toujours." && open[0].Reasons[0].Revision == 2
	}, eventually, 20*time.Millisecond)
}

func correctedBeforeStart(t *testing.T, l *loop) {
	l.submit(answer("mistake", "C-1", "NPS", 0))
	id := l.waitFor(1, "PENDING")[0].ID
	require.Equal(t, 2, l.submit(answer("mistake", "C-1", "NPS", 10)).Revision)
	require.Equal(t, id, l.waitFor(1, "CANCELED")[0].ID)
	_, code, _ := l.claim("amina", "")
	require.Equal(t, http.StatusNotFound, code)
}

func correctedAfterStart(t *testing.T, l *loop) {
	l.submit(answer("mistake", "C-1", "NPS", 0))
	cb := l.mustClaim("amina", "")
	_, code, _ := l.act(cb.ID, "startAttempt", object{"agentId": "amina", "token": cb.Holder.Token})
	require.Equal(t, http.StatusOK, code)
	l.submit(answer("mistake", "C-1", "NPS", 10))
	require.Eventually(t, func() bool {
		held := l.callbacks("ATTEMPTING")
		return len(held) == 1 && held[0].Reasons[0].Withdrawn
	}, eventually, 20*time.Millisecond)
}

func asked(t *testing.T, l *loop) {
	body := answer("please", "C-1", "NPS", 10)
	body["callbackRequested"] = true
	l.submit(body)
	require.Equal(t, "please", l.waitFor(1, "PENDING")[0].Reasons[0].ResponseID)
}

func refused(t *testing.T, l *loop) {
	body := answer("leave-me", "C-1", "NPS", 0)
	body["consent"] = object{"callback": false}
	l.submit(body)
	l.settle()
	require.Empty(t, l.callbacks("PENDING"))
}

func claimRace(t *testing.T, l *loop) {
	const callbacks, agents = 40, 8
	for i := range callbacks {
		l.submit(answer(name("r", i), name("C", i), "NPS", float64(i%7)))
	}
	l.waitFor(callbacks, "PENDING")
	var mu sync.Mutex
	holders := map[string]string{}
	var wg sync.WaitGroup
	for i := range agents {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				cb, code, _ := l.claim(name("agent", i), "")
				if code == http.StatusNotFound {
					return
				}
				if cb == nil {
					continue // contended: ask again
				}
				mu.Lock()
				if other, taken := holders[cb.ID]; taken {
					t.Errorf("%s is held by %s and %s", cb.ID, other, name("agent", i))
				}
				holders[cb.ID] = name("agent", i)
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
	require.Len(t, holders, callbacks)
}

func claimRepeated(t *testing.T, l *loop) {
	l.submit(answer("r-1", "C-1", "NPS", 0))
	l.submit(answer("r-2", "C-2", "NPS", 0))
	l.waitFor(2, "PENDING")
	first := l.mustClaim("amina", "request-1")
	again := l.mustClaim("amina", "request-1")
	require.Equal(t, first.ID, again.ID)
	require.Equal(t, first.Holder.Token, again.Holder.Token)
	require.NotEqual(t, first.ID, l.mustClaim("amina", "request-2").ID)
}

func wholeCall(t *testing.T, l *loop) {
	l.submit(answer("r-1", "C-1", "NPS", 0))
	cb := l.mustClaim("amina", "")
	as := func(more object) object {
		o := object{"agentId": "amina", "token": cb.Holder.Token}
		for k, v := range more {
			o[k] = v
		}
		return o
	}
	// Completing before calling is refused, and says what is possible.
	_, code, s := l.act(cb.ID, "complete", as(object{"outcome": "RESOLVED", "rootCause": "delivery", "note": "x"}))
	require.Equal(t, http.StatusBadRequest, code)
	require.Equal(t, "NOT_POSSIBLE_NOW", s.reason())
	require.Contains(t, s.Message, "startAttempt")

	got, code, _ := l.act(cb.ID, "startAttempt", as(nil))
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "ATTEMPTING", got.State)
	got, code, _ = l.act(cb.ID, "endAttempt", as(object{"outcome": "NO_ANSWER"}))
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "PENDING", got.State)
	require.Equal(t, cb.OpenedAt, got.OpenedAt, "the age is kept")
	require.True(t, got.NotBefore.After(time.Now().Add(time.Hour)))
	_, code, _ = l.claim("bruno", "")
	require.Equal(t, http.StatusNotFound, code, "not before its moment")

	// A further answer joins the same callback, whose moment stays.
	l.submit(answer("r-2", "C-2", "NPS", 1))
	cb = l.mustClaim("amina", "")
	_, code, _ = l.act(cb.ID, "startAttempt", as(nil))
	require.Equal(t, http.StatusOK, code)
	got, code, _ = l.act(cb.ID, "endAttempt", as(object{"outcome": "REACHED"}))
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "WRAPPING", got.State)
	_, code, s = l.act(cb.ID, "complete", as(object{"outcome": "RESOLVED"}))
	require.Equal(t, http.StatusBadRequest, code)
	require.ElementsMatch(t, []string{"rootCause", "note"}, s.fields())
	done := as(object{"outcome": "RESOLVED", "rootCause": "responsiveness_after_sales", "note": "Excuses, nouvelle livraison demain."})
	got, code, _ = l.act(cb.ID, "complete", done)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "COMPLETED", got.State)
	_, code, _ = l.act(cb.ID, "complete", done)
	require.Equal(t, http.StatusOK, code, "a repeat is answered alike")

	// The next bad answer opens the customer's second callback.
	l.submit(answer("r-3", "C-2", "NPS", 2))
	require.Equal(t, cb.ID[:len(cb.ID)-1]+"2", l.waitForReason("r-3").ID)
}

func staleToken(t *testing.T, l *loop) {
	l.submit(answer("r-1", "C-1", "NPS", 0))
	old := l.mustClaim("amina", "")
	_, code, _ := l.act(old.ID, "release", object{"agentId": "amina", "token": old.Holder.Token, "reason": "end of shift"})
	require.Equal(t, http.StatusOK, code)
	fresh := l.mustClaim("bruno", "")
	require.Equal(t, old.ID, fresh.ID)
	require.Equal(t, old.OpenedAt, fresh.OpenedAt)
	_, code, s := l.act(old.ID, "startAttempt", object{"agentId": "amina", "token": old.Holder.Token})
	require.Equal(t, http.StatusConflict, code)
	require.Equal(t, "STALE_TOKEN", s.reason())
	_, code, s = l.act(old.ID, "startAttempt", object{"agentId": "amina"})
	require.Equal(t, http.StatusConflict, code)
	require.Equal(t, "NOT_HOLDER", s.reason())
}

func indexWiped(t *testing.T, l *loop) {
	const callbacks = 20
	for i := range callbacks {
		l.submit(answer(name("r", i), name("C", i), "NPS", 0))
	}
	l.waitFor(callbacks, "PENDING")
	held := l.mustClaim("amina", "before")
	l.wipeIndex()
	require.Equal(t, held.ID, l.mustClaim("amina", "before").ID, "what was held stays held")
	got := map[string]bool{held.ID: true}
	for i := range callbacks - 1 {
		got[l.mustClaim("bruno", name("request", i)).ID] = true
	}
	require.Len(t, got, callbacks)
}

func rosterKept(t *testing.T, l *loop) {
	agent := object{"id": "amina", "languages": []any{"fr"}, "queues": []any{object{"queue": "default", "preference": 2.0}}, "capacity": 2.0}
	require.Equal(t, http.StatusOK, post(l.queue.url()+"/v1/agents?by=sam", agent, nil))
	l.restartQueue() // kill -9
	var got object
	require.Equal(t, http.StatusOK, get(l.queue.url()+"/v1/agents/amina", &got))
	require.Equal(t, object{"agent": agent, "revision": "1", "presence": object{"status": "OFFLINE"}}, got)
	var s status
	require.Equal(t, http.StatusConflict, do(http.MethodDelete, l.queue.url()+"/v1/agents/amina?revision=2", nil, &s))
	require.Equal(t, "STALE_REVISION", s.reason())
	require.Equal(t, http.StatusOK, do(http.MethodDelete, l.queue.url()+"/v1/agents/amina?revision=1", nil, nil))
	require.Equal(t, http.StatusNotFound, get(l.queue.url()+"/v1/agents/amina", &s))
}

func badInput(t *testing.T, l *loop) {
	var s status
	code := post(l.collector.url()+"/v1/responses", object{
		"id": "bad", "survey": "not a token!", "customer": object{"id": "C-1", "phone": "12", "email": "nobody", "timeZone": "Mars/Olympus", "language": "??"},
		"answers": []object{{"metric": "NPS", "value": 11}, {"metric": "GLOOM", "value": 1}, {}}, "submittedAt": "2026-02-31T00:00:00Z", "surprise": 1,
	}, &s)
	require.Equal(t, http.StatusBadRequest, code)
	require.Subset(t, s.fields(), []string{
		"survey", "customer.phone", "customer.email", "customer.timeZone", "customer.language",
		"answers[0].value", "answers[1].metric", "answers[2]", "submittedAt", "surprise",
	})
	for name, body := range map[string]string{
		"not JSON": "{", "an array": "[]", "nothing": "", "NUL": "{\"survey\":\"e\\u0000\"}", "invalid UTF-8": "{\"survey\":\"\xff\"}",
	} {
		code := post(l.collector.url()+"/v1/responses", body, &s)
		require.Equal(t, http.StatusBadRequest, code, name)
	}
	l.settle()
	require.Empty(t, l.callbacks("PENDING"))
}

func batch(t *testing.T, l *loop) {
	var resp struct {
		Results []struct {
			ID        string
			Revision  int
			Duplicate *bool
			Error     *struct {
				Code, Message string
				Fields        []struct{ Field string }
			}
		}
	}
	good := answer("good", "C-1", "NPS", 0)
	code := post(l.collector.url()+"/v1/responses:batch", object{"responses": []object{
		good, answer("bad", "C-2", "NPS", 99), {"survey": 5}, good,
	}}, &resp)
	require.Equal(t, http.StatusOK, code)
	require.Len(t, resp.Results, 4)
	require.Equal(t, "good", resp.Results[0].ID)
	require.False(t, *resp.Results[0].Duplicate)
	require.Equal(t, "INVALID_ARGUMENT", resp.Results[1].Error.Code)
	require.Equal(t, "answers[0].value", resp.Results[1].Error.Fields[0].Field)
	require.NotNil(t, resp.Results[2].Error)
	require.True(t, *resp.Results[3].Duplicate)
	l.waitFor(1, "PENDING")
}

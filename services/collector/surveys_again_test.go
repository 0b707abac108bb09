package collector_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// What is cleared on the page is taken back: a comment, a time, a request to be called.
func TestAnAnswerIsTakenBack(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	path, v := l.invite(knownCustomer), l.visitor()
	last := func() *eventsv1.Response {
		events := l.events()
		return events[len(events)-1].GetResponse()
	}
	a := v.send(path, "step", "1", "q-recommend", "1")
	v.send(path, "step", "2", "q-why", "Mon voisin m'a tout raconté.", "call", "yes", "slot", slotOf(t, a.body, "samedi 21 novembre"))
	require.True(t, last().GetCallbackRequested())
	require.Len(t, last().GetCallbackSlots(), 1)

	l.clock.Advance(time.Minute)
	a = v.send(path, "step", "2", "q-why", "", "call", "yes", "slot", "")
	require.Contains(t, a.body, "Merci")
	require.Len(t, last().GetAnswers(), 1, "the comment is gone")
	require.Empty(t, last().GetCallbackSlots(), "as soon as possible")
	require.True(t, last().GetCallbackRequested())

	l.clock.Advance(time.Minute)
	v.send(path, "step", "2", "q-why", "")
	require.False(t, last().GetCallbackRequested())
	require.False(t, last().GetConsent().GetCallback())
	require.NotContains(t, v.get(path).body, `name="call" value="yes" checked`)
}

// Who corrects a 1 to a 10, and is offered no call any more, waits for none.
func TestACorrectedScoreTakesTheRequestBack(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	path, v := l.invite(knownCustomer), l.visitor()
	v.send(path, "step", "1", "q-recommend", "1")
	v.send(path, "step", "2", "call", "yes")
	l.clock.Advance(time.Minute)
	v.send(path, "step", "1", "q-recommend", "10")
	events := l.events()
	r := events[len(events)-1].GetResponse()
	require.InDelta(t, 10, r.GetAnswers()[0].GetValue(), 0)
	require.False(t, r.GetCallbackRequested())
	require.False(t, r.GetConsent().GetCallback())
}

// An invitation made again under its key is to the same response; another is refused.
func TestAnInvitationIsMadeOnce(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	invite := func(body string) (int, string) {
		a := l.post("/v1/surveys/apres-livraison/invitations", body, "Idempotency-Key", "order-77")
		m := regexp.MustCompile(`"responseId":\s*"([^"]+)"`).FindStringSubmatch(a.body)
		if m == nil {
			return a.code, a.body
		}
		return a.code, m[1]
	}
	code, first := invite(knownCustomer)
	require.Equal(t, 200, code, first)
	code, again := invite(knownCustomer)
	require.Equal(t, 200, code)
	require.Equal(t, first, again)
	code, _ = invite(`{"customer":{"id":"other"}}`)
	require.Equal(t, 409, code)
	a := l.post("/v1/surveys/apres-livraison/invitations", knownCustomer, "Idempotency-Key", "")
	require.Equal(t, 400, a.code)
	require.NotContains(t, l.post("/v1/surveys/apres-livraison/invitations", knownCustomer).body, first)
}

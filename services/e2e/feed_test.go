package e2e

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/proto/feedevent"
	"github.com/rappel-loop/rappel/services/internal/clock"
)

// reader follows the feed as an EventSource does: it comes back, to whoever answers, with the
// last id that it has seen.
type reader struct {
	l      *loop
	query  string
	lastID string
	lines  *bufio.Scanner
	seen   []feedevent.Event
	raw    strings.Builder // all that came, as it came
}

// connect opens the stream, or reports that nobody answers.
func (r *reader) connect(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.l.feed.url()+"/v1/events?"+r.query, http.NoBody)
	if err != nil {
		return false // it does not listen yet
	}
	req.Header.Set("Last-Event-ID", r.lastID)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return false
	}
	r.lines = bufio.NewScanner(resp.Body)
	r.lines.Buffer(nil, 1<<20)
	return true
}

// until reads events up to one of a type, and returns it.
func (r *reader) until(t feedevent.Type) feedevent.Event {
	r.l.t.Helper()
	ctx, cancel := context.WithTimeout(r.l.t.Context(), 2*eventually)
	defer cancel()
	id := ""
	for ctx.Err() == nil {
		if r.lines == nil || !r.lines.Scan() {
			r.lines = nil
			if !r.connect(ctx) {
				_ = clock.Sleep(ctx, 50*time.Millisecond) // as an EventSource does; the loop looks at ctx
			}
			continue
		}
		line := r.lines.Text()
		if v, ok := strings.CutPrefix(line, "id: "); ok {
			id = v
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			e, err := feedevent.Decode([]byte(data))
			require.NoError(r.l.t, err)
			r.raw.WriteString(data)
			r.seen, r.lastID = append(r.seen, e), id
			if e.Type == t {
				return e
			}
		}
	}
	require.Fail(r.l.t, "not told in time", "%s; told: %v", t, r.types())
	return feedevent.Event{}
}

func (r *reader) types() []feedevent.Type {
	var all []feedevent.Type
	for _, e := range r.seen {
		all = append(all, e.Type)
	}
	return all
}

// furious is what somebody writes whose words are to come out as labels, and not as words.
const furious = "Livraison lamentable, trois semaines de retard, incompétents ! Remboursez-moi, mon avocat va saisir le tribunal."

// saidInLabels: what was found in the words is told, of the answer and of the callback.
func (r *reader) saidInLabels(opened *feedevent.Callback) {
	r.l.t.Helper()
	var scored *feedevent.Response
	for scored == nil { // before the callback or after: there is no order between the two
		for _, e := range r.seen {
			if e.Type == feedevent.ResponseScored {
				scored = e.Data.(*feedevent.Response)
			}
		}
		if scored == nil {
			r.until(feedevent.ResponseScored)
		}
	}
	require.Len(r.l.t, scored.Score.Verbatims, 1)
	v := scored.Score.Verbatims[0]
	require.Equal(r.l.t, []string{"ANALYSED", "fr", "NEGATIVE"}, []string{v.Status, v.Language, v.Sentiment})
	require.Greater(r.l.t, v.Probabilities.Negative, 0.8)
	require.Contains(r.l.t, v.Themes, feedevent.Theme{Dimension: "RESPONSIVENESS_AFTER_SALES", Theme: "delivery_time", Polarity: "NEGATIVE"})
	require.Subset(r.l.t, v.Intents, []string{"LEGAL_THREAT", "REFUND_ASKED"})
	require.NotEmpty(r.l.t, v.Version)
	require.NotEmpty(r.l.t, scored.Score.PriorityParts)
	require.Equal(r.l.t, "NPS 0-10: below 65 is DETRACTOR", scored.Answers[0].Rule)

	reason := opened.Reasons[0]
	require.Equal(r.l.t, v.Sentiment, reason.Sentiment)
	require.Equal(r.l.t, v.Themes, reason.Themes)
	require.Equal(r.l.t, v.Intents, reason.Intents)
	require.Equal(r.l.t, scored.Score.Priority, reason.RecoveryPriority)
}

// wholeLife: a detractor's story is read from the feed, across a kill of it.
func wholeLife(t *testing.T, l *loop) {
	r := &reader{l: l, query: "from=beginning"}
	a := answer("order-4711", "C-1", "NPS", 2)
	a["customer"] = object{"id": "C-1", "name": "Camille Exemple", "phone": "06 39 98 12 34"}
	a["answers"] = append(a["answers"].([]object), object{"verbatim": "Camille Exemple attend toujours. " + furious})
	l.submit(a)
	opened := r.until(feedevent.CallbackOpened)
	cb := l.mustClaim("amina", "")
	require.Equal(t, cb.ID, opened.Subject)
	require.Equal(t, []string{"e2e"}, opened.Data.(*feedevent.Callback).Surveys)
	r.saidInLabels(opened.Data.(*feedevent.Callback))
	r.until(feedevent.CallbackClaimed)
	l.feed.restart(l.feed.env...) // kill -9
	for _, step := range []struct {
		verb string
		body object
	}{
		{"startAttempt", object{}},
		{"endAttempt", object{"outcome": "REACHED"}},
		{"complete", object{"outcome": "RESOLVED", "rootCause": "delivery of Exemple", "note": "x", "gesture": object{"kind": "voucher", "cents": 1500}}},
	} {
		step.body["agentId"] = "amina"
		_, code, s := l.act(cb.ID, step.verb, step.body)
		require.Equal(t, http.StatusOK, code, "%s: %v", step.verb, s)
	}
	r.until(feedevent.FollowUpAsked)
	l.submit(object{"id": "f-1", "survey": "apres-rappel", "callbackId": cb.ID, "answers": []object{{"metric": "NPS", "value": 9}}})
	last := r.until(feedevent.FollowedUp).Data.(*feedevent.Callback)
	require.Equal(t, []float64{20, 90}, []float64{*last.Recovery.Before, *last.Recovery.After})
	require.Equal(t, "voucher", last.Goodwill.Kind)
	require.Empty(t, last.RootCause, "free words are not told")

	// One customer's events of one stream are in its order, each once.
	var callbacks, answers, found []feedevent.Type
	var decided []feedevent.SLAOutcome
	ids := map[string]bool{}
	for _, e := range r.seen {
		require.False(t, ids[e.ID], "told twice: %s", e.Type)
		ids[e.ID] = true
		switch data := e.Data.(type) {
		case *feedevent.Callback:
			callbacks = append(callbacks, e.Type)
			require.EqualValues(t, len(callbacks), data.EventNo)
			require.Equal(t, cb.ID[:26], e.PartitionKey)
			decided = append(decided, data.SLAOutcomes...)
		case *feedevent.Response:
			if e.Type == feedevent.ResponseReceived {
				answers = append(answers, e.Type)
			}
		case *feedevent.Alert:
			found = append(found, e.Type)
			require.Equal(t, "detractor", data.Rule)
		}
	}
	require.Equal(t, []feedevent.Type{
		feedevent.CallbackOpened, feedevent.CallbackClaimed, feedevent.CallbackAttemptStarted, feedevent.CallbackAttempted,
		feedevent.CallbackCompleted, feedevent.FollowUpAsked, feedevent.FollowedUp,
	}, callbacks)
	require.Equal(t, []feedevent.SLAOutcome{{
		Target: "FIRST_ATTEMPT", Kept: true, Queue: "default", AgentKey: last.AgentKey, DueAt: last.SLA.FirstAttempt.DueAt,
	}}, decided)
	for _, word := range append(strings.Fields(furious), "Exemple", "Camille", "4711", "39 98", "amina") {
		if word = strings.Trim(word, ".,!"); len(word) > 3 { // "de" stands in many a name
			require.NotContains(t, r.raw.String(), word)
		}
	}
	require.NotEmpty(t, answers)
	require.NotEmpty(t, found)

	// And again from the beginning: the same story.
	again := &reader{l: l, query: "from=beginning&types=callback_completed"}
	require.Equal(t, cb.ID, again.until(feedevent.CallbackCompleted).Subject)
}

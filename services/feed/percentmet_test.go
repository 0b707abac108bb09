package feed_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/rappel-loop/rappel/proto/feedevent"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
)

// met is how many promises were made, and what part of them was kept, in percent.
type met struct {
	Promises   int     `json:"promises"`
	PercentMet float64 `json:"percentMet"`
}

// decided stores an event of a customer's callback that decides promises.
func (l loop) decided(customer int, no uint64, what eventsv1.CallbackEvent_Type, outcomes ...*eventsv1.SLAOutcome) {
	l.Helper()
	e := &eventsv1.CallbackEvent{
		EventId: fmt.Sprintf("d-%d-%d", customer, no), EventNo: no, Type: what, OccurredAt: timestamppb.New(now),
		CustomerKey: key(customer), Callback: &eventsv1.Callback{Id: key(customer) + "-1", Queue: "elsewhere by now"}, SlaOutcomes: outcomes,
	}
	l.put(subject.Callback(subject.BucketOf(key(customer)), key(customer)), e.GetEventId(), e)
}

// counted is percent met of events, by target and whatever else is asked for. Each event counts
// once, however often it came.
func counted(events []feedevent.Event, by func(feedevent.SLAOutcome) string) map[string]met {
	promises, kept, seen := map[string]int{}, map[string]int{}, map[string]bool{}
	for _, e := range events {
		cb, ok := e.Data.(*feedevent.Callback)
		if !ok || seen[e.ID] {
			continue
		}
		seen[e.ID] = true
		for _, o := range cb.SLAOutcomes {
			of := o.Target + " " + by(o)
			promises[of]++
			if o.Kept {
				kept[of]++
			}
		}
	}
	all := map[string]met{}
	for of, n := range promises {
		all[of] = met{Promises: n, PercentMet: 100 * float64(kept[of]) / float64(n)}
	}
	return all
}

// Percent met by queue, team and agent is counted from the feed alone, as docs/feed.md says.
func TestPercentMetIsCountedFromTheFeed(t *testing.T) {
	t.Parallel()
	r := setup(t)
	of := func(target eventsv1.SLA_Target, kept bool, queue, team, agent string) *eventsv1.SLAOutcome {
		return &eventsv1.SLAOutcome{Target: target, Kept: kept, Queue: queue, Team: team, AgentId: agent, DueAt: timestamppb.New(now)}
	}
	const first, whole = eventsv1.SLA_FIRST_ATTEMPT, eventsv1.SLA_RESOLUTION
	r.happened(1, 1, eventsv1.CallbackEvent_OPENED, "care")
	r.decided(1, 2, eventsv1.CallbackEvent_ATTEMPT_ENDED, of(first, true, "care", "lille", "amina"))
	r.decided(1, 3, eventsv1.CallbackEvent_COMPLETED, of(whole, true, "care", "lille", "amina"))
	r.decided(1, 9, eventsv1.CallbackEvent_COMPLETED, of(whole, false, "care", "lille", "bruno")) // reopened in between
	r.decided(2, 2, eventsv1.CallbackEvent_SLA_BREACHED, of(first, false, "care", "", ""))
	r.decided(3, 2, eventsv1.CallbackEvent_ATTEMPT_ENDED, of(first, true, "care", "lyon", "bruno"))
	r.decided(4, 2, eventsv1.CallbackEvent_COMPLETED, of(first, true, "legal", "lille", "amina"), of(whole, true, "legal", "lille", "amina"))
	r.decided(5, 2, eventsv1.CallbackEvent_CANCELED) // what was promised came to nothing
	r.settled()

	events := r.told()
	agents := map[string]string{"": ""}
	for _, e := range events {
		cb := e.Data.(*feedevent.Callback)
		for _, o := range cb.SLAOutcomes {
			require.NotContains(t, []string{"amina", "bruno"}, o.AgentKey)
			if o.Queue == "legal" {
				agents[o.AgentKey] = "amina"
			} else if _, ok := agents[o.AgentKey]; !ok {
				agents[o.AgentKey] = "another"
			}
		}
	}
	require.Len(t, agents, 3)
	twice := append(events, events...) // at least once
	byQueue := map[string]met{"FIRST_ATTEMPT care": {3, 200.0 / 3}, "FIRST_ATTEMPT legal": {1, 100}, "RESOLUTION care": {2, 50}, "RESOLUTION legal": {1, 100}}
	require.Equal(t, byQueue, counted(twice, func(o feedevent.SLAOutcome) string { return o.Queue }))
	require.Equal(t, map[string]met{
		"FIRST_ATTEMPT ": {1, 0}, "FIRST_ATTEMPT lille": {2, 100}, "FIRST_ATTEMPT lyon": {1, 100}, "RESOLUTION lille": {3, 200.0 / 3},
	}, counted(twice, func(o feedevent.SLAOutcome) string { return o.Team }))
	require.Equal(t, map[string]met{
		"FIRST_ATTEMPT ": {1, 0}, "FIRST_ATTEMPT amina": {2, 100}, "FIRST_ATTEMPT another": {1, 100}, "RESOLUTION amina": {2, 100}, "RESOLUTION another": {1, 0},
	}, counted(twice, func(o feedevent.SLAOutcome) string { return agents[o.AgentKey] }))

	t.Run("as printed", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, byQueue, countedAsPrinted(t, twice))
	})
}

// countedAsPrinted counts with the recipe of docs/feed.md.
func countedAsPrinted(t *testing.T, events []feedevent.Event) map[string]met {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "feed.md"))
	require.NoError(t, err)
	recipe := regexp.MustCompile(`(?s)jq -s '(unique_by[^']*)'`).FindSubmatch(page)
	require.NotNil(t, recipe, "docs/feed.md has the recipe")
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skip("there is no jq here to run it with")
	}
	var lines strings.Builder
	for _, e := range events {
		body, err := json.Marshal(e)
		require.NoError(t, err)
		lines.Write(append(body, '\n'))
	}
	jq := exec.CommandContext(t.Context(), "jq", "-s", string(recipe[1]))
	jq.Stdin = strings.NewReader(lines.String())
	out, err := jq.Output()
	require.NoError(t, err)
	var rows []struct {
		Target, Queue string
		met
	}
	require.NoError(t, json.Unmarshal(out, &rows))
	all := map[string]met{}
	for _, row := range rows {
		all[row.Target+" "+row.Queue] = row.met
	}
	return all
}

package callbackqueue_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	callbackqueue "github.com/rappel-loop/rappel/services/callback-queue"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// A promise from the configuration to what supervisors see, through a warning and
// a breach that nobody had to ask for.
func TestAPromiseIsWatched(t *testing.T) {
	t.Parallel()
	cfg := callbackqueue.DefaultConfig()
	cfg.SLAs = []callbackqueue.SLA{{
		Name: "gold", FirstAttemptWithin: 4 * time.Hour, WarnAt: "50%",
		Steps: []callbackqueue.SLAStep{{When: "first_attempt_breach", Points: 30, Notify: "team_lead"}},
	}}
	b := configured(t, testkit.Bus(t), cfg).ready()
	b.open(1)
	b.open(2)
	b.settled()
	list := func(query string) (ids []any) {
		code, got := b.get("/v1/callbacks?" + query)
		require.Equal(t, http.StatusOK, code, "%v", got)
		all, _ := got["callbacks"].([]any)
		for _, cb := range all {
			ids = append(ids, cb.(object)["id"])
		}
		return ids
	}
	queue := func() object {
		_, got := b.get("/v1/queues")
		return got["queues"].([]any)[0].(object)
	}
	require.ElementsMatch(t, []any{id(1), id(2)}, list("slaStates=ON_TRACK"))
	b.clock.Advance(2 * time.Hour)
	b.until("it shows", func() bool { return queue()["atRisk"] == "2" })
	require.ElementsMatch(t, []any{id(1), id(2)}, list("slaStates=AT_RISK"))

	// The customer of one of them asks for another time: its clock stands still.
	at := b.clock.Now().Add(10 * time.Hour).UTC().Format(time.RFC3339)
	code, got := b.post("/v1/callbacks/"+id(2)+":reschedule", `{"notBefore":"`+at+`","customerAsked":true,"by":"sam"}`)
	require.Equal(t, http.StatusOK, code, "%v", got)
	require.Equal(t, at, got["callback"].(object)["sla"].(object)["pausedUntil"])

	b.clock.Advance(2 * time.Hour)
	b.until("it shows", func() bool { return queue()["breached"] == "1" && queue()["atRisk"] == "1" })
	require.Equal(t, []any{id(1)}, list("slaStates=BREACHED"))
	b.until("it shows", func() bool {
		_, got := b.get("/v1/callbacks/" + id(1))
		escalated, _ := got["callback"].(object)["escalated"].(object)
		return escalated["role"] == "team_lead"
	})
	code, got = b.get("/v1/callbacks?slaStates=NICE&slaStates=BREACHED")
	require.Equal(t, http.StatusBadRequest, code, "%v", got)
}

// Text is found whatever its capitals and accents.
func TestCallbacksAreFoundByWhatTheCustomerWrote(t *testing.T) {
	t.Parallel()
	b := configured(t, testkit.Bus(t), callbackqueue.DefaultConfig()).ready()
	b.open(1)
	b.open(2)
	b.settled()
	for text, want := range map[string]int{"LIVRE": 2, "livr%C3%A9": 2, "remboursement": 0} {
		_, got := b.get("/v1/callbacks?text=" + text)
		all, _ := got["callbacks"].([]any)
		require.Len(t, all, want, text)
	}
}

func TestEveryMistakeOfAnSLAIsNamed(t *testing.T) {
	t.Parallel()
	cfg := callbackqueue.DefaultConfig()
	cfg.WarnAt = "most"
	cfg.SLAs = []callbackqueue.SLA{
		{Name: "a b"},
		{
			Name: "gold", Queues: []string{"x y"}, Severities: []string{"bad"}, FirstAttemptWithin: -1, WarnAt: "100%",
			Steps: []callbackqueue.SLAStep{
				{When: "breach", Points: 200},
				{When: "resolution_breach", OnlySkills: []string{"billing:99"}, AnySkills: true, Queue: "x y", Notify: "a b", After: -1},
				{When: "first_attempt_breach"},
			},
		},
		{Name: "gold"},
	}
	err := cfg.Validate()
	for _, want := range []string{
		"warn_at: must be 0% to 99%", "slas[0].name: ", `slas.gold.queues: "x y"`, `slas.gold.severities: "bad"`,
		"slas.gold.first_attempt_within: ", "slas.gold.warn_at: ", "slas.gold.steps[0].when: must be", "slas.gold.steps[0].points: ",
		"slas.gold.steps[1].when: no resolution is promised", `slas.gold.steps[1].only_skills: "billing:99"`, "slas.gold.steps[1].any_skills: ",
		"slas.gold.steps[1].queue: ", "slas.gold.steps[1].notify: ", "slas.gold.steps[1].after: ", "slas.gold.steps[2].points: or only_skills",
		"slas.gold: is there twice",
	} {
		require.ErrorContains(t, err, want)
	}
}

package callbackqueue_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	callbackqueue "github.com/rappel-loop/rappel/services/callback-queue"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// answer is one to a follow-up survey, from somebody who did not say who they are.
func answer(about string, revision uint32, class eventsv1.Class, satisfaction float64) *eventsv1.FollowUpAnswered {
	s := scored(99, revision)
	s.Received.Response.CallbackId, s.Received.Response.Survey, s.Received.Response.Customer = about, "apres-rappel", nil
	s.Score = &eventsv1.Score{Answers: []*eventsv1.AnswerScore{{Metric: eventsv1.Metric_NPS, Class: class, Satisfaction: satisfaction}}}
	return &eventsv1.FollowUpAnswered{EventId: "f-99", AnsweredAt: timestamppb.New(t0), Scored: s}
}

// A completed callback asks how it went; what the customer answers is linked to it,
// and a second bad score reopens it, whatever order the events come in.
func TestHowItWent(t *testing.T) {
	t.Parallel()
	cfg := callbackqueue.DefaultConfig()
	cfg.FollowUp = callbackqueue.FollowUp{Survey: "apres-rappel", After: time.Hour}
	b := configured(t, testkit.Bus(t), cfg).ready()
	show := func(n int) object {
		_, got := b.get("/v1/callbacks/" + id(n))
		return got["callback"].(object)
	}
	for n := 1; n <= 3; n++ {
		b.open(n)
	}
	b.settled()
	for range 3 {
		_, got := b.post("/v1/callbacks:claim", `{"agentId":"amina"}`)
		b.finish("amina", got["callback"].(object)["id"].(string))
	}
	require.NotContains(t, show(1)["followUp"], "askedAt")
	b.clock.Advance(time.Hour)
	b.until("the customers are asked", func() bool {
		f, _ := show(1)["followUp"].(object)
		return f["survey"] == "apres-rappel" && f["askedAt"] != nil
	})

	b.alert(99, "m-f1", answer(id(1), 1, eventsv1.Class_PROMOTER, 90))
	b.settled()
	recovery := show(1)["recovery"].(object)
	require.Equal(t, []any{"NPS", 20.0, 90.0}, []any{recovery["metric"], recovery["before"], recovery["after"]})
	require.Equal(t, "COMPLETED", show(1)["state"])

	b.alert(99, "m-f2", answer(id(2), 1, eventsv1.Class_DETRACTOR, 0))
	b.settled()
	require.Equal(t, "PENDING", show(2)["state"])
	require.Equal(t, "follow-up", show(2)["reopened"].(object)["by"])

	// The rules' alert about the same answer, whose customer is nameless, finds the
	// customer who was called.
	alarm := raised(99, "a-99")
	alarm.Scored = answer(id(3), 1, eventsv1.Class_DETRACTOR, 0).GetScored()
	b.alert(99, "m-a99", alarm)
	b.settled()
	third := show(3)
	require.Equal(t, []any{"PENDING", 2}, []any{third["state"], len(third["reasons"].([]any))})
	require.Equal(t, "Camille Inventée", third["customer"].(object)["name"])
	code, _ := b.get("/v1/callbacks/" + id(99))
	require.Equal(t, http.StatusNotFound, code, "nobody else was opened a callback")

	// Corrected, it counts no more; it was reopened, so somebody decides.
	b.alert(99, "m-r99", &eventsv1.AlertResolved{AlertId: "a-99", Scored: answer(id(3), 2, eventsv1.Class_PROMOTER, 100).GetScored()})
	b.settled()
	require.Equal(t, true, show(3)["reasons"].([]any)[1].(object)["withdrawn"])

	// What is answered about a callback that the next has followed is linked to it.
	b.alert(1, "m-next", raised(1, "a-next"))
	b.alert(99, "m-f5", answer(id(1), 5, eventsv1.Class_PASSIVE, 55))
	b.settled()
	require.InEpsilon(t, 55.0, show(1)["recovery"].(object)["after"], 1e-9)

	// Answers about nothing that there is stop nobody.
	b.alert(99, "m-f3", answer(id(77), 1, eventsv1.Class_DETRACTOR, 0))
	b.alert(99, "m-f4", answer("nonsense", 1, eventsv1.Class_DETRACTOR, 0))
	b.settled()
	require.Empty(t, b.stored(subject.DeadLetters))
}

// The customer's slot is waited for, and the next after it.
func TestTheCustomersSlots(t *testing.T) {
	t.Parallel()
	b := configured(t, testkit.Bus(t), callbackqueue.DefaultConfig()).ready()
	at := func(hours int) *timestamppb.Timestamp {
		return timestamppb.New(t0.Add(time.Duration(hours) * time.Hour))
	}
	alarm := raised(1, "a-1")
	alarm.Scored.Received.Response.CallbackSlots = []*eventsv1.Slot{{From: at(24), To: at(26)}, {From: at(2), To: at(4)}}
	b.alert(1, "m-1", alarm)
	b.settled()
	ready := func() any {
		_, got := b.get("/v1/callbacks/" + id(1))
		return got["standing"].(object)["readyAt"]
	}
	require.Equal(t, "2026-11-20T11:30:00Z", ready())
	b.clock.Advance(4 * time.Hour)
	b.until("the next slot is waited for", func() bool { return ready() == "2026-11-21T09:30:00Z" })
	b.clock.Advance(20 * time.Hour)
	code, got := b.post("/v1/callbacks:claim", `{"agentId":"amina"}`)
	require.Equal(t, http.StatusOK, code, "%v", got)
}

// What an agent gives is bounded by their role, which the roster knows.
func TestGesturesWithinTheRole(t *testing.T) {
	t.Parallel()
	cfg := callbackqueue.DefaultConfig()
	cfg.AgentsFile = filepath.Join(t.TempDir(), "agents.yaml")
	require.NoError(t, os.WriteFile(cfg.AgentsFile, []byte("agents:\n  - {id: amina, role: junior}\n  - {id: bruno, role: senior}\n"), 0o600))
	cfg.Goodwill.Roles = map[string]callbackqueue.GoodwillLimit{"junior": {UpTo: 19.99, Kinds: []string{"voucher"}}, "senior": {UpTo: 100}}
	b := configured(t, testkit.Bus(t), cfg).ready()
	b.open(1)
	b.settled()
	complete := func(agent, gesture string) (int, object) {
		return b.post("/v1/callbacks/"+id(1)+":complete",
			`{"agentId":"`+agent+`","outcome":"RESOLVED","rootCause":"late","note":"refund","gesture":`+gesture+`}`)
	}
	b.post("/v1/callbacks:claim", `{"agentId":"amina"}`)
	b.post("/v1/callbacks/"+id(1)+":startAttempt", `{"agentId":"amina"}`)
	b.post("/v1/callbacks/"+id(1)+":endAttempt", `{"agentId":"amina","outcome":"REACHED"}`)
	code, got := complete("amina", `{"kind":"voucher","cents":2000}`)
	require.Equal(t, []any{http.StatusForbidden, "GOODWILL_LIMIT"}, []any{code, reason(got)})
	require.Contains(t, got["message"], "up to 19.99 EUR as voucher")
	code, got = complete("amina", `{"cents":-5}`)
	require.Equal(t, http.StatusBadRequest, code)
	require.Contains(t, got["message"], "gesture.kind")
	code, got = complete("amina", `{"kind":"voucher","cents":1999}`)
	require.Equal(t, http.StatusOK, code, "%v", got)
	require.Equal(t, object{"kind": "voucher", "cents": "1999", "currency": "EUR"}, got["callback"].(object)["wrapUp"].(object)["gesture"])
}

package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// promised is what noemie was promised: it is time to hurry for the first attempt.
func promised() *eventsv1.SLA {
	return &eventsv1.SLA{
		Policy: "serious", State: eventsv1.SLA_AT_RISK,
		FirstAttempt: &eventsv1.SLA_Clock{DueAt: at(25), WarnAt: at(-2), WarnedAt: at(-2)},
		Resolution:   &eventsv1.SLA_Clock{DueAt: at(840), WarnAt: at(600)},
	}
}

// missed is what became of it when nobody called in time.
func missed() *eventsv1.SLA {
	s := promised()
	s.State = eventsv1.SLA_BREACHED
	s.FirstAttempt = &eventsv1.SLA_Clock{DueAt: at(-15), WarnAt: at(-40), WarnedAt: at(-40), BreachedAt: at(-15)}
	return s
}

// changes make of the callback what some of the tests show.
var changes = map[string]func(*eventsv1.Callback){
	"show-moved": func(cb *eventsv1.Callback) {
		cb.Queue = "experts"
		cb.Moved = &eventsv1.Move{From: "default", At: at(-9), By: "sam", Reason: "question technique"}
		cb.Escalated = &eventsv1.Escalation{Level: 2, Points: 35, Added: 20, At: at(-8), By: "alex", Reason: "presse"}
		cb.Reopened = &eventsv1.Reopening{Times: 1, At: at(-10), By: "sam", Reason: "la panne est revenue"}
	},
	"show-promised": func(cb *eventsv1.Callback) {
		cb.Sla = promised()
		for i, s := range []eventsv1.Severity{eventsv1.Severity_MEDIUM, eventsv1.Severity_CRITICAL, eventsv1.Severity_CRITICAL, eventsv1.Severity_LOW, eventsv1.Severity_HIGH} {
			cb.Reasons[i].Severity = s
		}
	},
	"show-missed":    overdue,
	"show-missed-50": overdue,
	"show-called": func(cb *eventsv1.Callback) { // in time, though the time is over
		cb.Sla = promised()
		cb.Sla.FirstAttempt.DueAt = at(-1)
	},
	"show-called-late": func(cb *eventsv1.Callback) {
		cb.Sla = missed()
		cb.Sla.FirstAttempt.EndedAt = at(-1)
	},
	"show-kept": func(cb *eventsv1.Callback) {
		cb.Sla = missed()
		cb.Sla.FirstAttempt.EndedAt = at(-1)
		cb.Sla.Resolution.EndedAt, cb.Sla.Resolution.Kept = at(0), true
	},
	"show-void": func(cb *eventsv1.Callback) {
		cb.NotBefore, cb.Sla = at(60), promised()
		cb.Sla.PausedUntil = at(60)
		cb.Sla.FirstAttempt.EndedAt, cb.Sla.Resolution.EndedAt = at(0), at(0)
	},
	"show-paused": func(cb *eventsv1.Callback) {
		cb.NotBefore, cb.Sla = at(60), promised()
		cb.Sla.PausedUntil = at(60)
		cb.Sla.FirstAttempt.DueAt = at(180)
	},
	"show-paused-else": func(cb *eventsv1.Callback) {
		cb.Sla = promised()
		cb.Sla.FirstAttempt.EndedAt, cb.Sla.FirstAttempt.Kept = at(-60), true
		cb.Sla.PausedUntil = at(60)
	},
	"show-slots": func(cb *eventsv1.Callback) { // one is over, one under way, and there is one too many to show
		for _, h := range []int{-4, -1, 23, 50, 98} {
			cb.Slots = append(cb.Slots, slot(60*h, 60*h+120))
		}
	},
	"show-slots-here": func(cb *eventsv1.Callback) {
		cb.Customer.TimeZone = ""
		cb.Slots = []*eventsv1.Slot{slot(60, 120), slot(600, 1800), {From: at(3000)}}
	},
	"show-slots-80": func(cb *eventsv1.Callback) {
		cb.NotBefore, cb.Sla = at(180), promised()
		cb.Sla.PausedUntil = at(180)
		cb.Slots = []*eventsv1.Slot{slot(180, 240), slot(1200, 1320), slot(2640, 2760)}
	},
	"show-given": func(cb *eventsv1.Callback) {
		cb.WrapUp.Gesture = &eventsv1.Gesture{Kind: "voucher", Cents: 2005, Currency: "EUR"}
		cb.FollowUp = &eventsv1.FollowUp{Survey: "apres-rappel", AskAt: at(24 * 60)}
		cb.Slots = []*eventsv1.Slot{slot(180, 240)}
	},
	"show-asked-80": func(cb *eventsv1.Callback) {
		cb.WrapUp.Gesture = &eventsv1.Gesture{Kind: "fleurs"}
		cb.FollowUp = &eventsv1.FollowUp{Survey: "apres-rappel", AskAt: at(-60), AskedAt: at(-60)}
		cb.Recovery = recovered(10, 90.4, eventsv1.Class_PROMOTER, "Tout est réglé,\x1b[2J merci.")
	},
	"show-again-80":    stillBad,
	"show-again-alert": func(cb *eventsv1.Callback) { stillBad(cb); cb.Recovery = nil }, // the alert came before the answer
	"show-again-well": func(cb *eventsv1.Callback) { // the customer has corrected the answer since
		stillBad(cb)
		cb.Recovery = recovered(10, 90, eventsv1.Class_PROMOTER, "Le colis vient d'arriver.")
	},
	"show-again-after": func(cb *eventsv1.Callback) { // asked again, after the second call
		stillBad(cb)
		cb.FollowUp = &eventsv1.FollowUp{Survey: "apres-rappel", AskAt: at(24 * 60)}
	},
	"show-step": func(cb *eventsv1.Callback) { // a step that only asks for fewer skills
		cb.Sla = missed()
		cb.Escalated = &eventsv1.Escalation{Level: 1, At: at(-8), By: "timer"}
	},
}

// overdue is what nobody called in time, with the steps that were taken.
func overdue(cb *eventsv1.Callback) {
	cb.Queue, cb.Sla = "retention", missed()
	cb.Moved = &eventsv1.Move{From: "default", At: at(-8), By: "timer"}
	cb.Escalated = &eventsv1.Escalation{Level: 2, Points: 35, Added: 20, At: at(-8), By: "timer", Role: "team_lead"}
}

// Who asks for what was kept asks for closed callbacks; what is at risk or missed is
// looked for where something can still be done, unless states are named.
func TestListAsksHowPromisesStand(t *testing.T) {
	t.Parallel()
	q := newQueue(t, eventsv1.Callback_PENDING)
	e := world(map[string]string{"RAPPEL_SERVER": q.URL})
	const open = "&states=PENDING&states=RESERVED&states=ASSIGNED&states=ATTEMPTING&states=WRAPPING"
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--sla", "at-risk,BREACHED"}, "&slaStates=AT_RISK&slaStates=BREACHED" + open},
		{[]string{"--sla", "on-track"}, "&slaStates=ON_TRACK" + open},
		{[]string{"--sla", "kept"}, "&slaStates=KEPT"},
		{[]string{"--sla", "kept", "--sla", "breached"}, "&slaStates=KEPT&slaStates=BREACHED"},
		{[]string{"--sla", "breached", "--state", "completed"}, "&slaStates=BREACHED&states=COMPLETED"},
		{[]string{"--state", "all", "--text", "colis & retard"}, "&text=colis+%26+retard"},
	} {
		q.calls = nil
		_, _, err := run(t, e, callbacksCommand, append([]string{"callbacks", "list", "--limit", "1"}, c.args...)...)
		require.NoError(t, err)
		require.Equal(t, []string{"GET /v1/callbacks?pageSize=1" + c.want}, q.calls)
	}
}

// A clock that rings while the agent talks takes two lines of the screen, not a
// whole card.
func TestAClockRingsAtWork(t *testing.T) {
	t.Parallel()
	for lang := range map[string]*words{"fr": &french, "en": &english} {
		s := &shift{desk: newDesk(world(map[string]string{"LANG": lang}).on(80), "work"), cmd: &cobra.Command{}}
		s.group, s.agent = "callbacks", "amina"
		hears := func(change func(*eventsv1.Callback)) string {
			cb := noemie()
			cb.State, cb.Holder, cb.Sla = eventsv1.Callback_ASSIGNED, &eventsv1.Holder{AgentId: "amina"}, promised()
			change(cb)
			return s.told(&callbackv1.WorkCallbacksResponse{Message: &callbackv1.WorkCallbacksResponse_Update_{Update: &callbackv1.WorkCallbacksResponse_Update{Callback: cb}}})
		}
		require.Contains(t, hears(func(cb *eventsv1.Callback) { cb.Sla.FirstAttempt.WarnedAt = nil }), s.w.Arrived)
		out := hears(func(*eventsv1.Callback) {})
		out += hears(func(cb *eventsv1.Callback) { cb.Sla = missed() })
		out += hears(func(cb *eventsv1.Callback) {
			cb.Sla = missed()
			cb.Sla.NextAt = at(600)
			cb.Escalated = &eventsv1.Escalation{Level: 1, Points: 20, Added: 20, At: at(0), By: "timer", Role: "team_lead"}
		})
		golden(t, "work-rang."+lang, strings.ReplaceAll(out, "\x1b", "␛"))
		require.Contains(t, hears(func(cb *eventsv1.Callback) { cb.Sla, cb.MoreReasons = missed(), 3 }), s.w.Changed, "its customer has said more, too")
		require.Contains(t, hears(func(cb *eventsv1.Callback) {
			cb.MoreReasons, cb.Recovery = 3, recovered(10, 0, eventsv1.Class_DETRACTOR, "Non.")
		}), s.w.Changed, "and has answered how it went")
	}
}

package alert_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

const fallbackRules = `version: test
rules:
  - {name: low, severity: low, when: nps.class == Class.DETRACTOR, callback: {queue: care, priority: 10, skills: [billing]}, fallback: [busy, calm]}
  - {name: high, severity: high, when: nps.class == Class.DETRACTOR, callback: {queue: care, priority: 80, skills: [billing]}, fallback: [busy, calm]}
  - {name: none, when: nps.class == Class.DETRACTOR, callback: {queue: care, priority: 10}}
fallbacks:
  - {name: busy, queue: care, begins_above: 4h, ends_below: 2h, raise_bar: {severity: high}, acknowledge_customer: {receiver: mail}}
  - {name: calm, queue: care, begins_above: 1h, ends_below: 30m, drop_skills: true, acknowledge_customer: {receiver: sms}}
`

// under decides a response while these fallbacks apply.
func under(t *testing.T, e *eventsv1.ResponseScored, applies ...string) map[string]alert.Event {
	t.Helper()
	set, err := rule.Load("test.yaml", []byte(fallbackRules), rule.Options{})
	require.NoError(t, err)
	events, failures, err := alert.Decide(set, e, nil)
	require.NoError(t, err)
	require.Empty(t, failures)
	require.NoError(t, alert.Fallbacks(set, e, nil, events, func(name string) bool {
		for _, a := range applies {
			if a == name {
				return true
			}
		}
		return false
	}))
	byRule := map[string]alert.Event{}
	for _, e := range events {
		byRule[e.Rule] = e
	}
	return byRule
}

func plan(e alert.Event) (queue string, skills []string, fallback string) {
	m := e.Body.(*eventsv1.AlertRaised)
	return m.GetCallback().GetQueue(), m.GetCallback().GetSkills(), m.GetFallback()
}

func TestFallbacksChangeThePlansOfTheirRules(t *testing.T) {
	t.Parallel()
	e := scored(revision(1, answers{}), answers{nps: 2})
	for name, tc := range map[string]struct {
		applies        []string
		rule           string
		queue          string
		skills         []string
		fallback, tell string
	}{
		"none applies":                       {nil, "low", "care", []string{"billing"}, "", ""},
		"held back":                          {[]string{"busy"}, "low", "", nil, "busy", "mail"},
		"above the bar it will wait":         {[]string{"busy"}, "high", "care", []string{"billing"}, "", "mail"},
		"the first that changes something":   {[]string{"busy", "calm"}, "low", "", nil, "busy", "mail"},
		"the first changes nothing, the two": {[]string{"busy", "calm"}, "high", "care", nil, "calm", "mail"},
		"changed":                            {[]string{"calm"}, "low", "care", nil, "calm", "sms"},
		"a rule that names none":             {[]string{"busy", "calm"}, "none", "care", nil, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			events := under(t, e, tc.applies...)
			require.Len(t, events, 3, "each is raised all the same")
			queue, skills, fallback := plan(events[tc.rule])
			require.Equal(t, tc.queue, queue)
			require.Equal(t, tc.skills, skills)
			require.Equal(t, tc.fallback, fallback)
			require.Equal(t, tc.tell, events[tc.rule].Heard.Receiver)
		})
	}
}

// The first revision is held back; the fallback ends; the next one asks for the callback.
func TestALaterRevisionHasThePlanThatHoldsThen(t *testing.T) {
	t.Parallel()
	first := under(t, scored(revision(1, answers{}), answers{nps: 2}), "busy")["low"]
	second := under(t, scored(revision(2, answers{nps: 2}), answers{nps: 1}))["low"]
	require.Nil(t, first.Body.(*eventsv1.AlertRaised).GetCallback())
	require.NotNil(t, second.Body.(*eventsv1.AlertRaised).GetCallback())
	require.Equal(t, first.Body.(*eventsv1.AlertRaised).GetAlertId(), second.Body.(*eventsv1.AlertRaised).GetAlertId())
	require.NotEqual(t, first.ID, second.ID)
	again := under(t, scored(revision(1, answers{}), answers{nps: 2}))["low"]
	require.Equal(t, first.ID, again.ID, "the revision's id says nothing of fallbacks")
}

// Who was called for the first revision already is not told that they will wait.
func TestOnlyAlertsThatBeginAreAcknowledged(t *testing.T) {
	t.Parallel()
	second := under(t, scored(revision(2, answers{nps: 2}), answers{nps: 1}), "busy")["low"]
	require.Zero(t, second.Heard)
	require.Equal(t, "busy", second.Body.(*eventsv1.AlertRaised).GetFallback())
	begins := under(t, scored(revision(2, answers{nps: 9}), answers{nps: 1}), "busy")["low"]
	require.Equal(t, alert.Heard{Fallback: "busy", Receiver: "mail"}, begins.Heard)
}

// The process died between storing the alert and acknowledging it, and the fallback ended.
func TestWhatIsStoredDecidesWhoIsAcknowledged(t *testing.T) {
	t.Parallel()
	e := scored(revision(1, answers{}), answers{nps: 2})
	stored := under(t, e, "busy")["low"].Body.(*eventsv1.AlertRaised)
	now := under(t, e)["low"]
	require.True(t, now.MayFallBack())
	require.Zero(t, now.Heard)
	require.Equal(t, alert.Heard{Fallback: "busy", Receiver: "mail"}, now.StoredAs(stored).Heard)
	require.Zero(t, now.StoredAs(now.Body.(*eventsv1.AlertRaised)).Heard)
	require.False(t, under(t, e)["none"].MayFallBack())
}

// What an ended fallback held back is decided by what holds then.
func TestWhatWasHeldBackIsRaisedAgain(t *testing.T) {
	t.Parallel()
	set, err := rule.Load("test.yaml", []byte(fallbackRules), rule.Options{})
	require.NoError(t, err)
	held := under(t, scored(revision(1, answers{}), answers{nps: 2}), "busy")["low"].Body.(*eventsv1.AlertRaised)
	ended := &eventsv1.FallbackChanged{EventId: "busy-2", Name: "busy", At: timestamppb.New(receivedAt.Add(time.Hour))}
	again := func(held *eventsv1.AlertRaised, applies string) (alert.Event, bool) {
		return alert.Afterwards(set, held, ended, func(name string) bool { return name == applies })
	}
	e, ok := again(held, "")
	require.True(t, ok)
	require.Equal(t, held.GetEventId()+"-busy-2", e.ID)
	queue, skills, fallback := plan(e)
	require.Equal(t, []any{"care", []string{"billing"}, ""}, []any{queue, skills, fallback})
	require.Equal(t, receivedAt.Add(time.Hour), e.Body.(*eventsv1.AlertRaised).GetRaisedAt().AsTime())
	require.Zero(t, e.Heard)
	e, ok = again(held, "calm")
	require.True(t, ok)
	queue, skills, fallback = plan(e)
	require.Equal(t, []any{"care", []string(nil), "calm"}, []any{queue, skills, fallback})
	_, ok = again(held, "busy")
	require.False(t, ok, "its next end finds it")
	require.Nil(t, held.GetCallback())
	gone := proto.CloneOf(held)
	gone.Rule = "removed"
	_, ok = again(gone, "")
	require.False(t, ok)
}

// Who was called lately is not called for a fallback's sake, and not told that they were heard:
// the alert says fatigue, and no fallback, whose end would ask for the call.
func TestNoFallbackChangesWhatFatigueHoldsBack(t *testing.T) {
	t.Parallel()
	set, err := rule.Load("test.yaml", []byte("contact: {not_again_within: 7d}\n"+fallbackRules), rule.Options{})
	require.NoError(t, err)
	e := scored(revision(1, answers{}), answers{nps: 2})
	for name, applies := range map[string]string{"holds back": "busy", "drops skills": "calm"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := called(72*time.Hour).of(set, alert.AsOf(e))
			events, failures, err := alert.Decide(set, e, h)
			require.NoError(t, err)
			require.Empty(t, failures)
			require.NoError(t, alert.Fallbacks(set, e, h, events, func(name string) bool { return name == applies }))
			require.Len(t, events, 3)
			require.Equal(t, "low", events[0].Rule)
			m := events[0].Body.(*eventsv1.AlertRaised)
			require.Equal(t, eventsv1.AlertRaised_FATIGUE, m.GetHeldBack())
			require.Nil(t, m.GetCallback())
			require.Empty(t, m.GetFallback())
			require.Zero(t, events[0].Heard)
		})
	}
}

package alert_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// known is a past that is known.
type known struct {
	callbacks rule.Callbacks
	listed    bool
	err       error
}

func (k known) Callbacks() (rule.Callbacks, error)             { return k.callbacks, k.err }
func (k known) Answers(int) ([]*eventsv1.EarlierAnswer, error) { return nil, k.err }
func (k known) DoNotCall() (bool, error)                       { return k.listed, k.err }
func (k known) of(set *rule.Set, asOf time.Time) *rule.History { return rule.NewHistory(k, asOf, set) }

func (k known) at(t *testing.T, set *rule.Set, e *eventsv1.ResponseScored) []string {
	t.Helper()
	events, failures, err := alert.Decide(set, e, k.of(set, alert.AsOf(e)))
	require.NoError(t, err)
	require.Empty(t, failures)
	var out []string
	for _, one := range events {
		switch body := one.Body.(type) {
		case *eventsv1.AlertRaised:
			what := one.Rule + " raised"
			if body.GetCallback() != nil {
				what += " to call"
			}
			if body.GetHeldBack() == eventsv1.AlertRaised_FATIGUE {
				what += " held back"
			}
			out = append(out, what)
		case *eventsv1.AlertResolved:
			out = append(out, one.Rule+" resolved")
		}
	}
	return out
}

// called is somebody who was called for something of medium severity so long ago.
func called(ago time.Duration) known {
	return known{callbacks: rule.Callbacks{Number: 1, LastID: "k-1", Called: receivedAt.Add(-ago), CalledFor: eventsv1.Severity_MEDIUM}}
}

func contact(t *testing.T, rules string) *rule.Set {
	t.Helper()
	set, err := rule.Load("test.yaml", []byte("version: test\ncontact: {not_again_within: 7d}\nrules:\n"+rules), rule.Options{})
	require.NoError(t, err)
	return set
}

// What has come of the response itself is not in its history: a customer who was called for
// a 2 and corrects it to 10 is resolved, however the rule asks.
func TestACorrectionAfterTheCallStillResolves(t *testing.T) {
	t.Parallel()
	set := load(t, "nps.class == Class.DETRACTOR && !history.called_within(7)", "nps.class == Class.DETRACTOR && history.called_within(7)")
	require.Equal(t, []string{"rule_1 raised to call"}, known{}.at(t, set, scored(revision(1, answers{}), answers{nps: 2})))
	require.Equal(t, []string{"rule_1 raised to call"}, known{}.at(t, set, scored(revision(2, answers{nps: 2}), answers{nps: 3})))
	require.Equal(t, []string{"rule_1 resolved"}, known{}.at(t, set, scored(revision(3, answers{nps: 3}), answers{nps: 10})))
	require.Equal(t, []string{"rule_2 resolved"}, called(time.Hour).at(t, set, scored(revision(2, answers{nps: 2}), answers{nps: 10})))
}

// The list is as of now. What was raised before the customer was on it, or off it, is
// resolved all the same.
func TestAListThatChangesBetweenRevisions(t *testing.T) {
	t.Parallel()
	set := load(t, "nps.class == Class.DETRACTOR && !history.do_not_call", "nps.class == Class.DETRACTOR && history.do_not_call", "nps.class == Class.DETRACTOR")
	listed := known{listed: true}
	first, second, third := scored(revision(1, answers{}), answers{nps: 2}), scored(revision(2, answers{nps: 2}), answers{nps: 3}), scored(revision(3, answers{nps: 3}), answers{nps: 10})
	require.Equal(t, []string{"rule_1 raised to call", "rule_3 raised to call"}, known{}.at(t, set, first))
	require.Equal(t, []string{"rule_2 raised to call", "rule_3 raised to call", "rule_1 resolved"}, listed.at(t, set, second))
	require.Equal(t, []string{"rule_1 resolved", "rule_2 resolved", "rule_3 resolved"}, listed.at(t, set, third))
	require.Equal(t, []string{"rule_1 resolved", "rule_2 resolved", "rule_3 resolved"}, known{}.at(t, set, third))
}

// An alert that is held back is raised, and calls nobody until it gets worse.
func TestAlertsAreHeldBack(t *testing.T) {
	t.Parallel()
	set := contact(t, "  - {name: bad, when: nps.class == Class.DETRACTOR, callback: {queue: q, priority: 7}}\n"+
		"  - {name: awful, when: \"has(nps.metric) && nps.value <= 1.0\", severity: high, callback: {queue: q, priority: 9}}\n"+
		"  - {name: noted, when: nps.class == Class.DETRACTOR}\n")
	lately := called(72 * time.Hour)
	first := scored(revision(1, answers{}), answers{nps: 5})
	require.Equal(t, []string{"bad raised held back", "noted raised"}, lately.at(t, set, first))
	require.Equal(t, []string{"bad raised held back", "awful raised to call", "noted raised"}, lately.at(t, set, scored(revision(2, answers{nps: 5}), answers{nps: 0})))
	require.Equal(t, []string{"bad raised held back", "noted raised", "awful resolved"}, lately.at(t, set, scored(revision(3, answers{nps: 0}), answers{nps: 5})))
	require.Equal(t, []string{"bad resolved", "noted resolved"}, lately.at(t, set, scored(revision(2, answers{nps: 5}), answers{nps: 10})))
	require.Equal(t, []string{"bad raised to call", "noted raised"}, called(8*24*time.Hour).at(t, set, first))

	asks := scored(revision(2, answers{nps: 5}), answers{nps: 5})
	asks.Received.Response.CallbackRequested = true
	require.Equal(t, []string{"bad raised to call", "noted raised"}, lately.at(t, set, asks))

	begun, _, err := alert.Begun(set, asks, lately.of(set, receivedAt))
	require.NoError(t, err)
	require.Len(t, begun, 1)
	require.Equal(t, []any{"bad", true, false}, []any{begun[0].Name, begun[0].Released, begun[0].HeldBack})
	begun, _, err = alert.Begun(set, first, lately.of(set, receivedAt))
	require.NoError(t, err)
	require.Equal(t, []any{"bad", false, true}, []any{begun[0].Name, begun[0].Released, begun[0].HeldBack})
}

// Nothing is decided on half a history.
func TestNothingIsDecidedWithoutTheHistory(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	e := scored(revision(1, answers{}), answers{nps: 2})
	for _, set := range []*rule.Set{
		load(t, "nps.class == Class.DETRACTOR", "history.open_callback"),
		contact(t, "  - {name: bad, when: nps.class == Class.DETRACTOR, callback: {queue: q, priority: 7}}\n"),
	} {
		events, failures, err := alert.Decide(set, e, known{err: away}.of(set, receivedAt))
		require.ErrorIs(t, err, away)
		require.Empty(t, events)
		require.Empty(t, failures)
		_, _, err = alert.Begun(set, e, known{err: away}.of(set, receivedAt))
		require.ErrorIs(t, err, away)
	}
}

func TestAsOf(t *testing.T) {
	t.Parallel()
	e := scored(revision(2, answers{nps: 2}), answers{nps: 3})
	require.Equal(t, receivedAt.Add(2*time.Minute), alert.AsOf(e), "of before there was the field")
	e.Received.FirstReceivedAt = timestamppb.New(receivedAt)
	require.Equal(t, receivedAt, alert.AsOf(e))
}

package alertstate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// held is an alert whose callback a fallback holds back.
func held(revision uint32) *eventsv1.AlertRaised {
	e := raise(revision, 0, eventsv1.Severity_LOW)
	e.Callback, e.Fallback = nil, "busy"
	return e
}

// When the fallback has ended, the same revision asks for the callback: the alert has one, and
// stands as long as such alerts do.
func TestAnAlertWhoseCallbackIsAskedForAfterwardsHasOne(t *testing.T) {
	t.Parallel()
	was := must(raised(nil, held(1), 7, t0))
	require.False(t, was.GetCallback())
	require.Empty(t, was.GetLabels()["queue"])
	again := raise(1, 0, eventsv1.Severity_LOW)
	later := t0.Add(3 * time.Hour)
	again.RaisedAt = timestamppb.New(later)
	now := must(raised(was, again, 9, later))
	require.True(t, now.GetCallback())
	require.Equal(t, "default", now.GetLabels()["queue"])
	require.Equal(t, uint64(9), now.GetAlertSequence())
	require.Equal(t, later.Add(Longest), now.GetExpiresAt().AsTime())
	require.EqualValues(t, 1, now.GetEpisode(), "nobody is told anew")
	require.Nil(t, raised(now, again, 9, later), "a repeat")
	require.Nil(t, raised(now, held(1), 7, later), "the event before, once more")
	byHand := must(resolved(was, "amina", "spoken to", t0))
	require.Nil(t, raised(byHand, again, 9, later), "it was dealt with")
}

// A revision that is held back enriches the callback that is open: the alert goes on with it.
func TestAnAlertKeepsTheCallbackThatItsLaterRevisionIsHeldBackFrom(t *testing.T) {
	t.Parallel()
	was := must(raised(nil, raise(1, 0, eventsv1.Severity_LOW), 7, t0))
	now := must(raised(was, held(2), 8, t0))
	require.True(t, now.GetCallback())
	require.Equal(t, "default", now.GetLabels()["queue"])
	require.Equal(t, t0.Add(Longest), now.GetExpiresAt().AsTime())

	fatigue := held(3)
	fatigue.Fallback, fatigue.HeldBack = "", eventsv1.AlertRaised_FATIGUE
	now = must(raised(now, fatigue, 9, t0))
	require.False(t, now.GetCallback(), "the reason is withdrawn")
	require.Empty(t, now.GetLabels()["queue"])
	require.Equal(t, t0.Add(Usual), now.GetExpiresAt().AsTime())
}

package lookout

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/movement"
	"github.com/rappel-loop/rappel/services/internal/clock"
)

// An alert whose series has no room is not one whose rule is gone.
func TestAnAlertWithoutRoomIsLeftToStand(t *testing.T) {
	t.Parallel()
	b := setup(t, "  - {name: csat, measure: CSAT, by: [survey], window: 24h, drops_by: 20}\n")
	set := b.rules.Load()
	l := New(Deps{Log: zap.NewNop(), Clock: clock.System{}})
	l.set, l.windows = set, movement.New(b.clock.Now(), 0)
	l.windows.Use(set, b.clock.Now())
	alert := func(rule string, series map[string]string) *eventsv1.AlertState {
		return &eventsv1.AlertState{Rule: rule, State: eventsv1.AlertState_FIRING, Movement: &eventsv1.Movement{Series: series}}
	}
	full := false
	for i := range 600 { // more than a rule has room for
		values := []string{fmt.Sprint("s", i)}
		require.True(t, l.adopt(alert("csat", map[string]string{"survey": values[0]})), i)
		full = full || !l.windows.Adopt("csat", values, movement.Standing)
	}
	require.True(t, full, "there was room for all: the test shows nothing")
	require.False(t, l.adopt(alert("gone", nil)))
	require.False(t, l.adopt(alert("csat", map[string]string{"channel": "email"})), "it is split otherwise now")
}

func TestTroubleIsToldOnce(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zapcore.InfoLevel)
	l := New(Deps{Log: zap.New(core), Clock: clock.System{}})
	for _, err := range []error{nil, errors.New("away"), errors.New("away"), nil, nil, errors.New("away")} {
		l.tell(t.Context(), err)
	}
	require.Equal(t, []string{"figures are judged later: it is not known whether all is scored", "figures are judged again", "figures are judged later: it is not known whether all is scored"},
		[]string{logs.All()[0].Message, logs.All()[1].Message, logs.All()[2].Message})
	require.Equal(t, 3, logs.Len())
}

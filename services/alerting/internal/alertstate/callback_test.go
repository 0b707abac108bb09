package alertstate_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alertstate"
)

func TestACloseEndsAlertsThatAReplicaHasNotReadYet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.take(soon(t), t, raised("a-beyond", 1)))
	e := closing(eventsv1.CallbackEvent_COMPLETED)
	e.Callback.MoreReasons = 1
	e.TakenAlerts = []*eventsv1.TakenAlert{{AlertId: "a-beyond", Revision: 1}, {AlertId: "a-unknown", Revision: 1}}
	fresh := bundle{Book: alertstate.New(alertstate.Options{Bus: b.bus, Log: zap.NewNop(), Clock: b.clock}), bus: b.bus}
	require.NoError(t, fresh.take(soon(t), t, e))
	require.Equal(t, []string{"RAISED", "RESOLVED"}, b.changes(t, "a-beyond"))
	_, err := b.Load(soon(t), "a-unknown")
	require.ErrorIs(t, err, alertstate.ErrUnknown)
}

package bus_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestAnAnnouncementReachesWhoListens(t *testing.T) {
	t.Parallel()
	server := testkit.Server(t)
	nc := testkit.Connect(t, server)
	b, err := bus.New(nc, bus.Options{Barrier: bus.Replicated{}})
	require.NoError(t, err)
	require.NoError(t, b.Announce(t.Context(), "elsewhere.alerts", "dlv-1", "application/json", []byte("{}")), "nobody need listen")
	heard := make(chan *nats.Msg, 1)
	listener := testkit.Connect(t, server)
	_, err = listener.ChanSubscribe("elsewhere.alerts", heard)
	require.NoError(t, err)
	require.NoError(t, listener.Flush())
	require.NoError(t, b.Announce(t.Context(), "elsewhere.alerts", "dlv-1", "application/json", []byte("{}")))
	select {
	case m := <-heard:
		require.Equal(t, "dlv-1", m.Header.Get(nats.MsgIdHdr))
		require.Equal(t, "application/json", m.Header.Get("Content-Type"))
		require.Equal(t, "{}", string(m.Data))
	case <-time.After(20 * time.Second):
		require.FailNow(t, "nothing was heard")
	}
	nc.Close()
	require.ErrorIs(t, b.Announce(t.Context(), "elsewhere.alerts", "dlv-2", "application/json", nil), bus.ErrUnavailable)
}

package callbackqueue_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	callbackqueue "github.com/rappel-loop/rappel/services/callback-queue"
)

// What alerting decides about one revision may differ when it decides again after a fallback
// began or ended. Outside of the duplicate window both come: nobody is called twice, and
// nobody who was to be called is forgotten.
func TestARevisionDecidedAnewUnderAFallbackDoesNoHarm(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	held := func(n int, alertID string, revision uint32) *eventsv1.AlertRaised {
		m := raised(n, alertID)
		m.Callback, m.Fallback, m.Scored = nil, "busy", scored(n, revision)
		return m
	}
	again := func(n int, alertID string, revision uint32) *eventsv1.AlertRaised {
		m := raised(n, alertID)
		m.Scored = scored(n, revision)
		return m
	}
	moved := again(1, "a-1", 1)
	moved.Callback, moved.Fallback = &eventsv1.CallbackPlan{Queue: "overflow", Priority: 50}, "busy"

	b.alert(1, "m-1", raised(1, "a-1")) // asked for, then held back, then sent elsewhere
	b.alert(1, "m-2", held(1, "a-1", 1))
	b.alert(1, "m-3", moved)
	b.alert(2, "m-4", held(2, "a-2", 1)) // held back, then asked for
	b.alert(2, "m-5", again(2, "a-2", 1))
	b.alert(3, "m-6", held(3, "a-3", 1)) // held back, and its next revision is not
	b.alert(3, "m-7", again(3, "a-3", 2))
	b.alert(3, "m-8", held(3, "a-3", 1))
	b.alert(4, "m-9", held(4, "a-4", 1)) // held back, then corrected
	b.alert(4, "m-10", &eventsv1.AlertResolved{AlertId: "a-4", Rule: "detractor", Scored: scored(4, 2)})
	b.settled()
	for n := 1; n <= 3; n++ {
		code, got := b.get("/v1/callbacks/" + id(n))
		require.Equal(t, http.StatusOK, code, n)
		require.Len(t, got["callback"].(object)["reasons"], 1)
		require.Equal(t, "care", got["callback"].(object)["queue"])
		code, _ = b.get("/v1/callbacks/" + key(n) + "-2")
		require.Equal(t, http.StatusNotFound, code)
	}
	code, _ := b.get("/v1/callbacks/" + id(4))
	require.Equal(t, http.StatusNotFound, code)
	require.Empty(t, b.stored(subject.DeadLetters))

	// One that is settled stays so.
	_, _ = b.post("/v1/callbacks/"+id(1)+":cancel", `{"by":"sam","reason":"spoken to in the shop"}`)
	b.alert(1, "m-11", held(1, "a-1", 2))
	b.settled()
	_, got := b.get("/v1/callbacks/" + id(1))
	require.Equal(t, "CANCELED", got["callback"].(object)["state"])
	code, _ = b.get("/v1/callbacks/" + key(1) + "-2")
	require.Equal(t, http.StatusNotFound, code)
}

func TestTheQueuesAreMeasured(t *testing.T) {
	t.Parallel()
	cfg := callbackqueue.DefaultConfig()
	cfg.StatsEvery = time.Second
	b := setup(t)
	b.stop()
	one := configured(t, b.bus, cfg).ready()
	one.alert(1, "m-1", raised(1, "a-1"))
	one.settled()
	var e *eventsv1.QueueMeasured
	one.until("the queue is measured", func() bool {
		one.clock.Advance(time.Second)
		stored := one.stored(subject.QueueStats)
		if len(stored) == 0 {
			return false
		}
		e = &eventsv1.QueueMeasured{}
		require.NoError(t, stored[len(stored)-1].Decode(e))
		return e.GetReady() == 1
	})
	require.Equal(t, "care", e.GetQueue())
	require.Nil(t, e.PredictedWaitSeconds, "nobody is there")
	require.Greater(t, e.GetOldestSeconds(), 3600.0)

	cfg.StatsEvery = 0
	two := configured(t, b.bus, cfg)
	require.NoError(t, two.service.Stop(context.Background()))
	cfg.StatsEvery = time.Millisecond
	require.ErrorContains(t, cfg.Validate(), "stats_every")
}

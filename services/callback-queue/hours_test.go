package callbackqueue_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	callbackqueue "github.com/rappel-loop/rappel/services/callback-queue"
	"github.com/rappel-loop/rappel/services/internal/config"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// sampleConfig is the callback section of the shipped example.
func sampleConfig(t *testing.T) callbackqueue.Config {
	t.Helper()
	t.Chdir("../..") // its files are named from where it is started
	cfg := struct {
		Callback callbackqueue.Config `koanf:"callback"`
	}{callbackqueue.DefaultConfig()}
	require.NoError(t, config.Load(&cfg, config.Sources{File: "sample/rappel.yaml"}))
	require.NoError(t, cfg.Callback.Validate())
	return cfg.Callback
}

func TestTheShippedHours(t *testing.T) {
	b := configured(t, testkit.Bus(t), sampleConfig(t)).ready()
	wait := func(now string, next string) {
		t.Helper()
		moment, err := time.Parse(time.RFC3339, now)
		require.NoError(t, err)
		b.clock.Advance(moment.Sub(b.clock.Now()))
		code, got := b.post("/v1/callbacks:claim", `{"agentId":"amina"}`)
		_, shown := b.get("/v1/callbacks/" + id(1))
		if next == "" {
			require.Equal(t, http.StatusOK, code, "%v", got)
			return
		}
		require.Equal(t, "NO_CALLBACK_READY", reason(got), now)
		standing := shown["standing"].(object)
		require.Equal(t, "FOR_ITS_MOMENT", standing["waiting"])
		require.Equal(t, next, standing["readyAt"])
		_, routing := b.get("/v1/callbacks/" + id(1) + "/routing")
		require.Equal(t, next, routing["callableAt"])
	}
	b.open(1)
	b.settled()
	wait("2026-11-20T19:00:00Z", "2026-11-21T08:00:00Z") // 20:00 in Paris
	wait("2026-11-22T11:00:00Z", "2026-11-23T08:00:00Z") // a Sunday
	wait("2026-12-25T11:00:00Z", "2026-12-26T08:00:00Z") // Christmas
	wait("2026-12-26T08:00:00Z", "")
}

// What waits for its hours is offered as soon as they come, without anybody asking.
func TestTheHoursCome(t *testing.T) {
	cfg := sampleConfig(t)
	cfg.AgentLostAfter = 48 * time.Hour
	b := configured(t, testkit.Bus(t), cfg).ready()
	night := time.Date(2026, 11, 20, 22, 0, 0, 0, time.UTC)
	b.clock.Advance(night.Sub(b.clock.Now()))
	amina := b.agent("amina")
	b.open(1)
	b.settled()
	amina.silent()
	b.clock.Advance(10 * time.Hour)
	amina.offered(id(1))
}

func TestHoursThatMakeNoSense(t *testing.T) {
	t.Parallel()
	cfg := callbackqueue.DefaultConfig()
	cfg.CallingHours = callbackqueue.CallingHours{Week: map[string][]string{"mon-sat": {"20:00-09:00"}, "funday": {}}, Country: "XX"}
	cfg.QueueHours = map[string]callbackqueue.TeamHours{
		"a b":  {},
		"care": {Zone: "Mars/Olympus", Holidays: []string{"YY"}, Closed: []string{"24/12/2026"}},
	}
	err := cfg.Validate()
	for _, part := range []string{
		"calling_hours.week:", "calling_hours.country:", `queue_hours: "a b" is no queue`, "queue_hours.care.week: is never open",
		`queue_hours.care.zone: "Mars/Olympus"`, "queue_hours.care.holidays:", `queue_hours.care.closed: "24/12/2026" is no day`,
	} {
		require.ErrorContains(t, err, part)
	}
	cfg = callbackqueue.DefaultConfig()
	cfg.CallingHours.Holidays = true
	require.ErrorContains(t, cfg.Validate(), "calling_hours.week: is required")
}

package cli

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
	"github.com/rappel-loop/rappel/services/rappel/internal/deadletter"
)

// brokenScorer is a server whose scorer gives everything up until it is mended.
func brokenScorer(t *testing.T, events ...string) (url string, mend func()) {
	t.Helper()
	b := testkit.Bus(t)
	var mended atomic.Bool
	c, err := b.Consume(t.Context(), topology.Scorer, func(context.Context, bus.Delivery) error {
		if mended.Load() {
			return nil
		}
		return bus.Terminate("unscorable", errors.New("no\x1b[2J scale"))
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Stop(context.Background())) })
	for _, id := range events {
		_, err := b.Publish(t.Context(), bus.Event{Subject: subject.Response("s", "abc"), ID: id, Body: &eventsv1.ResponseReceived{EventId: id}})
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool {
		letters, err := deadletter.List(t.Context(), b, deadletter.Filter{})
		return err == nil && len(letters) == len(events)
	}, 20*time.Second, 5*time.Millisecond)
	mux := http.NewServeMux()
	deadletter.Register(mux, b)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL, func() { mended.Store(true) }
}

// patient is a world in which waiting takes a moment.
func patient() env {
	e := world(nil)
	e.wait = func(ctx context.Context, _ time.Duration) error { return clock.Sleep(ctx, 5*time.Millisecond) }
	return e
}

func TestWhatWasGivenUpIsListedAndRedriven(t *testing.T) {
	t.Parallel()
	server, mend := brokenScorer(t, "a", "b", "c")
	call := func(args ...string) string {
		t.Helper()
		out, _, err := run(t, patient(), deadLettersCommand, append([]string{"dead-letters", "--server", server}, args...)...)
		require.NoError(t, err)
		return out
	}
	out := call("list")
	require.Contains(t, out, "NUMBER  STATE  SINCE")
	require.Regexp(t, `(?m)^1 +dead +\d{4}-\d\d-\d\d [\d:]{8} +scorer +RESPONSES 1 +1 +unscorable: no\[2J scale$`, out)
	require.Contains(t, out, "try one again, once its cause is mended: rappel dead-letters redrive 1")
	require.Contains(t, call("list", "-o", "json"), `"reason": "unscorable"`)

	out = call("redrive", "1")
	require.Contains(t, out, "handled         0\ngiven up again  1\n")
	require.Regexp(t, `(?m)^5 +dead`, out)
	_, _, err := run(t, patient(), deadLettersCommand, "dead-letters", "redrive", "1", "--server", server)
	require.ErrorContains(t, err, "a newer one is about the same message")
	mend()
	require.Equal(t, "handled         1\ngiven up again  0\n", call("redrive", "2"))
	require.Equal(t, "handled         2\ngiven up again  0\n", call("redrive", "--all", "--reason", "unscorable"))
	require.Equal(t, "nothing is given up\n", call("list"))
	require.Equal(t, "handled         0\ngiven up again  0\n", call("redrive", "--all"))
	require.Equal(t, 3, strings.Count(call("list", "--all"), "handled"))
}

func TestAnOrderThatNobodyCarriesOutIsSaid(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	_, err := b.Publish(t.Context(), bus.Event{
		Subject: subject.DeadLetter(subject.Scores, "rule_failed"), ID: "dead",
		Body: &eventsv1.DeadLetter{Stream: subject.Scores, Sequence: 4, Consumer: "alerting", Reason: "rule_failed", Body: []byte("x")},
	})
	require.NoError(t, err)
	mux := http.NewServeMux()
	deadletter.Register(mux, b)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	out, _, err := run(t, world(nil), deadLettersCommand, "dead-letters", "redrive", "1", "--server", server.URL)
	require.NoError(t, err)
	require.Contains(t, out, "not tried yet   1   is the service running?")
}

func TestDeadLettersThatCannot(t *testing.T) {
	t.Parallel()
	server, _ := brokenScorer(t)
	for want, args := range map[string][]string{
		"which? Give numbers":                       {"redrive", "--server", server},
		"--all and numbers say different":           {"redrive", "--all", "1"},
		`"one" is no number`:                        {"redrive", "one"},
		`"0" is no number`:                          {"redrive", "0"},
		"there is no dead letter 7":                 {"redrive", "7", "--server", server},
		"--output xml":                              {"list", "-o", "xml"},
		"start a server with `rappel run`":          {"list", "--server", "127.0.0.1:1"},
		"no NATS server answers at nats://u:xxxxx@": {"list", "--nats", "nats://u:secret@127.0.0.1:1"},
	} {
		_, _, err := run(t, world(nil), deadLettersCommand, append([]string{"dead-letters"}, args...)...)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "secret")
	}
}

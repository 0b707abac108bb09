package deadletter_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
	"github.com/rappel-loop/rappel/services/rappel/internal/deadletter"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scorer is a consumer that gives up what its cause says, until it is mended.
type scorer struct {
	*testing.T
	bus *bus.Bus

	mu     sync.Mutex
	broken map[string]bool // by event id
}

func newScorer(t *testing.T) *scorer {
	t.Helper()
	s := &scorer{T: t, bus: testkit.Bus(t), broken: map[string]bool{}}
	c, err := s.bus.Consume(t.Context(), topology.Scorer, s.handle)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Stop(context.Background())) })
	return s
}

func (s *scorer) handle(_ context.Context, d bus.Delivery) error {
	e := &eventsv1.ResponseReceived{}
	if err := d.Decode(e); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken[e.GetEventId()] {
		return bus.Terminate("unscorable", errors.New("no scale"))
	}
	return nil
}

func (s *scorer) set(id string, broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken[id] = broken
}

func (s *scorer) receive(ids ...string) {
	s.Helper()
	for _, id := range ids {
		_, err := s.bus.Publish(s.Context(), bus.Event{
			Subject: subject.Response("s", "abc"), ID: id,
			Body: &eventsv1.ResponseReceived{EventId: id, Response: &eventsv1.Response{Customer: &eventsv1.Customer{Name: "Camille Exemple"}}},
		})
		require.NoError(s, err)
	}
}

// list waits until a filter chooses letters in these states, by number.
func (s *scorer) list(from deadletter.Source, f deadletter.Filter, want map[uint64]deadletter.State) (letters []deadletter.Letter) {
	s.Helper()
	require.EventuallyWithT(s, func(c *assert.CollectT) {
		got := map[uint64]deadletter.State{}
		found, err := from.List(s.Context(), f)
		require.NoError(c, err)
		for _, l := range found {
			got[l.Number] = l.State
		}
		if want == nil {
			want = map[uint64]deadletter.State{}
		}
		require.Equal(c, want, got)
		letters = found
	}, 20*time.Second, 5*time.Millisecond)
	return letters
}

type states = map[uint64]deadletter.State

// over gives the all-in-one's answers over HTTP.
func over(t *testing.T, b *bus.Bus) (*httptest.Server, deadletter.Source) {
	t.Helper()
	mux := http.NewServeMux()
	deadletter.Register(mux, b)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	api, err := httpapi.New(server.URL, server.Client())
	require.NoError(t, err)
	return server, deadletter.OverHTTP(api)
}

func TestALetterIsListedUntilItsMessageIsHandled(t *testing.T) {
	t.Parallel()
	s := newScorer(t)
	_, remote := over(t, s.bus)
	for _, source := range []deadletter.Source{deadletter.OnBus(s.bus), remote} {
		letters, err := source.List(t.Context(), deadletter.Filter{})
		require.NoError(t, err)
		require.Empty(t, letters)
	}
	s.set("a", true)
	s.set("b", true)
	s.receive("a", "fine", "b")
	letters := s.list(remote, deadletter.Filter{}, states{1: deadletter.Dead, 2: deadletter.Dead})
	require.WithinDuration(t, time.Now(), letters[1].DeadAt, time.Minute)
	letters[1].DeadAt = time.Time{}
	require.Equal(t, deadletter.Letter{
		Number: 2, State: deadletter.Dead, Consumer: "scorer", Reason: "unscorable", Detail: "unscorable: no scale", Deliveries: 1,
		Stream: subject.Responses, Sequence: 3, Type: "rappel.events.v1.ResponseReceived",
	}, letters[1])

	// a is mended; b fails again, and only its newer letter counts.
	s.set("a", false)
	require.NoError(t, remote.Redrive(t.Context(), []uint64{1, 2}))
	s.list(remote, deadletter.Filter{}, states{5: deadletter.Dead})
	all := s.list(deadletter.OnBus(s.bus), deadletter.Filter{Handled: true}, states{1: deadletter.Handled, 5: deadletter.Dead})
	require.True(t, all[1].About(letters[1]))
	s.list(remote, deadletter.Filter{Consumer: "alerting"}, nil)
	s.list(remote, deadletter.Filter{Consumer: "scorer", Reason: "unscorable"}, states{5: deadletter.Dead})
	s.list(remote, deadletter.Filter{Reason: "other"}, nil)
}

func TestAnOrderToAServiceThatIsAwayWaits(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	s := &scorer{T: t, bus: b, broken: map[string]bool{"a": true}}
	c, err := b.Consume(t.Context(), topology.Scorer, s.handle)
	require.NoError(t, err)
	s.receive("a")
	source := deadletter.OnBus(b)
	s.list(source, deadletter.Filter{}, states{1: deadletter.Dead})
	require.NoError(t, c.Stop(t.Context()))
	require.NoError(t, source.Redrive(t.Context(), []uint64{1}))
	s.list(source, deadletter.Filter{}, states{1: deadletter.Ordered})
}

func TestWhatIsNoOrderIsRefusedWhole(t *testing.T) {
	t.Parallel()
	s := newScorer(t)
	server, remote := over(t, s.bus)
	s.set("a", true)
	s.receive("a")
	s.list(remote, deadletter.Filter{}, states{1: deadletter.Dead})
	for body, want := range map[string]string{
		`{"numbers":[7,1,9]}`:             "numbers[0]: there is no dead letter 7; numbers[2]: there is no dead letter 9",
		`{"numbers":[]}`:                  "numbers: has 0 numbers",
		`{"numbers":["1"]}`:               "must be JSON",
		`{"number":[1]}`:                  "must be JSON",
		`{"numbers":[1]} {}`:              "must be JSON",
		`numbers`:                         "must be JSON",
		strings.Repeat(" ", 65<<10) + `{`: "the body is larger",
	} {
		resp, err := http.Post(server.URL+deadletter.RedrivePath, "application/json", strings.NewReader(body))
		require.NoError(t, err)
		answer, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.GreaterOrEqual(t, resp.StatusCode, 400, body[:min(40, len(body))])
		require.Less(t, resp.StatusCode, 500)
		require.Contains(t, string(answer), want)
	}
	http.DefaultClient.CloseIdleConnections()
	s.list(remote, deadletter.Filter{}, states{1: deadletter.Dead})
	require.ErrorContains(t, deadletter.OnBus(s.bus).Redrive(t.Context(), []uint64{3}), "there is no dead letter 3")
}

func TestNothingAboutACustomerIsShown(t *testing.T) {
	t.Parallel()
	s := newScorer(t)
	_, remote := over(t, s.bus)
	s.set("a", true)
	s.receive("a")
	letters := s.list(remote, deadletter.Filter{}, states{1: deadletter.Dead})
	text, err := json.Marshal(letters)
	require.NoError(t, err)
	require.NotContains(t, string(text), "Camille")
}

// What fails each time is never shown as handled, at whatever moment one looks.
func TestWhatFailsAgainIsNeverCalledHandled(t *testing.T) {
	t.Parallel()
	s := newScorer(t)
	source := deadletter.OnBus(s.bus)
	s.set("a", true)
	s.receive("a")
	s.list(source, deadletter.Filter{}, states{1: deadletter.Dead})
	last := uint64(1)
	for range 60 {
		require.NoError(t, source.Redrive(t.Context(), []uint64{last}))
		for before := last; last == before; {
			letters, err := source.List(t.Context(), deadletter.Filter{Handled: true})
			require.NoError(t, err)
			require.Len(t, letters, 1)
			require.NotEqual(t, deadletter.Handled, letters[0].State)
			last = letters[0].Number
		}
	}
}

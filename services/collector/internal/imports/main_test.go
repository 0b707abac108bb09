package imports_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/collector/internal/callkey"
	"github.com/rappel-loop/rappel/services/collector/internal/imports"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/journal"
	"github.com/rappel-loop/rappel/services/collector/internal/ledger"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// store is a collector's ingest whose answers can get lost.
type store struct {
	*testing.T

	bus    *bus.Bus
	ingest *ingest.Service
	guard  *access.Guard

	mu   sync.Mutex
	lose func(batch int) error
	half bool // of the next batch only half is stored, and its answer gets lost
	n    int
}

func newStore(t *testing.T) *store {
	t.Helper()
	b := testkit.Bus(t)
	normaliser, err := response.NewNormaliser("FR")
	require.NoError(t, err)
	keyer, err := response.NewKeyer([]byte("a secret of these tests alone"))
	require.NoError(t, err)
	book := ledger.New()
	ctx, cancel := context.WithCancel(t.Context())
	var following sync.WaitGroup
	follower := &ledger.Follower{Ledger: book, Bus: b, Log: zap.NewNop()}
	following.Go(func() { follower.Run(ctx) })
	t.Cleanup(func() { cancel(); following.Wait() })
	s := &store{T: t, bus: b, ingest: ingest.New(ingest.Options{
		Normaliser: normaliser, Keyer: keyer, Ledger: book, Journal: journal.New(b), Clock: clock.System{}, MaxInFlight: 8192, Count: func(ingest.Verdict) {},
	})}
	s.guard = access.New(access.Options{Limiter: access.NewMemory(clock.System{}, 10), Clock: clock.System{}, Log: zap.NewNop(), Count: func(access.Reason) {}})
	require.Eventually(t, func() bool { return book.Ready() == nil }, 15*time.Second, time.Millisecond)
	return s
}

var errLost = errors.New("the answer was lost")

// SubmitBatch stores rows, and may not say so.
func (s *store) SubmitBatch(ctx context.Context, rows []ingest.Row) ([]ingest.Outcome, error) {
	s.mu.Lock()
	if s.half { // the process dies amid the batch
		rows = rows[:len(rows)/2]
	}
	s.mu.Unlock()
	out, err := s.ingest.SubmitBatch(ctx, rows)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	if s.half && err == nil {
		s.half, err = false, errLost
	}
	if s.lose != nil && err == nil {
		err = s.lose(s.n)
	}
	return out, err
}

// start runs a service until it is stopped or the test ends.
func (s *store) start() (service *imports.Service, stop func()) {
	s.Helper()
	service = imports.New(imports.Options{
		Bus: s.bus, Ingest: s, Access: s.guard, Clock: clock.System{}, Log: zap.NewNop(), Count: func(eventsv1.Import_State) {}, MaxBytes: 64 << 20, SliceRows: 200,
	})
	require.NoError(s, service.Start(s.Context()))
	stop = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		require.NoError(s, service.Stop(ctx))
	})
	s.Cleanup(stop)
	return service, stop
}

func (s *store) caller() *access.Caller {
	s.Helper()
	c, err := s.guard.Admit(s.Context(), nil, "192.0.2.1")
	require.NoError(s, err)
	return c
}

const mapped = "survey: s\nid: id\nanswers:\n  - {metric: NPS, column: score}\n  - verbatim: text\n"

// send takes a file.
func (s *store) send(service *imports.Service, file string) *eventsv1.Import {
	s.Helper()
	u := service.Begin()
	require.NoError(s, u.File(s.Context(), "a.csv", strings.NewReader(file)))
	u.Mapping([]byte(mapped))
	i, err := u.Finish(s.Context(), s.caller(), callkey.Key{})
	require.NoError(s, err)
	return i
}

func (s *store) ended(service *imports.Service, id string) (i *eventsv1.Import) {
	s.Helper()
	require.Eventually(s, func() bool {
		var err error
		i, err = service.Get(s.Context(), s.caller(), id)
		require.NoError(s, err)
		return i.GetState() >= eventsv1.Import_COMPLETED
	}, 30*time.Second, 2*time.Millisecond)
	return i
}

// rows is a file of n rows; every tenth repeats the one before, and every hundredth is
// refused.
func rows(n int) string {
	var b strings.Builder
	b.WriteString("id,score,text\n")
	for i := range n {
		id, score := i, i%11
		switch {
		case i%100 == 50:
			score = 42
		case i%10 == 9:
			id, score = i-1, (i-1)%11
		}
		fmt.Fprintf(&b, "r-%d,%d,%s\n", id, score, "said")
	}
	return b.String()
}

package queue_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor/redisfloor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/memory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
)

// shift is a room of agents at work, and the record of all they were told.
type shift struct {
	*world
	change   []func(*queue.Deps)
	replicas []*replica
	stops    []func() // of each replica
	blind    bool     // the store takes anything: anything may be refused
	patient  bool     // nobody hangs up
	began    time.Time
	requests atomic.Int64
	alerts   atomic.Int64

	mu      sync.Mutex
	history []porcupine.Operation
}

func (f *shift) record(client int, a action, got answer, call, back time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.history = append(f.history, porcupine.Operation{
		ClientId: client, Input: a, Output: got, Call: int64(call), Return: int64(back),
	})
}

// agent works until ctx ends: claims, gives back, calls and closes, and now and
// then tries what an earlier hold would have allowed.
func (f *shift) agent(ctx context.Context, client int) {
	rng := rand.New(rand.NewPCG(uint64(client), 7))
	name := fmt.Sprintf("agent-%d", client)
	var old []action
	for ctx.Err() == nil {
		if len(old) > 0 && rng.IntN(3) == 0 { // a late command
			late := old[rng.IntN(len(old))]
			late.what = []string{"start", "release", "complete", "reached"}[rng.IntN(4)]
			f.command(client, rng, late)
		}
		held, ok := f.take(client, name, rng)
		if !ok {
			<-time.After(time.Millisecond) // leave the others some of the machine
			continue
		}
		old = append(old, held)
		if rng.IntN(5) == 0 {
			f.command(client, rng, action{what: "transfer", id: held.id, queue: []string{"care", "experts", "vip"}[rng.IntN(3)]})
		}
		if rng.IntN(2) == 0 {
			f.command(client, rng, held.as("release"))
			continue
		}
		for _, what := range []string{"start", "reached", "complete"} {
			f.command(client, rng, held.as(what))
		}
		f.complain(client, held.id)
	}
}

// take claims, or is offered something and accepts it: or does not, or lets it pass.
func (f *shift) take(client int, name string, rng *rand.Rand) (action, bool) {
	if rng.IntN(3) > 0 {
		return f.claim(client, name, rng)
	}
	call := time.Since(f.began)
	cb, err := f.pick(rng).Offer(f.Context(), name)
	if err != nil {
		var full *queue.AtCapacityError // what they let pass is in their hand until its lease ends
		if !errors.As(err, &full) && !is(err, queue.ErrNoneReady) && !is(err, callback.ErrDeclined) && !is(err, queue.ErrIndexIncomplete) && !is(err, queue.ErrContended) && f.Context().Err() == nil {
			f.Errorf("offer: %v", err)
		}
		return action{}, false
	}
	a := action{what: "offer", id: cb.ID, agent: name}
	f.record(client, a, answer{ok: true, token: cb.Holder.Token}, call, time.Since(f.began))
	a.token = cb.Holder.Token
	switch rng.IntN(6) {
	case 0:
		f.command(client, rng, a.as("reject"))
		return a, false
	case 1:
		return a, false
	default:
		return a, f.command(client, rng, a.as("accept"))
	}
}

func (a action) as(what string) action { a.what = what; return a }

// claim asks, and asks again with the same request until the answer is certain.
func (f *shift) claim(client int, name string, rng *rand.Rand) (action, bool) {
	request := fmt.Sprintf("q-%d", f.requests.Add(1))
	call := time.Since(f.began)
	for {
		ctx, cancel := f.patience(rng)
		cb, err := f.pick(rng).Claim(ctx, queue.ClaimRequest{AgentID: name, RequestID: request})
		cancel()
		switch {
		case err == nil:
			a := action{what: "claim", id: cb.ID, agent: name}
			f.record(client, a, answer{ok: true, token: cb.Holder.Token}, call, time.Since(f.began))
			a.token = cb.Holder.Token
			return a, true
		case is(err, queue.ErrNoneReady), is(err, queue.ErrAtCapacity), f.Context().Err() != nil:
			return action{}, false
		case !uncertain(err):
			f.Errorf("claim: %v", err)
			return action{}, false
		}
	}
}

// command gives a command until the answer is certain, and records each try. It
// reports whether the command was granted.
func (f *shift) command(client int, rng *rand.Rand, a action) bool {
	for f.Context().Err() == nil {
		call := time.Since(f.began)
		ctx, cancel := f.patience(rng)
		_, err := f.pick(rng).Do(ctx, a.id, a.command())
		cancel()
		if uncertain(err) {
			f.record(client, a, answer{maybe: true}, call, forever)
			continue
		}
		if err != nil && !refusal(err) && !f.blind {
			f.Errorf("%s: %v", a.what, err)
		}
		f.record(client, a, answer{ok: err == nil}, call, time.Since(f.began))
		return err == nil
	}
	return false
}

// forever is when a try that got no answer has ended at the latest.
const forever = time.Duration(math.MaxInt64)

func (a action) command() callback.Command {
	switch a.what {
	case "transfer":
		return callback.Transfer{Queue: a.queue, Reason: "technical", By: "sam"}
	case "accept":
		return callback.Accept{AgentID: a.agent, Token: a.token}
	case "reject":
		return callback.Reject{AgentID: a.agent, Token: a.token}
	case "release":
		return callback.Release{AgentID: a.agent, Token: a.token}
	case "start":
		return callback.StartAttempt{AgentID: a.agent, Token: a.token}
	case "reached":
		return callback.EndAttempt{AgentID: a.agent, Token: a.token, Outcome: callback.Reached}
	default:
		return callback.Complete{
			AgentID: a.agent, Token: a.token, Outcome: callback.Resolved, RootCause: "late", Note: "refund",
		}
	}
}

// patience now and then gives up within a moment: the client hangs up.
func (f *shift) patience(rng *rand.Rand) (context.Context, context.CancelFunc) {
	if f.patient || rng.IntN(10) > 0 {
		return context.WithCancel(f.Context())
	}
	return context.WithTimeout(f.Context(), time.Duration(rng.IntN(5000))*time.Microsecond)
}

func (f *shift) pick(rng *rand.Rand) *replica {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.replicas[rng.IntN(len(f.replicas))]
}

// replace puts a fresh replica, which remembers nothing, in the place of another.
func (f *shift) replace(i int) {
	r := f.world.replica(f.change...)
	stop := r.run(r.Watch)
	f.mu.Lock()
	old := f.stops[i]
	f.replicas[i], f.stops[i] = r, stop
	f.mu.Unlock()
	old()
}

func uncertain(err error) bool {
	return is(err, bus.ErrUnavailable) || is(err, queue.ErrIndexUnavailable) || is(err, queue.ErrIndexIncomplete) ||
		is(err, queue.ErrContended) || is(err, context.DeadlineExceeded) || is(err, context.Canceled)
}

func refusal(err error) bool {
	_, transition := err.(*callback.TransitionError) //nolint:errorlint // the domain's own
	return transition || is(err, callback.ErrStaleToken) || is(err, callback.ErrNotHolder)
}

// complain gives the customer of a callback a reason for another: or for the one that
// somebody has taken meanwhile.
func (f *shift) complain(client int, id string) {
	customerKey, _, _ := callback.ParseID(id)
	a := alert(0, fmt.Sprintf("again-%d", f.alerts.Add(1)))
	a.CustomerKey = customerKey
	rng := rand.New(rand.NewPCG(uint64(f.alerts.Load()), 3))
	call, back := time.Since(f.began), forever
	for f.Context().Err() == nil {
		err := f.pick(rng).TakeAlert(f.Context(), a)
		if err == nil || !uncertain(err) {
			back = time.Since(f.began)
			break
		}
	}
	f.record(client, action{what: complain, id: id}, answer{ok: back < forever, maybe: back == forever}, call, back)
}

// work lets the agents work for a while, something happening meanwhile.
func (f *shift) work(agents int, d time.Duration, meanwhile func()) {
	f.Helper()
	if f.began.IsZero() {
		f.began = time.Now()
	}
	ctx, cancel := context.WithTimeout(f.Context(), d)
	defer cancel()
	var wg sync.WaitGroup
	for client := range agents {
		wg.Go(func() { f.agent(ctx, client) })
	}
	wg.Go(func() {
		for tick := time.NewTicker(700 * time.Millisecond); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
				meanwhile()
			}
		}
	})
	wg.Wait()
}

func (f *shift) check() porcupine.CheckResult {
	f.Helper()
	result := porcupine.CheckOperationsTimeout(exclusive, f.history, time.Minute)
	f.Logf("%d operations: %s", len(f.history), result)
	return result
}

// String shows the histories of the callbacks that no single holder explains.
func (f *shift) String() string {
	var b strings.Builder
	for _, part := range exclusive.Partition(f.history) {
		if porcupine.CheckOperations(exclusive, part) {
			continue
		}
		id := part[0].Input.(action).id
		slices.SortFunc(part, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
		for _, op := range part {
			fmt.Fprintf(&b, "%10d %10d %s\n", op.Call/1000, op.Return/1000, exclusive.DescribeOperation(op.Input, op.Output))
		}
		b.WriteString("and in the stream:\n")
		f.eachEvent(func(e *eventsv1.CallbackEvent, d bus.Delivery) {
			if cb := e.GetCallback(); cb.GetId() == id {
				fmt.Fprintf(&b, "%10d %s by %s: %s, in hand by %s\n", d.Sequence, e.GetType(), e.GetActor(), cb.GetState(), cb.GetHolder().GetAgentId())
			}
		})
		b.WriteString("\n")
	}
	return b.String()
}

// requestsGotOne checks the stream itself: no request was ever given two
// callbacks, whatever its agent was told.
func (f *shift) requestsGotOne() {
	f.Helper()
	got := map[string]string{}
	for _, a := range f.world.history() {
		if a.Callback == nil || a.Callback.Holder == nil || a.Callback.Holder.RequestID == "" { // offered
			continue
		}
		h := a.Callback.Holder
		request := h.AgentID + " " + h.RequestID
		if got[request] == "" {
			got[request] = a.Callback.ID
		}
		require.Equal(f, got[request], a.Callback.ID, "one request, two callbacks")
	}
}

// newFloor has callbacks opened under a policy, and replicas that work on them.
func newFloor(w *world, customers, replicas int, policy func(*queue.Deps), change ...func(*queue.Deps)) *shift {
	w.clock = clock.System{}
	f := &shift{world: w, change: append(change, func(d *queue.Deps) {
		d.Policy.ReservedLease, d.Policy.DeclinedFor = 200*time.Millisecond, 50*time.Millisecond
	}, policy)}
	for range replicas {
		r := w.replica(f.change...)
		f.replicas, f.stops = append(f.replicas, r), append(f.stops, r.run(r.Watch))
		r.indexed()
	}
	w.replica(policy).open(0, customers)
	return f
}

// onFloor has the agents in a roster, at desks on the floor that the replicas share, each
// of a team that works in two of the three queues.
func (w *world) onFloor(agents int) (change func(*queue.Deps), sit func()) {
	shared := redisfloor.New(w.redis, "p")
	list := make([]roster.Agent, agents)
	queues := []string{"care", "experts", "vip"}
	for i := range list {
		list[i] = roster.Agent{ID: fmt.Sprintf("agent-%d", i), Capacity: 4, Team: queues[i%3], Languages: []string{"fr"}, Queues: []roster.QueuePreference{
			{Queue: queues[i%3], Preference: 1}, {Queue: queues[(i+1)%3], Preference: 2},
		}}
	}
	sit = func() {
		for _, a := range list {
			_, _, _ = shared.Sit(w.Context(), floor.Seat{ // Redis may be on its way back
				Agent: a.ID, Session: a.ID, Status: floor.Available, Capacity: a.Capacity, Until: w.clock.Now().Add(time.Second),
			})
		}
	}
	return func(d *queue.Deps) { d.Roster, d.Floor = roster.List(list), shared }, sit
}

// calm is the usual policy.
func calm(*queue.Deps) {}

// pressing has everything of an SLA happen within a second.
func pressing(d *queue.Deps) {
	d.Policy.SLAs = []callback.SLAPolicy{{Name: "all", ResolvedWithin: time.Second, WarnAt: 0.5, Steps: []callback.Step{
		{Target: callback.FirstAttempt, Since: callback.Breach, Points: 5},
		{Target: callback.FirstAttempt, Since: callback.Breach, After: 300 * time.Millisecond, Queue: "experts"},
		{Target: callback.Resolution, Since: callback.Breach, After: time.Second, Role: "lead"},
	}}}
}

func duration() time.Duration {
	if os.Getenv("CHAOS") != "" {
		return time.Minute
	}
	return 5 * time.Second
}

// Thirty-two agents of a roster, on three replicas that are replaced one after the
// other, one Redis, with the index and the floor, that is flushed all the while, a
// store whose answers get lost and clients who hang up: what they see is what one
// callback, one holder would look like.
func TestNoCallbackIsEverHeldByTwo(t *testing.T) {
	t.Parallel()
	w := onOwnRedis(t)
	const agents = 32
	staffed, sit := w.onFloor(agents)
	f := newFloor(w, 150, 3, pressing, staffed, func(d *queue.Deps) { d.Store = wavering{d.Store} })
	sit()
	next := 0
	f.work(agents, duration(), func() {
		w.flush()
		sit()
		f.replace(next % len(f.stops))
		next++
	})
	require.Greater(t, len(f.history), 100)
	require.Equal(t, porcupine.Ok, f.check(), "%s", f)
	f.requestsGotOne()
	w.until("offers that nobody answered are over", func() bool {
		for _, e := range w.truth() {
			if e.State == callback.Reserved {
				return false
			}
		}
		return true
	})
	w.inLine()
	f.bellsRangOnce()
}

// bellsRangOnce: whatever became of the replicas, nothing of an SLA happened twice. Where a
// complaint has overtaken a wrap-up, the clocks run anew.
func (f *shift) bellsRangOnce() {
	rang, most := map[string]int{}, 0
	f.world.eachEvent(func(e *eventsv1.CallbackEvent, _ bus.Delivery) {
		switch e.GetType() {
		case eventsv1.CallbackEvent_LEASE_EXPIRED:
			maps.DeleteFunc(rang, func(what string, _ int) bool { return strings.HasPrefix(what, e.GetCallback().GetId()) })
		case eventsv1.CallbackEvent_SLA_WARNED, eventsv1.CallbackEvent_SLA_BREACHED:
			what := e.GetCallback().GetId() + " " + e.GetType().String() + " " + e.GetCause()
			rang[what]++
			require.Equal(f.world, 1, rang[what], what)
		case eventsv1.CallbackEvent_SLA_ESCALATED:
			taken := 0
			for _, s := range e.GetCallback().GetSla().GetSteps() {
				if s.GetTakenAt() != nil {
					taken++
				}
			}
			rang[e.GetCallback().GetId()]++
			require.Equal(f.world, taken, rang[e.GetCallback().GetId()], "%s: a step was taken twice", e.GetCallback().GetId())
			most = max(most, taken)
		default:
		}
	})
	require.Greater(f.world, most, 1, "several steps of one callback")
}

// Replicas that do not even share an index: the commit alone keeps them apart.
func TestTheCommitAloneIsExclusive(t *testing.T) {
	t.Parallel()
	w := onTwoIndexes(t)
	f := newFloor(w, 60, 2, calm)
	f.patient = true // what a request got is known to the index that gave it, and to no other
	f.work(8, 2*time.Second, func() {})
	require.Equal(t, porcupine.Ok, f.check(), "%s", f)
}

// The same with a commit that is no compare-and-set: the check has teeth.
func TestTheCheckSeesABlindCommit(t *testing.T) {
	t.Parallel()
	w := onTwoIndexes(t)
	f := newFloor(w, 60, 2, calm, func(d *queue.Deps) { d.Store = blind{d.Store} })
	f.blind = true
	result := porcupine.Ok
	for deadline := time.Now().Add(eventually); result == porcupine.Ok && time.Now().Before(deadline); {
		f.work(8, 2*time.Second, func() {}) // on a busy machine few of them meet
		result = f.check()
	}
	require.Equal(t, porcupine.Illegal, result)
}

func onTwoIndexes(t *testing.T) *world {
	w := newWorld(t)
	w.index = func() queue.Index { return memory.New() }
	return w
}

package e2e

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestReplicasKilledAmidWork has agents at three callback queues over one NATS and one
// Redis, half of them offered what is next, half asking for it. One process kills
// itself with an offer just stored, another with a claim just stored, the third is
// killed at whatever it does, while answers still come in; each comes back. Nothing is
// lost, nothing is called twice, and no request gets two callbacks.
func TestReplicasKilledAmidWork(t *testing.T) {
	t.Parallel()
	customers := rounds(80, 2000)
	l, replicas := services(t, 3, "RAPPEL_CALLBACK__RESERVED_LEASE=3s", "RAPPEL_CALLBACK__AGENT_LOST_AFTER=5s")
	for _, i := range []int{0, 1} {
		replicas[i].restart(append([]string{[]string{"CRASH_AT=offered:5", "CRASH_AT=committed:5"}[i]}, replicas[i].env...)...)
	}
	o := &office{t: t, replicas: replicas, worked: map[string]string{}, got: map[string]string{}, done: make(chan struct{})}
	send := func(from, to int) {
		for i := from; i < to; i++ {
			l.submit(answer(name("r", i), name("C", i), "NPS", 0))
		}
	}
	send(0, customers/2)
	var agents sync.WaitGroup
	for i := range 4 {
		agents.Go(func() { o.streams(name("stream", i), i) })
		agents.Go(func() { o.claims(name("claim", i), i) })
	}
	send(customers/2, customers)
	for i, after := range []string{"an offer", "a claim"} {
		replicas[i].waitEnd()
		require.Less(t, o.finished(), customers, "it dies of %s amid the work", after)
		replicas[i].restart(slices.DeleteFunc(slices.Clone(replicas[i].env), func(v string) bool { return v[:min(len(v), 9)] == "CRASH_AT=" })...)
	}
	replicas[2].restart(replicas[2].env...) // kill -9

	require.Eventually(t, func() bool { return o.finished() == customers }, 2*eventually, 50*time.Millisecond, "some are never called")
	close(o.done)
	agents.Wait()
	all := l.waitFor(customers, "COMPLETED")
	seen := map[string]bool{}
	for _, cb := range all {
		require.False(t, seen[cb.Customer.ID], "%s has two callbacks", cb.Customer.ID)
		seen[cb.Customer.ID] = true
		require.Len(t, cb.Attempts, 1, "%s was called twice", cb.ID)
		require.Len(t, cb.Reasons, 1)
	}
	require.Len(t, l.callbacks(), customers)
}

// office is the agents' side: what they were told.
type office struct {
	t        *testing.T
	replicas []*process
	done     chan struct{}

	mu     sync.Mutex
	worked map[string]string // callback -> who completed it
	got    map[string]string // request -> callback
}

func (o *office) finished() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.worked)
}

func (o *office) over() bool {
	select {
	case <-o.done:
		return true
	default:
		return false
	}
}

// sure asks one replica after the other until one gives an answer that is certain.
func (o *office) sure(from int, path string, body, into any) int {
	for n := from; !o.over(); n++ {
		url := o.replicas[n%len(o.replicas)].url()
		if url == "" {
			pause()
			continue
		}
		code := post(url+path, body, into)
		if code != 0 && code != http.StatusServiceUnavailable {
			return code
		}
		pause()
	}
	return 0
}

// pause leaves the machine to the others for a moment.
func pause() { <-time.After(10 * time.Millisecond) }

// claims asks for work, again with the same request while the answer is in doubt.
func (o *office) claims(agent string, from int) {
	for n := 0; !o.over(); n++ {
		request := name("request", n)
		var resp struct{ Callback callback }
		if o.sure(from+n, "/v1/callbacks:claim", object{"agentId": agent, "requestId": request}, &resp) != http.StatusOK {
			pause()
			continue
		}
		o.mu.Lock()
		before, again := o.got[agent+request]
		o.got[agent+request] = resp.Callback.ID
		o.mu.Unlock()
		if again && before != resp.Callback.ID {
			o.t.Errorf("%s got %s and %s for one request", agent, before, resp.Callback.ID)
		}
		o.call(agent, from+n, resp.Callback.ID, resp.Callback.Holder.Token)
	}
}

// call does what is to be done with a callback in hand. Whoever is refused has lost it.
func (o *office) call(agent string, from int, id, token string) {
	hold := object{"agentId": agent, "token": token}
	for _, step := range []struct {
		verb string
		more object
	}{
		{"startAttempt", nil},
		{"endAttempt", object{"outcome": "REACHED"}},
		{"complete", object{"outcome": "RESOLVED", "rootCause": "late", "note": "refund"}},
	} {
		body := object{}
		for _, part := range []object{hold, step.more} {
			for k, v := range part {
				body[k] = v
			}
		}
		if code := o.sure(from, "/v1/callbacks/"+id+":"+step.verb, body, nil); code != http.StatusOK {
			if code != 0 {
				o.t.Logf("%s: %s of %s answers %d", agent, step.verb, id, code)
			}
			return
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if by, twice := o.worked[id]; twice {
		o.t.Errorf("%s was completed by %s and by %s", id, by, agent)
	}
	o.worked[id] = agent
}

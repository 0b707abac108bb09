package rehearsal

import (
	"math"
	"time"
)

// backlog is what a queue has to do, as time goes by: a fluid that each callback adds one to,
// and of which agents × pace × hours/24 an hour is taken away while there is any. Those that
// agents have in hand are part of it.
type backlog struct {
	staffing

	callbacks float64
	at        time.Time // as of when
}

// known reports whether it is known who works, and how fast.
func (s staffing) known() bool {
	return s.Staffing != nil && s.GetAgents() > 0 && s.GetCallbacksAnHour() > 0
}

// capacity is how many callbacks the agents finish in an hour in which they work.
func (s staffing) capacity() float64 { return s.GetCallbacksAnHour() * float64(s.GetAgents()) }

// drained is how many they finish in an hour, whatever the hour.
func (s staffing) drained() float64 { return s.capacity() * s.hours() / 24 }

// until lets time pass; it never goes back.
func (b *backlog) until(at time.Time) {
	if at.After(b.at) {
		b.callbacks = max(0, b.callbacks-b.drained()*at.Sub(b.at).Hours())
		b.at = at
	}
}

// wait is how long one that comes now would wait for an agent, as the callback queue predicts
// it (GET /v1/queues): not at all while an agent is free; else for what is ready and itself,
// at the pace of those who work. As there, nights are not part of it.
func (b *backlog) wait() time.Duration {
	ready := b.callbacks - float64(b.GetAgents())
	if ready < 0 {
		return 0
	}
	hours := (ready + 1) / b.capacity()
	return time.Duration(min(hours*3600, math.MaxInt32) * float64(time.Second))
}

// shorterIn is in how many hours the wait is shorter than that, if nothing comes.
func (b *backlog) shorterIn(wait time.Duration) float64 {
	agents := float64(b.GetAgents())
	then := max(agents, wait.Hours()*b.capacity()-1+agents)
	return max(0, b.callbacks-then) / b.drained()
}

package lookout

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/movement"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
)

// Notice is what is said of a series whose figure has moved.
type Notice struct {
	// Rule is by which rule, RulesVersion the version of its set.
	Rule         *rule.Metric
	RulesVersion string
	// Movement is how; its series names the alert, with the rule.
	Movement *eventsv1.Movement
	// StandsFor is for how long the alert stands at most when nothing more is said of it.
	StandsFor time.Duration
}

// Alerts are those of metric rules. All replicas may say the same at once.
type Alerts interface {
	// Wait returns nil once the alerts are known.
	Wait(ctx context.Context) error
	// Known are those of metric rules that stand, and those that were resolved lately.
	Known() iter.Seq[*eventsv1.AlertState]
	// Raise raises an alert, or brings it up to date, and returns it as it is then: one that
	// somebody has resolved by hand stays so.
	Raise(ctx context.Context, n Notice) (*eventsv1.AlertState, error)
	// Resolve says that a series is back. A nil movement says that there is no such rule any
	// more. Where there is no alert, nothing happens.
	Resolve(ctx context.Context, rule string, series map[string]string, m *eventsv1.Movement) error
}

// Deps is what a lookout works with. All but Told are required.
type Deps struct {
	Bus    *bus.Bus
	Log    *zap.Logger
	Clock  clock.Clock
	Alerts Alerts
	// Rules are those in force. They never change once returned.
	Rules func() *rule.Set
	// Told is told of each look: how many figures there are, and how many alerts stand.
	Told func(Look)
}

// Look is what is known after a look.
type Look struct {
	// Series is how many figures there are, Firing how many alerts stand.
	Series, Firing int
	// At is when the last windows ended.
	At time.Time
}

// pace is how often things are done; tests are in a hurry.
type pace struct{ look, retry, grace time.Duration }

// Lookout is safe for concurrent use. It is run once.
type Lookout struct {
	deps  Deps
	pace  pace
	blind bool // it was said that figures cannot be judged; only the one who steps knows

	mu      sync.Mutex
	windows *movement.Windows // nil until the first rules
	set     *rule.Set
	seen    uint64 // the last sequence of SCORES that was read
	read    bool   // the past is
	looked  Look
	owed    map[string]movement.Reading // what is to be stored still, by series
}

// New returns a lookout that knows nothing until it is run.
func New(d Deps) *Lookout {
	if d.Told == nil {
		d.Told = func(Look) {}
	}
	d.Log = d.Log.Named("metrics")
	return &Lookout{deps: d, pace: pace{look: time.Second, retry: 2 * time.Second, grace: 10 * time.Second}, owed: map[string]movement.Reading{}}
}

// errOtherRules ends following because other rules are in force.
var errOtherRules = errors.New("other rules are in force")

// Run looks out until ctx ends, and returns nil then.
func (l *Lookout) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := l.run(ctx)
		if errors.Is(err, errOtherRules) {
			continue
		}
		if ctx.Err() == nil {
			l.deps.Log.Warn("figures are followed anew", zap.Error(err))
			_ = clock.Sleep(ctx, l.pace.retry) // the loop's condition says why it ended
		}
	}
	return nil
}

// run takes up the rules in force, reads the past of those that are new, and follows until
// other rules are in force.
func (l *Lookout) run(ctx context.Context) error {
	if err := l.deps.Alerts.Wait(ctx); err != nil {
		return err
	}
	anew, err := l.use(ctx)
	if err != nil {
		return err
	}
	if err := l.fill(ctx, anew); err != nil {
		return err
	}
	if err := l.takeUp(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var looking sync.WaitGroup
	defer looking.Wait()
	defer cancel(nil)
	looking.Go(func() {
		clock.Every(ctx, l.pace.look, func() {
			if err := l.step(ctx); err != nil {
				cancel(err)
			}
		})
	})
	if len(l.set.Metrics) == 0 {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	err = l.follow(ctx, l.seen+1, endless, (*movement.Windows).Take)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// use takes up the rules in force, and returns those whose past is to be read.
func (l *Lookout) use(ctx context.Context) ([]*rule.Metric, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	set := l.deps.Rules()
	if l.windows == nil {
		since, err := l.since(ctx)
		if err != nil {
			return nil, err
		}
		l.windows = movement.New(since, 0)
	}
	if set != l.set { // what is owed is by rules that may be gone; those that stay say it again
		clear(l.owed)
	}
	l.set, l.read = set, false
	return l.windows.Use(set, l.deps.Clock.Now()), nil
}

// since is when the first answer of those that are stored was received.
func (l *Lookout) since(ctx context.Context) (time.Time, error) {
	now := l.deps.Clock.Now()
	first, _, err := l.deps.Bus.Since(ctx, scores, time.Time{})
	if err != nil {
		return now, err
	}
	d, err := l.deps.Bus.At(ctx, scores, first)
	if errors.Is(err, bus.ErrNotFound) {
		return now, nil
	}
	if err != nil {
		return now, err
	}
	since := d.Time
	scored := &eventsv1.ResponseScored{}
	if d.Decode(scored) == nil && scored.GetReceived().GetReceivedAt() != nil && scored.GetReceived().GetReceivedAt().AsTime().Before(since) {
		since = scored.GetReceived().GetReceivedAt().AsTime()
	}
	return since, nil
}

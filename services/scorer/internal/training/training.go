// Package training makes models of the deployment's own answers, where the customers' scores
// say what their words mean, and puts one to use that reads better than the one in use.
//
// What is learnt from. The latest revision of each response in RESPONSES, each of its
// verbatims with the label of its scores (label.go), and the corrections, which go before.
// Memory is bounded: of more than Options.Most verbatims, those of a share of the responses
// are taken, by a hash, so that each has the same chance, and always the same ones. A text
// counts up to 2,000 bytes.
//
// What is measured on. A fifth of the customers, by a hash of their keys, is held out of
// every training, so neither the new model nor the one before has learnt from them here. The
// measure is the mean of AUC and macro-F1 of dissatisfied against satisfied; a model is put
// to use when it has Options.Margin more than the one in use, on the same answers.
//
// Authority. MODELS, by compare-and-set (package registry): two trainings in two processes
// may run, and one of them is refused. In one process one runs at a time. It has one thread,
// at the lowest priority where the system has priorities for threads.
package training

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.uber.org/zap"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/metric"
	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/scorer/internal/reading"
	"github.com/rappel-loop/rappel/services/scorer/internal/registry"
)

// ErrAlready says that a model is being trained in this process.
var ErrAlready = errors.New("a model is being trained")

// TooFewError says that there is too little to learn from.
type TooFewError struct {
	// What is too few, and how many there are, where that is known (else -1), and have to be.
	What       string
	Have, Need int
}

// Error says it.
func (e *TooFewError) Error() string {
	if e.Have < 0 {
		return fmt.Sprintf("there are fewer than %d %s", e.Need, e.What)
	}
	return fmt.Sprintf("there are %d %s, and %d are needed", e.Have, e.What, e.Need)
}

// Options bound a training.
type Options struct {
	// Most is how many verbatims are learnt from, and Fewest how many at least.
	Most   int `koanf:"most"`
	Fewest int `koanf:"fewest"`
	// Margin is how much better a model must be, 0 to 1.
	Margin float64 `koanf:"margin"`
}

// DefaultOptions are for a process with some hundred megabytes to spare.
func DefaultOptions() Options { return Options{Most: 100_000, Fewest: 200, Margin: 0.005} }

// Validate names every option that is wrong.
func (o Options) Validate() error {
	var errs []error
	if o.Most < 1000 || o.Most > 5_000_000 {
		errs = append(errs, fmt.Errorf("most: %d is not between 1000 and 5000000", o.Most))
	}
	if o.Fewest < 50 || o.Fewest > o.Most {
		errs = append(errs, fmt.Errorf("fewest: %d is not between 50 and %d", o.Fewest, o.Most))
	}
	if !(o.Margin >= 0 && o.Margin <= 1) {
		errs = append(errs, fmt.Errorf("margin: %v is not between 0 and 1", o.Margin))
	}
	return errors.Join(errs...)
}

// Order is what is asked for.
type Order struct {
	// By is who asks.
	By string
	// DryRun stores nothing.
	DryRun bool
}

// Progress is how far a training is.
type Progress struct {
	Read, ToRead           uint64
	Labelled, Pass, Passes int
}

// Result is what came of a training. Its event was stored, unless it was a dry run.
type Result struct{ Event *eventsv1.ModelEvent }

// Learner learns from labelled texts and returns a model with its weights. tell is told now
// and then which pass it is in. It may return a *TooFewError.
type Learner func(ctx context.Context, examples []Example, tell func(pass, passes int)) (reading.Model, []byte, error)

// Deps are what a Trainer works with; all are required.
type Deps struct {
	Bus      *bus.Bus
	Log      *zap.Logger
	Clock    clock.Clock
	Analyser *verbatim.Analyser
	Scales   *metric.Scales
	Registry *registry.Registry
	Learn    Learner
	Options  Options
	// Ended is told what became of each training, in a word.
	Ended func(result string)
}

// Trainer trains models. Safe for concurrent use.
type Trainer struct {
	deps Deps
	busy sync.Mutex
}

// New returns a trainer.
func New(d Deps) *Trainer {
	d.Log = d.Log.Named("training")
	return &Trainer{deps: d}
}

// Train trains a model and puts it to use where it is better. It returns ErrAlready, a
// *TooFewError, registry.ErrMeanwhile when another model was put to use meanwhile, the
// error of ctx, or one of the bus.
func (t *Trainer) Train(ctx context.Context, o Order, tell func(Progress)) (Result, error) {
	if !t.busy.TryLock() {
		return Result{}, ErrAlready
	}
	defer t.busy.Unlock()
	r, err := t.train(ctx, o, tell)
	word := "failed"
	switch {
	case err == nil && r.Event.GetCurrent():
		word = "promoted"
	case err == nil:
		word = "kept"
	}
	t.deps.Ended(word)
	return r, err
}

func (t *Trainer) train(ctx context.Context, o Order, tell func(Progress)) (Result, error) {
	using, last := t.deps.Registry.Using()
	var p Progress
	taught, held, err := t.collect(ctx, &p, tell)
	if err != nil {
		return Result{}, err
	}
	var trained reading.Model
	var weights []byte
	err = lowPriority(func() (err error) {
		trained, weights, err = t.deps.Learn(ctx, taught, func(pass, passes int) {
			p.Pass, p.Passes = pass, passes
			tell(p)
		})
		return err
	})
	if err != nil {
		return Result{}, err
	}
	after, before := t.measure(trained, held), t.measure(using, held)
	e := &eventsv1.ModelEvent{
		At: timestamppb.New(t.deps.Clock.Now()), By: o.By, Version: trained.Version(), Weights: weights,
		TrainedOn: uint32(len(taught)), Evaluation: after, Before: before, BeforeVersion: using.Version(),
		Current: !o.DryRun && quality(after) >= quality(before)+t.deps.Options.Margin && trained.Version() != using.Version(),
	}
	t.deps.Log.Info("a model was trained", zap.String("version", e.GetVersion()), zap.Int("verbatims", len(taught)), zap.Int("held_out", len(held)),
		zap.Float64("quality", quality(after)), zap.Float64("quality_before", quality(before)), zap.Bool("promoted", e.GetCurrent()))
	if o.DryRun || ctx.Err() != nil {
		return Result{Event: e}, ctx.Err()
	}
	_, err = t.deps.Registry.Add(ctx, e, last)
	return Result{Event: e}, err
}

// Package training makes models of the deployment's own answers, where the customers' scores
// say what their words mean, and puts one to use that reads better than the one in use.
//
// Two parts. The sentiment is learnt from scores and corrections; what is found beside rules,
// dimensions and intents, from corrections that speak of them. Each part is compared with
// that of the model in use, and a new model has the parts that are better: neither part can
// spoil the other, nor hold it back. Both begin at what ships, each time, so that a model does
// not depend on those before it, but for a part that it keeps.
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
// to use when it has Options.Margin more than the one in use, on the same answers. The measure
// of the other part is F1 on corrections (topics.go).
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
	"github.com/rappel-loop/rappel/services/internal/crashpoint"
	"github.com/rappel-loop/rappel/services/internal/metric"
	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
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

// Learner makes models. What it gets was made by it, by its program, or decoded by it.
type Learner interface {
	// Learn learns the sentiment from labelled texts. tell is told now and then which pass it
	// is in. It may return a *TooFewError.
	Learn(ctx context.Context, examples []Example, tell func(pass, passes int)) (reading.Model, error)
	// Teach learns dimensions and intents from corrections; nil where none of them has words
	// to learn from.
	Teach(ctx context.Context, corrections []model.Labelled) (reading.Model, error)
	// Join is the sentiment of one with the dimensions and intents of another.
	Join(sentiment, topics reading.Model) reading.Model
	// Encode are a model's weights.
	Encode(m reading.Model) []byte
}

// Deps are what a Trainer works with; all are required.
type Deps struct {
	Bus      *bus.Bus
	Log      *zap.Logger
	Clock    clock.Clock
	Analyser *verbatim.Analyser
	Scales   *metric.Scales
	Registry *registry.Registry
	Learner  Learner
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
	m, err := t.collect(ctx, &p, tell)
	if err != nil {
		return Result{}, err
	}
	var learnt, taught reading.Model
	err = lowPriority(func() (err error) {
		learnt, err = t.deps.Learner.Learn(ctx, m.taught, func(pass, passes int) {
			p.Pass, p.Passes = pass, passes
			tell(p)
			crashpoint.Reached("learning")
		})
		if err == nil && len(m.corrections) >= leastCorrections {
			taught, err = t.deps.Learner.Teach(ctx, m.corrections)
		}
		return err
	})
	if err != nil {
		return Result{}, err
	}
	e := t.compare(using, learnt, taught, &m)
	e.By, e.Current = o.By, e.GetCurrent() && !o.DryRun
	t.deps.Log.Info("a model was trained", zap.String("version", e.GetVersion()), zap.Int("verbatims", len(m.taught)), zap.Int("held_out", len(m.held)),
		zap.Int("corrections", len(m.corrections)), zap.Int("corrections_held_out", len(m.heldCorrections)),
		zap.Float64("quality", quality(e.GetEvaluation())), zap.Float64("quality_before", quality(e.GetBefore())),
		zap.Bool("sentiment_kept", e.GetSentimentKept()), zap.Bool("topics_kept", e.GetTopicsKept()), zap.Bool("promoted", e.GetCurrent()))
	if o.DryRun || ctx.Err() != nil {
		return Result{Event: e}, ctx.Err()
	}
	crashpoint.Reached("trained")
	_, err = t.deps.Registry.Add(ctx, e, last)
	return Result{Event: e}, err
}

// compare makes a model of the parts that are better than those in use, to be put to use; of
// both that were trained where none is. taught may be nil.
func (t *Trainer) compare(using, learnt, taught reading.Model, m *material) *eventsv1.ModelEvent {
	join := t.deps.Learner.Join
	was, known := t.entries(using)
	e := &eventsv1.ModelEvent{At: timestamppb.New(t.deps.Clock.Now()), BeforeVersion: using.Version(), Before: t.measure(using, m.held)}
	evaluation := t.measure(learnt, m.held)
	sentiment := quality(evaluation) >= quality(e.GetBefore())+t.deps.Options.Margin && join(learnt, using).Version() != using.Version()
	before := t.measureTopics(using, m.heldCorrections, e.GetBefore())
	topics := false
	if taught != nil {
		version := join(using, taught).Version()
		after := t.measureTopics(taught, m.heldCorrections, &eventsv1.ModelEvaluation{})
		topics = t.topicsBetter(after, before, len(m.heldCorrections), version != using.Version(), known[version])
	}
	e.Current = sentiment || topics
	e.SentimentKept = e.GetCurrent() && !sentiment
	e.TopicsKept = taught == nil || e.GetCurrent() && !topics
	e.TrainedOn, e.Corrections = uint32(len(m.taught)), uint32(len(m.corrections))
	if e.GetSentimentKept() {
		learnt, evaluation, e.TrainedOn = using, t.measure(using, m.held), was.GetTrainedOn()
	}
	if e.GetTopicsKept() {
		taught, e.Corrections = using, was.GetCorrections()
	}
	made := join(learnt, taught)
	t.measureTopics(made, m.heldCorrections, evaluation)
	e.Evaluation, e.Version, e.Weights = evaluation, made.Version(), t.deps.Learner.Encode(made)
	return e
}

// entries are the event that brought a model, nil for the one that the program carries, and
// the versions of all models that are known.
func (t *Trainer) entries(of reading.Model) (event *eventsv1.ModelEvent, known map[string]bool) {
	known = map[string]bool{}
	for _, entry := range t.deps.Registry.List() {
		known[entry.Version] = true
		if entry.Version == of.Version() {
			event = entry.Event
		}
	}
	return event, known
}

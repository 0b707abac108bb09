package training_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
	"github.com/rappel-loop/rappel/services/scorer/internal/reading"
	"github.com/rappel-loop/rappel/services/scorer/internal/registry"
	"github.com/rappel-loop/rappel/services/scorer/internal/training"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var t0 = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// toy is a model that goes by the lexicon's score, by as much as factor says.
type toy struct {
	version string
	factor  float64
	// finds is the dimensions that it finds in every text, by letters.
	finds string
}

func (m toy) Version() string { return m.version }

func (m toy) Predict(_ *verbatim.Scratch, a *verbatim.Analysis) [3]float64 {
	s := m.factor * a.Sentiment.Score
	return [3]float64{max(0, -s), 1 - max(s, -s), max(0, s)}
}

func (m toy) Refine(_ *verbatim.Scratch, a *verbatim.Analysis) {
	a.Themes = nil
	for _, letter := range m.finds {
		d, _ := verbatim.ParseDimension(string(letter))
		a.Themes = append(a.Themes, verbatim.Theme{Dimension: d})
	}
}

func (m toy) Verdict(p [3]float64) model.Verdict {
	v := model.Verdict{Score: p[model.Positive] - p[model.Negative]}
	for c := range p {
		if p[c] > p[v.Class] {
			v.Class = model.Class(c)
		}
	}
	return v
}

func decode(weights []byte) (reading.Model, error) {
	m := toy{}
	if n, err := fmt.Sscanf(string(weights), "%s %f %s", &m.version, &m.factor, &m.finds); n < 2 {
		return nil, err
	}
	return m, nil
}

// world is a trainer, with one or more registries, on a server.
type world struct {
	*testing.T
	bus      *bus.Bus
	registry *registry.Registry
	trainer  *training.Trainer
	taught   []training.Example
	next     toy
	// corrections are what topics were taught by, and topics what came of it.
	corrections []model.Labelled
	topics      toy
	learning    func()
	ended       []string
	mu          sync.Mutex
	used        []string
	bad         int
}

func setup(t *testing.T) *world {
	t.Helper()
	return on(t, testkit.Bus(t), training.Options{Most: 1000, Fewest: 50, Margin: 0.01})
}

func on(t *testing.T, b *bus.Bus, o training.Options) *world {
	t.Helper()
	w := &world{T: t, bus: b, next: toy{"trained-1", 1, ""}, learning: func() {}}
	base := toy{"base-1", 0, ""}
	w.registry = registry.New(registry.Deps{
		Bus: b, Log: zap.NewNop(), Clock: clock.NewManual(t0), Base: base, Decode: decode,
		Use:        func(m reading.Model) { w.mu.Lock(); defer w.mu.Unlock(); w.used = append(w.used, m.Version()) },
		Unreadable: func() { w.mu.Lock(); defer w.mu.Unlock(); w.bad++ },
	})
	ctx, cancel := context.WithCancel(t.Context())
	var following sync.WaitGroup
	following.Go(func() { _ = w.registry.Follow(ctx) })
	t.Cleanup(func() { cancel(); following.Wait() })
	w.until(func() bool { return w.registry.Ready() == nil })
	a, err := verbatim.New()
	require.NoError(t, err)
	w.trainer = training.New(training.Deps{
		Bus: b, Log: zap.NewNop(), Clock: clock.NewManual(t0), Analyser: a, Registry: w.registry, Options: o,
		Learner: w,
		Ended:   func(result string) { w.ended = append(w.ended, result) },
	})
	return w
}

func (w *world) Learn(ctx context.Context, examples []training.Example, tell func(pass, passes int)) (reading.Model, error) {
	w.taught = examples
	tell(1, 1)
	w.learning()
	return w.next, ctx.Err()
}

func (w *world) Teach(_ context.Context, corrections []model.Labelled) (reading.Model, error) {
	w.corrections = corrections
	return w.topics, nil
}

// Join joins toys: what one finds stands behind its name.
func (w *world) Join(sentiment, topics reading.Model) reading.Model {
	s, t := sentiment.(toy), topics.(toy)
	if s.finds == t.finds {
		return s
	}
	s.finds = t.finds
	s.version, _, _ = strings.Cut(s.version, "_")
	s.version = strings.Replace(s.version, "base-", "from-", 1) + "_" + t.finds // base-… would be the program's
	return s
}

func (w *world) Encode(m reading.Model) []byte {
	t := m.(toy)
	return fmt.Appendf(nil, "%s %f %s", t.version, t.factor, t.finds)
}

func (w *world) until(ok func() bool) {
	w.Helper()
	require.Eventually(w, ok, 30*time.Second, 2*time.Millisecond)
}

// say stores a response with a CSAT and a text.
func (w *world) say(n, revision int, csat float64, text string) {
	w.Helper()
	r := &eventsv1.ResponseReceived{
		EventId: fmt.Sprintf("e-%d-%d", n, revision), ReceivedAt: timestamppb.New(t0), Revision: uint32(revision),
		CustomerKey: fmt.Sprintf("c-%d", n), Bucket: "0af",
		Response: &eventsv1.Response{Id: fmt.Sprintf("r-%d", n), Survey: "s", Answers: []*eventsv1.Answer{
			{Metric: eventsv1.Metric_CSAT, Value: &csat}, {Verbatim: text},
		}},
	}
	if csat == 0 {
		r.Response.Answers = r.Response.Answers[1:]
	}
	_, err := w.bus.Publish(w.Context(), bus.Event{Subject: subject.Response("s", "0af"), ID: r.GetEventId(), Body: r})
	require.NoError(w, err)
}

// answers stores n responses of each of good and bad.
func (w *world) answers(n int) {
	for i := range n {
		w.say(2*i, 1, 5, fmt.Sprintf("Parfait, merci à toute l'équipe %d.", i))
		w.say(2*i+1, 1, 1, fmt.Sprintf("Très déçu, c'est une honte %d.", i))
	}
}

func (w *world) train(o training.Order) (*eventsv1.ModelEvent, error) {
	r, err := w.trainer.Train(w.Context(), o, func(training.Progress) {})
	return r.Event, err
}

func TestABetterModelIsUsedEverywhere(t *testing.T) {
	t.Parallel()
	w := setup(t)
	other := on(t, w.bus, training.DefaultOptions())
	w.answers(200)
	w.say(900, 1, 5, "Très bien") // then corrected by the customer
	w.say(900, 2, 1, "Très mal")
	w.say(901, 1, 0, "sans note")
	var told []training.Progress
	r, err := w.trainer.Train(t.Context(), training.Order{By: "sam"}, func(p training.Progress) { told = append(told, p) })
	require.NoError(t, err)
	require.True(t, r.Event.GetCurrent())
	require.Equal(t, "base-1", r.Event.GetBeforeVersion())
	require.Greater(t, r.Event.GetEvaluation().GetAuc(), 0.99)
	require.InDelta(t, 0.5, r.Event.GetBefore().GetAuc(), 0.01, "all alike")
	require.Len(t, r.Event.GetEvaluation().GetConfusion(), 9)
	last := told[len(told)-1]
	require.EqualValues(t, 403, last.Read)
	require.Equal(t, 401, last.Labelled)
	require.Equal(t, 1, last.Pass)
	held := int(r.Event.GetEvaluation().GetAnswers())
	require.InDelta(t, 401/5, held, 25, "about a fifth")
	require.Len(t, w.taught, 401-held)
	for _, e := range w.taught {
		require.NotContains(t, []string{"Très bien", "sans note"}, e.Text)
	}
	using, _ := w.registry.Using()
	require.Equal(t, "trained-1", using.Version(), "at once, here")
	w.until(func() bool { using, _ := other.registry.Using(); return using.Version() == "trained-1" })

	// The same again is no better, and is kept to be promoted by hand.
	w.next = toy{"trained-2", 0.5, ""}
	e, err := w.train(training.Order{})
	require.NoError(t, err)
	require.False(t, e.GetCurrent())
	require.Equal(t, []string{"promoted", "kept"}, w.ended)
	w.next = toy{"trained-3", 1, ""}
	_, err = w.train(training.Order{DryRun: true})
	require.NoError(t, err)
	var versions []string
	for _, m := range w.registry.List() {
		versions = append(versions, fmt.Sprint(m.Version, m.Current))
	}
	require.Equal(t, []string{"trained-2false", "trained-1true", "base-1false"}, versions)

	for _, version := range []string{"trained-2", "base-1", "trained-1"} {
		got, err := other.registry.Promote(t.Context(), version, "max")
		require.NoError(t, err)
		require.True(t, got.Current)
		w.until(func() bool { using, _ := w.registry.Using(); return using.Version() == version })
	}
	_, err = other.registry.Promote(t.Context(), "trained-9", "max")
	require.ErrorIs(t, err, registry.ErrNoModel)

	// Who begins later reads the weights of an old event.
	late := on(t, w.bus, training.DefaultOptions())
	require.Equal(t, []string{"trained-1"}, late.used)
}

func TestCorrectionsGoBeforeScores(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.answers(200)
	correct := func(n int, text string, label eventsv1.Sentiment_Label) {
		c := &eventsv1.AnalysisCorrected{
			EventId: fmt.Sprint("k-", n, text, label), Survey: "s", ResponseId: fmt.Sprintf("r-%d", n), CustomerKey: fmt.Sprintf("c-%d", n), Bucket: "0af",
			Text: text, Correction: &eventsv1.Correction{Sentiment: label},
		}
		_, err := w.bus.Publish(t.Context(), bus.Event{Subject: subject.Correction("s", "0af"), ID: c.GetEventId(), Body: c})
		require.NoError(t, err)
	}
	for i := range 200 { // most of whom are not held out
		correct(2*i, fmt.Sprintf("Parfait, merci à toute l'équipe %d.", i), eventsv1.Sentiment_NEUTRAL)
		if i%2 == 0 { // taken back
			correct(2*i, fmt.Sprintf("Parfait, merci à toute l'équipe %d.", i), eventsv1.Sentiment_LABEL_UNSPECIFIED)
		}
		correct(5000+i, "d'une réponse qui n'est plus là", eventsv1.Sentiment_NEGATIVE)
	}
	_, err := w.train(training.Order{})
	require.NoError(t, err)
	gone := 0
	for _, e := range w.taught {
		var i int
		switch {
		case e.Text == "d'une réponse qui n'est plus là":
			gone++
			require.True(t, e.Corrected)
			require.Equal(t, model.Negative, e.Class)
		case strings.HasPrefix(e.Text, "Parfait"):
			_, err := fmt.Sscanf(e.Text, "Parfait, merci à toute l'équipe %d.", &i)
			require.NoError(t, err)
			require.Equal(t, i%2 == 1, e.Corrected, e.Text)
			require.Equal(t, map[bool]model.Class{true: model.Neutral, false: model.Positive}[e.Corrected], e.Class)
		}
	}
	require.Greater(t, gone, 130)
}

func TestTooLittleIsSaid(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var few *training.TooFewError
	_, err := w.train(training.Order{})
	require.ErrorAs(t, err, &few)
	for i := range 300 {
		w.say(i, 1, 5, "Parfait.")
	}
	_, err = w.train(training.Order{})
	require.ErrorAs(t, err, &few)
	require.ErrorContains(t, err, "0 dissatisfied verbatims to learn from, and 20 are needed")
	require.Equal(t, []string{"failed", "failed"}, w.ended)
}

func TestOneTrainingAtATimeAndOneWinner(t *testing.T) {
	t.Parallel()
	w := setup(t)
	other := on(t, w.bus, training.Options{Most: 1000, Fewest: 50, Margin: 0.01})
	w.answers(200)
	w.learning = func() {
		_, err := w.train(training.Order{})
		require.ErrorIs(t, err, training.ErrAlready)
		other.next = toy{"trained-other", 1, ""}
		_, err = other.train(training.Order{}) // of another process, which ends first
		require.NoError(t, err)
	}
	_, err := w.train(training.Order{})
	require.ErrorIs(t, err, registry.ErrMeanwhile)
	require.Len(t, w.registry.List(), 2, "nothing of the second was stored")

	ctx, cancel := context.WithCancel(t.Context())
	w.learning = cancel
	_, err = w.trainer.Train(ctx, training.Order{}, func(training.Progress) {})
	require.ErrorIs(t, err, context.Canceled)
}

// The one in use stays however old it is; of the others the last twenty do, in every process, and the
// weights of what is older leave the stream: also those that somebody left who died before
// deleting them.
func TestOldModelsAreDroppedAndTheirWeightsDeleted(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.answers(200)
	var last uint64
	for n := range 25 { // stored by one that deleted nothing
		version := fmt.Sprintf("trained-old%02d", n)
		e := &eventsv1.ModelEvent{EventId: version, Version: version, Weights: fmt.Appendf(nil, "%s 1", version), Current: n == 2}
		r, err := w.bus.Publish(t.Context(), bus.Event{Subject: subject.Model("sentiment"), ID: version, Body: e})
		require.NoError(t, err)
		last = r.Sequence
	}
	w.until(func() bool { l := w.registry.List(); return l[0].Version == "trained-old24" })
	listed := func(r *registry.Registry) (versions []string) {
		for _, e := range r.List() {
			versions = append(versions, e.Version)
		}
		return versions
	}
	require.Len(t, listed(w.registry), 22, "twenty, the one in use, and the base")
	require.Contains(t, listed(w.registry), "trained-old02")
	require.NotContains(t, listed(w.registry), "trained-old04")
	_, err := w.registry.Promote(t.Context(), "trained-old04", "max")
	require.ErrorIs(t, err, registry.ErrNoModel)

	other := on(t, w.bus, training.DefaultOptions())
	require.Equal(t, listed(w.registry), listed(other.registry))
	w.next = toy{"trained-new", 0.5, ""}
	_, err = w.train(training.Order{})
	require.NoError(t, err)
	w.until(func() bool { return slices.Equal(listed(w.registry), listed(other.registry)) })
	for seq := uint64(1); seq <= last; seq++ {
		_, err := w.bus.At(t.Context(), subject.Models, seq)
		if n := seq - 1; n == 2 || n >= 6 { // the new one has pushed out another
			require.NoError(t, err, "trained-old%02d", n)
		} else {
			require.ErrorIs(t, err, bus.ErrNotFound, "trained-old%02d", n)
		}
	}
	// Who reads what is left knows the same, and an old one that was in use can still be left and taken.
	late := on(t, w.bus, training.DefaultOptions())
	require.Equal(t, []string{"trained-old02"}, late.used)
	require.Equal(t, listed(w.registry), listed(late.registry))
	_, err = late.registry.Promote(t.Context(), "trained-old24", "max")
	require.NoError(t, err)
	w.until(func() bool { using, _ := w.registry.Using(); return using.Version() == "trained-old24" })
}

// A model of a later version, or damaged, changes nothing but a counter.
func TestAModelThatCannotBeDecodedIsNotUsed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	put := func(e *eventsv1.ModelEvent) {
		_, err := w.bus.Publish(t.Context(), bus.Event{Subject: subject.Model("sentiment"), ID: e.GetEventId(), Body: e})
		require.NoError(t, err)
	}
	put(&eventsv1.ModelEvent{EventId: "1", Version: "trained-1", Weights: []byte("trained-1 1"), Current: true})
	w.until(func() bool { using, _ := w.registry.Using(); return using.Version() == "trained-1" })
	put(&eventsv1.ModelEvent{EventId: "2", Version: "trained-2", Weights: []byte("?"), Current: true})
	put(&eventsv1.ModelEvent{EventId: "3", Version: "trained-3", Current: true}) // without weights anywhere
	_, err := w.bus.Publish(t.Context(), bus.Event{Subject: subject.Model("sentiment"), ID: "4", Body: &eventsv1.DeadLetter{}})
	require.NoError(t, err)
	w.until(func() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.bad == 3 })
	using, _ := w.registry.Using()
	require.Equal(t, "trained-1", using.Version())
	put(&eventsv1.ModelEvent{EventId: "5", Version: "base-of-another-program", Current: true})
	w.until(func() bool { using, _ := w.registry.Using(); return using.Version() == "base-1" })

	// Another process that begins now has the base, and no model that it cannot use.
	late := on(t, w.bus, training.DefaultOptions())
	require.Empty(t, late.used)
}

// Whatever order revisions come in, and however many there are: what is kept is a share of
// the responses, the same each time, at their latest revision.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	w := on(t, testkit.Bus(t), training.Options{Most: 1000, Fewest: 50})
	for revision := 1; revision <= 2; revision++ {
		for i := range 1600 {
			w.say(i, revision, float64(1+4*(i%2)), fmt.Sprintf("texte %d", revision))
		}
	}
	var first []training.Example
	for range 2 {
		e, err := w.train(training.Order{DryRun: true})
		require.NoError(t, err)
		all := len(w.taught) + int(e.GetEvaluation().GetAnswers())
		require.LessOrEqual(t, all, 1000)
		require.Greater(t, all, 500)
		for _, x := range w.taught {
			require.Equal(t, "texte 2", x.Text)
		}
		if first != nil {
			require.Equal(t, first, w.taught)
		}
		first = w.taught
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	require.NoError(t, training.DefaultOptions().Validate())
	err := training.Options{Most: 1, Fewest: 1, Margin: 2}.Validate()
	for _, want := range []string{"most: 1", "fewest: 1", "margin: 2"} {
		require.ErrorContains(t, err, want)
	}
}

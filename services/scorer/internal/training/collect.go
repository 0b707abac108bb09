package training

import (
	"context"
	"errors"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
)

// tellEvery is after how many responses somebody is told again.
const tellEvery = 5000

// least is how many of dissatisfied and of satisfied there must be, to learn from and to
// measure on.
const least = model.Fewest

var errRead = errors.New("read to the end")

type said struct {
	class    model.Class
	customer uint64
}

// collect reads what there is to learn from, and what to measure on.
func (t *Trainer) collect(ctx context.Context, p *Progress, tell func(Progress)) (taught, held []Example, err error) {
	s, err := t.deps.Bus.JetStream().Stream(ctx, subject.Responses)
	if err != nil {
		return nil, nil, errors.Join(bus.ErrUnavailable, err)
	}
	p.ToRead = s.CachedInfo().State.Msgs
	tell(*p)
	corrected, err := t.corrected(ctx)
	if err != nil {
		return nil, nil, err
	}
	sample := newSample(t.deps.Options.Most)
	err = t.read(ctx, subject.Responses, func(d bus.Delivery) error {
		r := &eventsv1.ResponseReceived{}
		if d.Decode(r) == nil { // else the scorer has made a dead letter of it
			k := key(r.GetResponse().GetSurvey(), r.GetResponse().GetId())
			sample.put(k, t.examples(r, corrected[k]))
		}
		if p.Read++; p.Read%tellEvery == 0 {
			p.Labelled = sample.rows
			tell(*p)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for k, texts := range corrected {
		if len(sample.by[k]) == 0 { // the response itself has gone, or has no score
			sample.put(k, texts.examples())
		}
	}
	p.Labelled = sample.rows
	tell(*p)
	taught, held = sample.split()
	return taught, held, t.enough(taught, held)
}

// read hands over every event that a stream has now.
func (t *Trainer) read(ctx context.Context, stream string, each func(bus.Delivery) error) error {
	err := t.deps.Bus.Follow(ctx, bus.FollowOptions{Stream: stream}, each, func() error { return errRead })
	if errors.Is(err, errRead) {
		return nil
	}
	return err
}

// corrected reads the corrections: of each text the last that says how it sounds.
func (t *Trainer) corrected(ctx context.Context) (map[uint64]texts, error) {
	all := map[uint64]texts{}
	err := t.read(ctx, subject.Corrections, func(d bus.Delivery) error {
		c := &eventsv1.AnalysisCorrected{}
		if err := d.Decode(c); err != nil {
			return nil //nolint:nilerr // the book of corrections reports it
		}
		k := key(c.GetSurvey(), c.GetResponseId())
		class, ok := classOf(c.GetCorrection().GetSentiment())
		switch {
		case !ok:
			delete(all[k], cut(c.GetText())) // the last counts, whole
		case all[k] == nil:
			all[k] = texts{}
			fallthrough
		default:
			all[k][cut(c.GetText())] = said{class: class, customer: customer(c.GetCustomerKey())}
		}
		return nil
	})
	return all, err
}

// texts are those of a response that were corrected.
type texts map[string]said

func (t texts) examples() []Example {
	var out []Example
	for text, s := range t {
		out = append(out, Example{Text: text, Class: s.class, Corrected: true, Customer: s.customer})
	}
	return out
}

// examples are those of a response.
func (t *Trainer) examples(r *eventsv1.ResponseReceived, corrected texts) []Example {
	class, labelled := t.label(r.GetResponse())
	var out []Example
	for _, a := range r.GetResponse().GetAnswers() {
		if a.GetVerbatim() == "" {
			continue
		}
		e := Example{Text: cut(a.GetVerbatim()), Class: class, Customer: customer(r.GetCustomerKey())}
		if s, ok := corrected[e.Text]; ok {
			e.Class, e.Corrected = s.class, true
		}
		if labelled || e.Corrected {
			out = append(out, e)
		}
	}
	return out
}

// enough returns a *TooFewError where there is too little to learn from, or to tell one
// model from another.
func (t *Trainer) enough(taught, held []Example) error {
	if len(taught) < t.deps.Options.Fewest {
		return &TooFewError{What: "verbatims with a score to learn from", Have: len(taught), Need: t.deps.Options.Fewest}
	}
	for _, side := range []struct {
		what string
		of   []Example
	}{{"to learn from", taught}, {"held out to be measured on", held}} {
		var n [3]int
		for _, e := range side.of {
			n[e.Class]++
		}
		if n[model.Negative] < least {
			return &TooFewError{What: "dissatisfied verbatims " + side.what, Have: n[model.Negative], Need: least}
		}
		if n[model.Positive] < least {
			return &TooFewError{What: "satisfied verbatims " + side.what, Have: n[model.Positive], Need: least}
		}
	}
	return nil
}

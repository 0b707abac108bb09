package training

import (
	"context"
	"errors"
	"slices"

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

// material is what is learnt from, and what of each is held out to be measured on.
type material struct {
	taught, held []Example
	// corrections are those that say what a text is about or what its writer wants.
	corrections, heldCorrections []model.Labelled
}

// collect reads it.
func (t *Trainer) collect(ctx context.Context, p *Progress, tell func(Progress)) (m material, err error) {
	s, err := t.deps.Bus.JetStream().Stream(ctx, subject.Responses)
	if err != nil {
		return m, errors.Join(bus.ErrUnavailable, err)
	}
	p.ToRead = s.CachedInfo().State.Msgs
	tell(*p)
	corrected, err := t.corrected(ctx)
	if err != nil {
		return m, err
	}
	sample := newSample[Example](t.deps.Options.Most)
	err = t.read(ctx, subject.Responses, func(d bus.Delivery) error {
		r := &eventsv1.ResponseReceived{}
		if d.Decode(r) == nil { // else the scorer has made a dead letter of it
			k := key(r.GetResponse().GetSurvey(), r.GetResponse().GetId())
			sample.put(k, t.examples(r, corrected.by[k]))
		}
		if p.Read++; p.Read%tellEvery == 0 {
			p.Labelled = sample.rows
			tell(*p)
		}
		return nil
	})
	if err != nil {
		return m, err
	}
	for k, all := range corrected.by {
		if len(sample.by[k]) == 0 { // the response itself has gone, or has no score
			sample.put(k, examplesOf(all))
		}
	}
	p.Labelled = sample.rows
	tell(*p)
	for e := range sample.all {
		if heldOut(e.Customer) {
			m.held = append(m.held, e)
		} else {
			m.taught = append(m.taught, e)
		}
	}
	for c := range corrected.all {
		switch {
		case c.topics.DimensionsUnsaid && c.topics.IntentsUnsaid:
		case heldOut(c.topics.Group):
			m.heldCorrections = append(m.heldCorrections, c.topics)
		default:
			m.corrections = append(m.corrections, c.topics)
		}
	}
	return m, t.enough(m.taught, m.held)
}

// read hands over every event that a stream has now.
func (t *Trainer) read(ctx context.Context, stream string, each func(bus.Delivery) error) error {
	err := t.deps.Bus.Follow(ctx, bus.FollowOptions{Stream: stream}, each, func() error { return errRead })
	if errors.Is(err, errRead) {
		return nil
	}
	return err
}

// corrected reads the corrections: of each text the last, whole.
func (t *Trainer) corrected(ctx context.Context) (*sample[said], error) {
	all := newSample[said](t.deps.Options.Most)
	err := t.read(ctx, subject.Corrections, func(d bus.Delivery) error {
		c := &eventsv1.AnalysisCorrected{}
		if err := d.Decode(c); err != nil {
			return nil //nolint:nilerr // the book of corrections reports it
		}
		k, now := key(c.GetSurvey(), c.GetResponseId()), saidBy(c)
		known := slices.DeleteFunc(slices.Clone(all.by[k]), func(s said) bool { return s.topics.Text == now.topics.Text })
		all.put(k, append(known, now))
		return nil
	})
	return all, err
}

// examples are those of a response.
func (t *Trainer) examples(r *eventsv1.ResponseReceived, corrected []said) []Example {
	class, labelled := t.label(r.GetResponse())
	var out []Example
	for _, a := range r.GetResponse().GetAnswers() {
		if a.GetVerbatim() == "" {
			continue
		}
		e := Example{Text: cut(a.GetVerbatim()), Class: class, Customer: customer(r.GetCustomerKey())}
		for _, s := range corrected {
			if s.sounds && s.topics.Text == e.Text {
				e.Class, e.Corrected = s.class, true
			}
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

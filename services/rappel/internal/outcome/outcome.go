// Package outcome reads the streams and says what came of the answers: classes,
// alerts, callbacks, and how long an answer took to become a callback.
package outcome

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// Report is what came of every answer in the store.
type Report struct {
	// Responses counts distinct responses, Revisions what was stored of them.
	Responses, Revisions int
	// Classes counts each response's answers at its last revision, by metric and
	// class.
	Classes map[eventsv1.Metric]map[eventsv1.Class]int
	// Alerts counts the responses each rule matched, Withdrawn those of them that
	// were corrected so that it no longer does.
	Alerts, Withdrawn map[string]int
	// Open counts open callbacks, Closed those that were completed or canceled.
	Open, Closed int
	// Latencies are the times from an answer being stored to its callback being
	// stored, shortest first.
	Latencies []time.Duration
}

// Quantile returns the latency that a share q (0 to 1) of all do not exceed; ok
// is false when there is none.
func (r Report) Quantile(q float64) (d time.Duration, ok bool) {
	if len(r.Latencies) == 0 {
		return 0, false
	}
	i := int(q * float64(len(r.Latencies)))
	return r.Latencies[min(i, len(r.Latencies)-1)], true
}

// WaitIdle returns when every event stored so far has been handled by every
// service, or ctx ends.
func WaitIdle(ctx context.Context, b *bus.Bus) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		idle, err := isIdle(ctx, b)
		if err != nil || idle {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the loop is still at work: %w", ctx.Err())
		}
	}
}

// isIdle asks the consumers in the order of the loop: what one has acknowledged
// the next has been given.
func isIdle(ctx context.Context, b *bus.Bus) (bool, error) {
	for _, c := range topology.Consumers() {
		cons, err := b.JetStream().Consumer(ctx, c.Stream, c.Durable)
		if err != nil {
			return false, fmt.Errorf("consumer %s: %w", c.Durable, err)
		}
		info := cons.CachedInfo()
		if info.NumPending > 0 || info.NumAckPending > 0 {
			return false, nil
		}
	}
	return true, nil
}

// Read reads every stream from its beginning.
func Read(ctx context.Context, b *bus.Bus) (Report, error) {
	r := reader{
		bus: b, stored: map[revisionKey]time.Time{}, scores: map[responseKey]scored{},
		alerts: map[string]alertState{}, callbacks: map[string]bool{},
	}
	for _, step := range []struct {
		stream string
		each   func(bus.Delivery) error
	}{
		{subject.Responses, r.response},
		{subject.Scores, r.score},
		{subject.Alerts, r.alert},
		{subject.Callbacks, r.callback},
	} {
		if err := r.read(ctx, step.stream, step.each); err != nil {
			return Report{}, fmt.Errorf("read %s: %w", step.stream, err)
		}
	}
	return r.report(), nil
}

type (
	responseKey struct{ survey, id string }
	revisionKey struct {
		responseKey
		revision uint32
	}
	scored struct {
		revision uint32
		answers  []*eventsv1.AnswerScore
	}
	alertState struct {
		rule                 string
		revision, correction uint32
		resolved             bool
	}
)

// reader gathers.
type reader struct {
	bus       *bus.Bus
	stored    map[revisionKey]time.Time
	scores    map[responseKey]scored
	alerts    map[string]alertState
	callbacks map[string]bool // id -> open
	latencies []time.Duration
	revisions int
}

var errDone = errors.New("read to the end")

func (r *reader) read(ctx context.Context, stream string, each func(bus.Delivery) error) error {
	err := r.bus.Follow(ctx, bus.FollowOptions{Stream: stream}, each, func() error { return errDone })
	if errors.Is(err, errDone) {
		return nil
	}
	return err
}

func keyOf(m *eventsv1.ResponseReceived) responseKey {
	return responseKey{m.GetResponse().GetSurvey(), m.GetResponse().GetId()}
}

func (r *reader) response(d bus.Delivery) error {
	var m eventsv1.ResponseReceived
	if err := d.Decode(&m); err != nil {
		return err
	}
	r.revisions++
	r.stored[revisionKey{keyOf(&m), m.GetRevision()}] = d.Time
	return nil
}

func (r *reader) score(d bus.Delivery) error {
	var m eventsv1.ResponseScored
	if err := d.Decode(&m); err != nil {
		return err
	}
	key, revision := keyOf(m.GetReceived()), m.GetReceived().GetRevision()
	if r.scores[key].revision < revision {
		r.scores[key] = scored{revision, m.GetScore().GetAnswers()}
	}
	return nil
}

func (r *reader) alert(d bus.Delivery) error {
	var raised eventsv1.AlertRaised
	if err := d.Decode(&raised); err == nil {
		r.note(raised.GetAlertId(), stateOf(raised.GetRule(), raised.GetScored(), false))
		return nil
	}
	var resolved eventsv1.AlertResolved
	if err := d.Decode(&resolved); err != nil {
		return err
	}
	r.note(resolved.GetAlertId(), stateOf(resolved.GetRule(), resolved.GetScored(), true))
	return nil
}

func stateOf(rule string, e *eventsv1.ResponseScored, resolved bool) alertState {
	return alertState{rule: rule, revision: e.GetReceived().GetRevision(), correction: e.GetCorrection(), resolved: resolved}
}

func (r *reader) note(id string, s alertState) {
	was, known := r.alerts[id]
	if !known || was.revision < s.revision || was.revision == s.revision && was.correction < s.correction {
		r.alerts[id] = s
	}
}

func (r *reader) callback(d bus.Delivery) error {
	var m eventsv1.CallbackEvent
	if err := d.Decode(&m); err != nil {
		return err
	}
	cb := m.GetCallback()
	if cb == nil {
		return nil
	}
	r.callbacks[cb.GetId()] = cb.GetState() != eventsv1.Callback_COMPLETED && cb.GetState() != eventsv1.Callback_CANCELED
	if m.GetType() != eventsv1.CallbackEvent_OPENED && m.GetType() != eventsv1.CallbackEvent_ENRICHED {
		return nil
	}
	for _, reason := range cb.GetReasons() {
		if reason.GetAlertId() != m.GetCause() || reason.GetCorrection() > 0 {
			continue
		}
		key := revisionKey{responseKey{reason.GetSurvey(), reason.GetResponseId()}, reason.GetRevision()}
		if at, ok := r.stored[key]; ok {
			r.latencies = append(r.latencies, d.Time.Sub(at))
		}
	}
	return nil
}

func (r *reader) report() Report {
	rep := Report{
		Responses: len(r.scores), Revisions: r.revisions, Classes: map[eventsv1.Metric]map[eventsv1.Class]int{},
		Alerts: map[string]int{}, Withdrawn: map[string]int{}, Latencies: r.latencies,
	}
	for _, s := range r.scores {
		for _, a := range s.answers {
			byClass := rep.Classes[a.GetMetric()]
			if byClass == nil {
				byClass = map[eventsv1.Class]int{}
				rep.Classes[a.GetMetric()] = byClass
			}
			byClass[a.GetClass()]++
		}
	}
	for _, a := range r.alerts {
		rep.Alerts[a.rule]++
		if a.resolved {
			rep.Withdrawn[a.rule]++
		}
	}
	for _, open := range r.callbacks {
		if open {
			rep.Open++
		} else {
			rep.Closed++
		}
	}
	slices.Sort(rep.Latencies)
	return rep
}

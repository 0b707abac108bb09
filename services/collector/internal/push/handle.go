package push

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/hook"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/mapping"
)

// Reasons of dead letters.
const (
	reasonNoPush      = "no_push"
	reasonNotAtSource = "not_at_source"
	reasonForbidden   = "refused_at_source"
	reasonUnmappable  = "unmappable"
	reasonRefused     = "refused"
)

// Delays before a source's API is asked again, and after how many times it is believed
// that a response is not there, or may not be asked for: it may be told of before it can be
// read, for minutes. A list is asked for a few times when it has nothing new.
const (
	firstDelay = 5 * time.Second
	lastDelay  = 10 * time.Minute
	maxMissed  = 8
	maxEarly   = 5
)

// maxRows is how many responses of one push are stored at once.
const maxRows = 500

// handle makes responses of one push.
func (s *Service) handle(ctx context.Context, e *hook.Endpoint, d bus.Delivery) error {
	p := &eventsv1.PushReceived{}
	if err := d.Decode(p); err != nil {
		return err
	}
	docs, err := e.Documents(ctx, p.GetBody())
	if errors.Is(err, hook.ErrEarly) && d.Deliveries >= maxEarly {
		err = nil // that was all
	}
	if err == nil {
		err = s.answer(ctx, e, p, docs)
	} else {
		err = s.fetched(ctx, d, err)
	}
	if err == nil && len(docs) == 0 {
		s.o.Count(e.Name, Skipped)
	}
	s.count(e, err)
	return err
}

func (s *Service) count(e *hook.Endpoint, err error) {
	switch {
	case err == nil: // each response was counted
	case bus.IsTerminal(err):
		s.o.Count(e.Name, GivenUp)
	default:
		s.o.Count(e.Name, Retried)
	}
}

// fetched is what becomes of a push whose source's API did not answer with documents.
func (s *Service) fetched(ctx context.Context, d bus.Delivery, err error) error {
	var api *hook.APIError
	switch {
	case ctx.Err() != nil:
		return err
	case errors.Is(err, hook.ErrBody):
		return bus.Terminate(reasonNoPush, err)
	case !errors.As(err, &api):
		return bus.RetryAfter(s.delay(d), err)
	case api.Gone() && d.Deliveries >= maxMissed:
		return bus.Terminate(reasonNotAtSource, err)
	case api.Refused() && d.Deliveries >= maxMissed:
		return bus.Terminate(reasonForbidden, err)
	}
	return bus.RetryAfter(max(api.RetryAfter, s.delay(d)), err)
}

func (s *Service) delay(d bus.Delivery) time.Duration {
	return min(s.o.FirstDelay<<min(max(d.Deliveries, 1)-1, 10), lastDelay)
}

// answer stores the responses that a push's documents become.
func (s *Service) answer(ctx context.Context, e *hook.Endpoint, p *eventsv1.PushReceived, docs []any) error {
	var wrong problems
	for begin := 0; begin < len(docs); begin += maxRows {
		var all []told
		for i, doc := range docs[begin:min(begin+maxRows, len(docs))] {
			row := e.Map(doc)
			switch {
			case row.Skip != "":
				s.o.Count(e.Name, Skipped)
			case row.Response == nil:
				wrong.add(reasonUnmappable, row.Problems...)
			default:
				t := told{doc: doc, row: row, push: p, said: e.Said(doc), number: begin + i, of: len(docs)}
				complete(row.Response, t)
				all = append(all, t)
			}
		}
		if err := s.submit(ctx, e, all, &wrong); err != nil {
			return err
		}
	}
	return wrong.err()
}

// told is one response that a push told.
type told struct {
	doc  any
	row  mapping.Row
	push *eventsv1.PushReceived
	// said is when its source says that it was given; zero where it does not.
	said time.Time
	// number is the document's, of so many.
	number, of int
}

// complete gives a response what its mapping did not: it is the same each time.
func complete(r *eventsv1.Response, t told) {
	if r.GetId() == "" {
		r.Id = hook.Push{ID: t.push.GetPushId(), Body: t.push.GetBody()}.Unnamed(t.push.GetEndpoint())
		if t.of > 1 {
			r.Id += "-" + strconv.Itoa(t.number+1)
		}
	}
	date(r, t.said, t.push.GetReceivedAt())
}

// date gives a response the time that its mapping did not: when its source says that it
// was given, else when it was told. The first is the same when it is told again, so that
// what is played again later is not taken for newer.
func date(r *eventsv1.Response, said time.Time, told *timestamppb.Timestamp) {
	switch {
	case r.GetSubmittedAt() != nil:
	case said.IsZero() || said.After(told.AsTime()):
		r.SubmittedAt = &timestamppb.Timestamp{Seconds: told.GetSeconds(), Nanos: told.GetNanos()}
	default:
		r.SubmittedAt = timestamppb.New(said)
	}
}

// submit stores responses. What is refused for a detail is mended, and tried again: nobody
// is there to mend it at the source.
func (s *Service) submit(ctx context.Context, e *hook.Endpoint, all []told, wrong *problems) error {
	again, err := s.try(ctx, e, all, func(t told, invalid *ingest.InvalidError) (told, bool) {
		t.row = e.Map(t.doc) // what was refused is half normalised
		if !response.Mend(t.row.Response, invalid.Violations) {
			wrong.refused(e, t, invalid)
			return t, false
		}
		complete(t.row.Response, t)
		return t, true
	})
	if err != nil || len(again) == 0 {
		return err
	}
	_, err = s.try(ctx, e, again, func(t told, invalid *ingest.InvalidError) (told, bool) {
		wrong.refused(e, t, invalid)
		return t, false
	})
	return err
}

// try stores responses once, and returns those that refused wants to have tried again.
func (s *Service) try(ctx context.Context, e *hook.Endpoint, all []told, refused func(told, *ingest.InvalidError) (told, bool)) ([]told, error) {
	if len(all) == 0 {
		return nil, nil
	}
	rows := make([]ingest.Row, len(all))
	for i, t := range all {
		rows[i].Response = t.row.Response
	}
	outcomes, err := s.o.Ingest.SubmitBatch(ctx, rows)
	var again []told
	for i, out := range outcomes {
		var invalid *ingest.InvalidError
		switch {
		case errors.As(out.Err, &invalid):
			if t, ok := refused(all[i], invalid); ok {
				again = append(again, t)
			}
		case out.Err != nil:
			err = out.Err
		case err == nil:
			s.o.Count(e.Name, Answered)
		}
	}
	if err == nil {
		return again, nil
	}
	// Not the push's fault: it waits in line, and counts nothing.
	return nil, fmt.Errorf("%w: %w", bus.ErrUnavailable, err)
}

// problems are why documents of one push did not become responses.
type problems struct {
	reason string
	lines  []string
}

// maxProblems bounds what a dead letter says.
const maxProblems = 20

func (p *problems) add(reason string, lines ...string) {
	if p.reason == "" {
		p.reason = reason
	}
	p.lines = append(p.lines, lines[:min(len(lines), maxProblems)]...)
}

// refused adds what a collector refused, by where it came from.
func (p *problems) refused(e *hook.Endpoint, t told, invalid *ingest.InvalidError) {
	for _, v := range invalid.Violations {
		p.add(reasonRefused, e.Origin(t.row, v.Path)+": "+v.Problem)
	}
}

func (p *problems) err() error {
	if p.reason == "" {
		return nil
	}
	more := ""
	if n := len(p.lines); n > maxProblems {
		more = fmt.Sprintf("; and %d more", n-maxProblems)
		p.lines = p.lines[:maxProblems]
	}
	return bus.Terminate(p.reason, errors.New(strings.Join(p.lines, "; ")+more))
}

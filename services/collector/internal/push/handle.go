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
		var mapped []mapping.Row
		var rows []ingest.Row
		for i, doc := range docs[begin:min(begin+maxRows, len(docs))] {
			row := e.Map(doc)
			switch {
			case row.Skip != "":
				s.o.Count(e.Name, Skipped)
			case row.Response == nil:
				wrong.add(reasonUnmappable, row.Problems...)
			default:
				complete(row.Response, p, begin+i, len(docs))
				date(row.Response, e.Said(doc), p.GetReceivedAt())
				mapped, rows = append(mapped, row), append(rows, ingest.Row{Response: row.Response})
			}
		}
		if err := s.submit(ctx, e, mapped, rows, &wrong); err != nil {
			return err
		}
	}
	return wrong.err()
}

// complete gives a response what its mapping did not: it is the same each time.
func complete(r *eventsv1.Response, p *eventsv1.PushReceived, i, of int) {
	if r.GetId() == "" {
		r.Id = hook.Push{ID: p.GetPushId(), Body: p.GetBody()}.Unnamed(p.GetEndpoint())
		if of > 1 {
			r.Id += "-" + strconv.Itoa(i+1)
		}
	}
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

func (s *Service) submit(ctx context.Context, e *hook.Endpoint, mapped []mapping.Row, rows []ingest.Row, wrong *problems) error {
	if len(rows) == 0 {
		return nil
	}
	outcomes, err := s.o.Ingest.SubmitBatch(ctx, rows)
	for i, out := range outcomes {
		var invalid *ingest.InvalidError
		switch {
		case errors.As(out.Err, &invalid):
			for _, v := range invalid.Violations {
				wrong.add(reasonRefused, e.Origin(mapped[i], v.Path)+": "+v.Problem)
			}
		case out.Err != nil:
			err = out.Err
		case err == nil:
			s.o.Count(e.Name, Answered)
		}
	}
	if err == nil {
		return nil
	}
	// Not the push's fault: it waits in line, and counts nothing.
	return fmt.Errorf("%w: %w", bus.ErrUnavailable, err)
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

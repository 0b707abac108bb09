package transport

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/rehearsal"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// Bounds of a rehearsal.
const (
	usualExamples = 5
	mostExamples  = 100
	mostStaffing  = 100
	mostAgents    = 5000
	mostAnHour    = 1000
	longestOpen   = 60 * 24 * time.Hour
)

// errStopping ends a rehearsal that has to begin again elsewhere.
var errStopping = errors.New("the server stops")

// RehearseRules runs rules over the answers of the past.
func (s *Server) RehearseRules(r *alertingv1.RehearseRulesRequest, out grpc.ServerStreamingServer[alertingv1.RehearseRulesResponse]) error {
	plan, since, err := s.plan(r)
	if err != nil {
		return err
	}
	select {
	case s.slot <- struct{}{}:
		defer func() { <-s.slot }()
	default:
		return rpc.Refused(codes.Aborted, "REHEARSING_ALREADY", "another rehearsal runs here; one at a time leaves room for live answers")
	}
	ctx, cancel := context.WithCancelCause(out.Context())
	defer cancel(nil)
	defer s.untilStopping(ctx, cancel)()
	last := &alertingv1.RehearseRulesResponse{}
	last.Report, err = s.deps.Rehearser.Rehearse(ctx, plan, since, func(read, of uint64) error {
		last.Read, last.ToRead = read, of
		return out.Send(&alertingv1.RehearseRulesResponse{Read: read, ToRead: of})
	})
	switch {
	case errors.Is(context.Cause(ctx), errStopping):
		return rpc.Refused(codes.Unavailable, "GOING_AWAY", "the server stops; begin again")
	case err != nil:
		return s.status(err)
	}
	return out.Send(last)
}

// untilStopping cancels when the server begins to stop. What it returns ends that.
func (s *Server) untilStopping(ctx context.Context, cancel context.CancelCauseFunc) (end func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-s.deps.Stopping:
			cancel(errStopping)
		case <-ctx.Done():
		}
	}()
	return func() { cancel(nil); <-done }
}

// plan reads a request, or says everything that is wrong with it.
func (s *Server) plan(r *alertingv1.RehearseRulesRequest) (rehearsal.Plan, time.Time, error) {
	var wrong []rpc.Field
	field := func(bad bool, path, problem string) {
		if bad {
			wrong = append(wrong, rpc.Field{Path: path, Problem: problem})
		}
	}
	p := rehearsal.Plan{Staffing: rehearsal.Staffing{}, Examples: usualExamples}
	if r.Examples != nil {
		p.Examples = int(r.GetExamples())
	}
	field(p.Examples > mostExamples, "examples", fmt.Sprintf("must be at most %d", mostExamples))
	field(r.GetSince() != nil && r.GetSince().CheckValid() != nil, "since", "is no valid moment")
	field(len(r.GetStaffing()) > mostStaffing, "staffing", fmt.Sprintf("must be at most %d", mostStaffing))
	for i, one := range r.GetStaffing() {
		staffing(one, func(bad bool, name, problem string) { field(bad, fmt.Sprintf("staffing[%d].%s", i, name), problem) })
		p.Staffing[one.GetQueue()] = one
	}
	if len(wrong) > 0 {
		return p, time.Time{}, rpc.Invalid(wrong...)
	}
	var err error
	if p.Draft, err = s.deps.Book.Check(r.GetText()); err != nil {
		return p, time.Time{}, s.status(err)
	}
	if r.GetSince() == nil {
		return p, time.Time{}, nil
	}
	return p, r.GetSince().AsTime(), nil
}

func staffing(one *alertingv1.Staffing, field func(bad bool, name, problem string)) {
	field(one.GetQueue() != "" && subject.CheckToken(one.GetQueue()) != nil, "queue", subject.ErrToken.Error())
	field(one.GetAgents() > mostAgents, "agents", fmt.Sprintf("must be at most %d", mostAgents))
	field(!(one.GetCallbacksAnHour() >= 0 && one.GetCallbacksAnHour() <= mostAnHour), "callbacksAnHour", fmt.Sprintf("must be 0 to %d", mostAnHour))
	h := one.GetHoursADay()
	field(h != 0 && !(h >= 1 && h <= 24), "hoursADay", "must be 1 to 24")
	if d := one.GetOpenFor(); d != nil {
		field(d.AsDuration() <= 0 || d.AsDuration() > longestOpen, "openFor", "must be more than 0s and at most 60 days")
	}
	if d := one.GetTarget(); d != nil {
		field(d.AsDuration() <= 0 || d.AsDuration() > longestOpen, "target", "must be more than 0s and at most 60 days")
	}
}

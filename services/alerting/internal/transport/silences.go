package transport

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/plan"
	"github.com/rappel-loop/rappel/services/alerting/internal/silence"
	"github.com/rappel-loop/rappel/services/internal/documents"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// Silences are those that callers see and change.
type Silences interface {
	Get(id string) (*eventsv1.Silence, error)
	List() ([]*eventsv1.Silence, error)
	Create(ctx context.Context, d silence.Draft, requestID string) (*eventsv1.Silence, error)
	Update(ctx context.Context, id string, d silence.Draft) (*eventsv1.Silence, error)
	Expire(ctx context.Context, id, by string) (*eventsv1.Silence, error)
}

var _ Silences = (*silence.Book)(nil)

// mostSilences is how many are listed.
const mostSilences = 1000

// tryLater is how long to wait for what is being read at the start.
const tryLater = time.Second

// longestRequestID bounds a request's id.
const longestRequestID = 128

// CreateSilence keeps notifications back.
func (s *Server) CreateSilence(ctx context.Context, r *alertingv1.CreateSilenceRequest) (*alertingv1.CreateSilenceResponse, error) {
	var wrong rpc.Wrong
	if len(r.GetRequestId()) > longestRequestID {
		wrong.Field("requestId", "must be at most 128 bytes")
	}
	draft := draft(&wrong, r.GetSilence())
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	made, err := s.deps.Silences.Create(ctx, draft, r.GetRequestId())
	if err != nil {
		return nil, silenceStatus(err)
	}
	return &alertingv1.CreateSilenceResponse{Silence: made, Alerts: s.keptBack(made)}, nil
}

// UpdateSilence changes one that has not ended.
func (s *Server) UpdateSilence(ctx context.Context, r *alertingv1.UpdateSilenceRequest) (*alertingv1.UpdateSilenceResponse, error) {
	var wrong rpc.Wrong
	draft := draft(&wrong, r.GetSilence())
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	changed, err := s.deps.Silences.Update(ctx, r.GetId(), draft)
	if err != nil {
		return nil, silenceStatus(err)
	}
	return &alertingv1.UpdateSilenceResponse{Silence: changed, Alerts: s.keptBack(changed)}, nil
}

// ExpireSilence ends one now.
func (s *Server) ExpireSilence(ctx context.Context, r *alertingv1.ExpireSilenceRequest) (*alertingv1.ExpireSilenceResponse, error) {
	var wrong rpc.Wrong
	wrong.By(r.GetBy(), true)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	ended, err := s.deps.Silences.Expire(ctx, r.GetId(), r.GetBy())
	if err != nil {
		return nil, silenceStatus(err)
	}
	return &alertingv1.ExpireSilenceResponse{Silence: ended}, nil
}

// GetSilence shows one.
func (s *Server) GetSilence(_ context.Context, r *alertingv1.GetSilenceRequest) (*alertingv1.GetSilenceResponse, error) {
	one, err := s.deps.Silences.Get(r.GetId())
	if err != nil {
		return nil, silenceStatus(err)
	}
	return &alertingv1.GetSilenceResponse{Silence: s.views([]*eventsv1.Silence{one})[0]}, nil
}

// ListSilences shows silences: those that hold first, then those to come, then those that
// have ended, the soonest change first.
func (s *Server) ListSilences(_ context.Context, r *alertingv1.ListSilencesRequest) (*alertingv1.ListSilencesResponse, error) {
	all, err := s.deps.Silences.List()
	if err != nil {
		return nil, silenceStatus(err)
	}
	now := s.deps.Now()
	all = slices.DeleteFunc(all, func(one *eventsv1.Silence) bool { return !r.GetEnded() && silence.Ended(one, now) })
	slices.SortFunc(all, func(a, b *eventsv1.Silence) int {
		stateA, stateB := silenceState(a, now), silenceState(b, now)
		by := a.GetEndsAt().AsTime().Compare(b.GetEndsAt().AsTime())
		switch stateA {
		case alertingv1.SilenceView_PENDING:
			by = a.GetStartsAt().AsTime().Compare(b.GetStartsAt().AsTime())
		case alertingv1.SilenceView_ENDED:
			by = -by // the latest first
		}
		return cmp.Or(cmp.Compare(stateA, stateB), by, cmp.Compare(a.GetId(), b.GetId()))
	})
	return &alertingv1.ListSilencesResponse{Silences: s.views(all[:min(len(all), mostSilences)])}, nil
}

func silenceState(one *eventsv1.Silence, now time.Time) alertingv1.SilenceView_State {
	switch {
	case silence.Ended(one, now):
		return alertingv1.SilenceView_ENDED
	case silence.Pending(one, now):
		return alertingv1.SilenceView_PENDING
	default:
		return alertingv1.SilenceView_ACTIVE
	}
}

// views are silences as they stand.
func (s *Server) views(several []*eventsv1.Silence) []*alertingv1.SilenceView {
	now := s.deps.Now()
	compiled := make([]plan.Silence, len(several))
	out := make([]*alertingv1.SilenceView, len(several))
	for i, one := range several {
		out[i] = &alertingv1.SilenceView{Silence: one, State: silenceState(one, now)}
		compiled[i] = compile(one)
		_, out[i].Now = compiled[i].Now(now)
	}
	for i, n := range s.deps.Groups.Silences(compiled) {
		out[i].Alerts = n
	}
	return out
}

// compile is a silence as plans use it. One that cannot be read holds nothing back.
func compile(one *eventsv1.Silence) plan.Silence {
	c, err := silence.Compile(one)
	if err != nil {
		return silence.Never(one.GetId())
	}
	return c
}

func (s *Server) keptBack(one *eventsv1.Silence) uint32 {
	return s.deps.Groups.Silences([]plan.Silence{compile(one)})[0]
}

// draft reads a silence of a request; what package silence does not check is checked here.
func draft(wrong *rpc.Wrong, d *alertingv1.SilenceDraft) silence.Draft {
	at := func(name string, t *timestamppb.Timestamp) time.Time {
		if t == nil {
			return time.Time{}
		}
		if t.CheckValid() != nil {
			wrong.Field("silence."+name, "is no valid moment")
		}
		return t.AsTime()
	}
	return silence.Draft{
		Matchers: d.GetMatchers(), StartsAt: at("startsAt", d.GetStartsAt()), EndsAt: at("endsAt", d.GetEndsAt()),
		Recurrence: d.GetRecurrence(), Author: d.GetAuthor(), Comment: d.GetComment(),
	}
}

// silenceStatus is what a caller is told of an error of the silences.
func silenceStatus(err error) error {
	var invalid *silence.InvalidError
	switch {
	case errors.As(err, &invalid):
		var wrong rpc.Wrong
		for _, p := range invalid.Problems {
			wrong.Field("silence."+p.Field, p.Text)
		}
		return wrong.Err()
	case errors.Is(err, silence.ErrNone):
		return rpc.Refused(codes.NotFound, "NO_SUCH_SILENCE", "there is no such silence; those that have ended are remembered for 30 days")
	case errors.Is(err, silence.ErrEnded):
		return rpc.Refused(codes.FailedPrecondition, "SILENCE_ENDED", "the silence has ended; make another")
	case errors.Is(err, silence.ErrTooMany):
		return rpc.Refused(codes.ResourceExhausted, "TOO_MANY_SILENCES", err.Error())
	case errors.Is(err, documents.ErrContended):
		return rpc.Refused(codes.Aborted, "CONTENDED", "others change this silence at the same time; try again")
	case errors.Is(err, documents.ErrLoading):
		return rpc.TryLater(codes.Unavailable, "LOADING", "the silences are being read; try again", tryLater)
	}
	return notNow(err)
}

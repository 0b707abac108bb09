package transport

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/fallback"
	"github.com/rappel-loop/rappel/services/internal/documents"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// Fallbacks knows which fallbacks apply.
type Fallbacks interface {
	List() ([]fallback.Standing, error)
}

var _ Fallbacks = (*fallback.Watcher)(nil)

// ListFallbacks shows which fallbacks apply.
func (s *Server) ListFallbacks(context.Context, *alertingv1.ListFallbacksRequest) (*alertingv1.ListFallbacksResponse, error) {
	all, err := s.deps.Fallbacks.List()
	if errors.Is(err, documents.ErrLoading) {
		return nil, rpc.TryLater(codes.Unavailable, "LOADING", "the fallbacks are being read; ask again", time.Second)
	}
	if err != nil {
		return nil, s.status(err)
	}
	resp := &alertingv1.ListFallbacksResponse{}
	for _, f := range all {
		m := &alertingv1.Fallback{
			Name: f.Name, Active: f.Active, Queue: f.Queue, Measures: f.Measures(),
			BeginsAbove: durationpb.New(f.BeginsAbove), EndsBelow: durationpb.New(f.EndsBelow),
		}
		if !f.Since.IsZero() {
			m.Since = timestamppb.New(f.Since)
		}
		if f.Reading.Knowledge == fallback.Known {
			m.Wait = durationpb.New(f.Reading.Wait.Round(time.Second))
		}
		resp.Fallbacks = append(resp.Fallbacks, m)
	}
	return resp, nil
}

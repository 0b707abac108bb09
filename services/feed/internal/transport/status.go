// Package transport is how subscribers reach the feed: by gRPC, and over HTTP as server-sent
// events.
package transport

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rappel-loop/rappel/services/feed/internal/subscription"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// roomAfter and storeAfter are when to come back.
const (
	roomAfter  = 5 * time.Second
	storeAfter = 2 * time.Second
)

// toStatus is what a subscriber is told of an error.
func toStatus(log *zap.Logger, err error) error {
	var invalid *subscription.InvalidError
	switch {
	case errors.As(err, &invalid):
		fields := make([]rpc.Field, len(invalid.Problems))
		for i, p := range invalid.Problems {
			fields[i] = rpc.Field{Path: p.Field, Problem: p.Text}
		}
		return rpc.Invalid(fields...)
	case errors.Is(err, subscription.ErrExpired):
		return rpc.Refused(codes.OutOfRange, "CURSOR_EXPIRED", "what came after this cursor is no longer kept: begin anew, with "+
			"from=beginning for all that is kept or from=now, without the cursor")
	case errors.Is(err, subscription.ErrTooMany):
		return rpc.TryLater(codes.ResourceExhausted, "TOO_MANY_SUBSCRIBERS", "as many follow the feed as this server lets", roomAfter)
	case errors.Is(err, subscription.ErrEnding):
		return rpc.Refused(codes.Unavailable, "GOING_AWAY", "this server is about to stop; subscribe again, with the last cursor")
	case errors.Is(err, subscription.ErrUnavailable):
		log.Warn("a subscriber is sent away", zap.Error(err))
		return rpc.TryLater(codes.Unavailable, "STORE_UNAVAILABLE", "the event store does not answer", storeAfter)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return status.FromContextError(err).Err()
	}
	return err
}

package transport

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
)

// GRPC implements the collector's gRPC service.
type GRPC struct {
	collectorv1.UnimplementedCollectorServiceServer
	o Options
}

// NewGRPC returns the gRPC service.
func NewGRPC(o Options) *GRPC { return &GRPC{o: o} }

// SubmitResponse stores one response.
func (g *GRPC) SubmitResponse(ctx context.Context, req *collectorv1.SubmitResponseRequest) (*collectorv1.SubmitResponseResponse, error) {
	ctx, err := g.o.admitCall(ctx)
	if err != nil {
		return nil, g.o.status(err)
	}
	key, err := callKey(ctx, metadata.ValueFromIncomingContext(ctx, idempotencyHeader))
	if err != nil {
		return nil, g.o.status(err)
	}
	if key.IsSet() {
		if found := g.o.Ingest.Check(proto.CloneOf(req.GetResponse())); len(found) > 0 {
			return nil, invalidFields(found)
		}
	}
	if err := g.o.noteMessage(ctx, key, "SubmitResponse", req, req.GetResponse()); err != nil {
		return nil, g.o.status(err)
	}
	res, err := g.o.Ingest.Submit(ctx, req.GetResponse())
	if err != nil {
		return nil, g.o.status(err)
	}
	return &collectorv1.SubmitResponseResponse{Id: res.ID, Revision: res.Revision, Duplicate: res.Duplicate}, nil
}

// SubmitResponses stores the good rows of a batch and names the bad ones.
func (g *GRPC) SubmitResponses(ctx context.Context, req *collectorv1.SubmitResponsesRequest) (*collectorv1.SubmitResponsesResponse, error) {
	ctx, err := g.o.admitCall(ctx)
	if err != nil {
		return nil, g.o.status(err)
	}
	n := len(req.GetResponses())
	if n == 0 || n > MaxRows {
		return nil, errRows
	}
	if err := callerOf(ctx).Charge(ctx, n); err != nil {
		return nil, g.o.status(err)
	}
	key, err := callKey(ctx, metadata.ValueFromIncomingContext(ctx, idempotencyHeader))
	if err == nil {
		err = g.o.noteMessage(ctx, key, "SubmitResponses", req, req.GetResponses()...)
	}
	if err != nil {
		return nil, g.o.status(err)
	}
	rows := make([]ingest.Row, n)
	for i, r := range req.GetResponses() {
		rows[i].Response = r
	}
	outcomes, err := g.o.Ingest.SubmitBatch(ctx, rows)
	if err != nil {
		return nil, g.o.status(err)
	}
	resp := &collectorv1.SubmitResponsesResponse{Results: make([]*collectorv1.SubmitResult, len(outcomes))}
	for i, out := range outcomes {
		resp.Results[i] = g.o.result(out)
	}
	return resp, nil
}

// stream is what StreamResponses needs of its stream.
type stream interface {
	Context() context.Context
	Recv() (*collectorv1.StreamResponsesRequest, error)
	Send(*collectorv1.StreamResponsesResponse) error
}

// StreamResponses stores responses as they come; many are under way at once.
func (g *GRPC) StreamResponses(s collectorv1.CollectorService_StreamResponsesServer) error {
	return g.stream(s)
}

func (g *GRPC) stream(s stream) error {
	ctx, err := g.o.admitCall(s.Context())
	if err != nil {
		return g.o.status(err)
	}
	t := g.o.Ingest.NewStream(ctx, func(group []ingest.Answered) error {
		for _, a := range group {
			if err := s.Send(&collectorv1.StreamResponsesResponse{RequestNo: a.Number, Result: g.o.result(a.Outcome)}); err != nil {
				return err
			}
		}
		return nil
	})
	err = receive(ctx, s, t)
	return errors.Join(err, t.Close())
}

func receive(ctx context.Context, s stream, t *ingest.Stream) error {
	caller := callerOf(ctx)
	for first := true; ; first = false {
		req, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if refused := goesOn(ctx, caller, first); refused != nil {
			err = t.Refuse(req.GetRequestNo(), refused)
		} else {
			err = t.Put(req.GetRequestNo(), req.GetResponse())
		}
		if err != nil {
			return err
		}
	}
}

// goesOn asks for each response of a stream what is asked of a call: a stream may outlast
// a key. The first was paid for when the stream was let in.
func goesOn(ctx context.Context, caller *access.Caller, first bool) error {
	if err := caller.Current(); err != nil || first {
		return err
	}
	return caller.ChargeNext(ctx)
}

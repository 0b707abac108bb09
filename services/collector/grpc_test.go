package collector_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

func request(r *eventsv1.Response) *collectorv1.SubmitResponseRequest {
	return &collectorv1.SubmitResponseRequest{Response: r}
}

func TestOneResponseOverGRPC(t *testing.T) {
	t.Parallel()
	l := setup(t)
	res := l.submit(piece("r", "C", nps(2)))
	require.Equal(t, "r", res.GetId())
	require.EqualValues(t, 1, res.GetRevision())
	_, err := l.grpc.SubmitResponse(t.Context(), request(&eventsv1.Response{Survey: "?", Answers: []*eventsv1.Answer{{}, nps(11)}}))
	require.Equal(t, codes.InvalidArgument, grpcstatus.Code(err))
	require.Equal(t, "INVALID_FIELDS", rpc.Reason(err))
	require.Equal(t, []string{"survey", "answers[0]", "answers[1].value"}, violations(err))
	_, err = l.grpc.SubmitResponse(t.Context(), request(nil))
	require.Equal(t, []string{"response"}, violations(err))
}

func violations(err error) (out []string) {
	for _, d := range grpcstatus.Convert(err).Details() {
		if bad, ok := d.(*errdetails.BadRequest); ok {
			for _, v := range bad.GetFieldViolations() {
				out = append(out, v.GetField())
			}
		}
	}
	return out
}

func TestABatchOverGRPC(t *testing.T) {
	t.Parallel()
	l := setup(t)
	resp, err := l.grpc.SubmitResponses(t.Context(), &collectorv1.SubmitResponsesRequest{Responses: []*eventsv1.Response{
		piece("a", "C", nps(2)), piece("b", "C", nps(20)), nil, piece("a", "C", nps(2)),
	}})
	require.NoError(t, err)
	rows := resp.GetResults()
	require.Len(t, rows, 4)
	require.Equal(t, "a", rows[0].GetId())
	require.NotNil(t, rows[0].Duplicate)
	require.Equal(t, "INVALID_ARGUMENT", rows[1].GetError().GetCode())
	require.Equal(t, "answers[0].value", rows[1].GetError().GetFields()[0].GetField())
	require.NotNil(t, rows[2].GetError())
	require.True(t, rows[3].GetDuplicate())
	for _, n := range []int{0, 1001} {
		_, err = l.grpc.SubmitResponses(t.Context(), &collectorv1.SubmitResponsesRequest{Responses: make([]*eventsv1.Response, n)})
		require.Equal(t, []string{"responses"}, violations(err))
	}
}

func TestAStreamAnswersEveryRequest(t *testing.T) {
	t.Parallel()
	l := setup(t)
	s, err := l.grpc.StreamResponses(t.Context())
	require.NoError(t, err)
	const n = 5000
	go func() {
		for i := range n {
			// Five pieces of each of 1,000 responses, in order; every 100th is wrong.
			r := piece(fmt.Sprintf("r-%d", i/5), fmt.Sprintf("C-%d", i/5%300), nps(float64(i%5)))
			if i%100 == 99 {
				r.Survey = ""
			}
			if s.Send(&collectorv1.StreamResponsesRequest{RequestNo: uint64(i + 1), Response: r}) != nil {
				return
			}
		}
		_ = s.CloseSend()
	}()
	seen := map[uint64]*collectorv1.SubmitResult{}
	for {
		res, err := s.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		seen[res.GetRequestNo()] = res.GetResult()
	}
	require.Len(t, seen, n)
	for no, res := range seen {
		i := int(no - 1)
		if i%100 == 99 {
			require.Equal(t, "INVALID_ARGUMENT", res.GetError().GetCode())
			continue
		}
		require.Equal(t, fmt.Sprintf("r-%d", i/5), res.GetId())
		require.EqualValues(t, i%5+1, res.GetRevision(), "in the order they were sent")
	}
	require.Len(t, l.deliveries(), n-n/100)
}

func TestAStreamThatTheSourceLeavesEnds(t *testing.T) {
	t.Parallel()
	l := setup(t)
	for range 20 {
		s, err := l.grpc.StreamResponses(t.Context())
		require.NoError(t, err)
		for i := range 50 {
			require.NoError(t, s.Send(&collectorv1.StreamResponsesRequest{Response: piece(fmt.Sprint(i), "C", nps(1))}))
		}
	}
	l.stop() // the connection goes first; nothing may be left behind
}

package rpc_test

import (
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

func TestGRPCAnswersLikeHTTP(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := callbackv1.NewCallbackServiceClient(s.dial(t))
	claim := func(agent string) error {
		_, err := c.ClaimCallback(t.Context(), &callbackv1.ClaimCallbackRequest{AgentId: agent})
		return err
	}
	require.NoError(t, claim("amina"))
	for agent, want := range map[string]struct {
		code   codes.Code
		reason string
	}{
		"invalid": {codes.InvalidArgument, "INVALID_FIELDS"},
		"none":    {codes.NotFound, "NO_CALLBACK_READY"},
		"busy":    {codes.ResourceExhausted, "BUSY"},
		"panics":  {codes.Internal, "INTERNAL"},
		"fails":   {codes.Internal, "INTERNAL"},
	} {
		err := claim(agent)
		require.Equal(t, want.code, codeOf(err), agent)
		require.Equal(t, want.reason, rpc.Reason(err), agent)
		require.NotContains(t, err.Error(), "customer")
	}
	err := claim(strings.Repeat("a", rpc.MaxMessageBytes+1))
	require.Equal(t, codes.ResourceExhausted, codeOf(err))
	require.Empty(t, rpc.Reason(errors.New("none")))
}

func TestGRPCHealthFollowsReadiness(t *testing.T) {
	t.Parallel()
	s := setup(t)
	var broken atomic.Bool
	s.Health().AddReadiness("nats", func() error {
		if broken.Load() {
			return errors.New("nats is away")
		}
		return nil
	})
	c := grpc_health_v1.NewHealthClient(s.dial(t))
	check := func() grpc_health_v1.HealthCheckResponse_ServingStatus {
		resp, err := c.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
		require.NoError(t, err)
		return resp.GetStatus()
	}
	require.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, check())
	broken.Store(true)
	require.Equal(t, grpc_health_v1.HealthCheckResponse_NOT_SERVING, check())
	broken.Store(false)
	require.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, check())
	s.Health().SetStopping()
	require.Equal(t, grpc_health_v1.HealthCheckResponse_NOT_SERVING, check())
	_, err := c.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: "none"})
	require.Equal(t, codes.NotFound, codeOf(err))
}

func TestGRPCReflectionListsTheServices(t *testing.T) {
	t.Parallel()
	stream, err := grpc_reflection_v1.NewServerReflectionClient(setup(t).dial(t)).ServerReflectionInfo(t.Context())
	require.NoError(t, err)
	require.NoError(t, stream.Send(&grpc_reflection_v1.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{},
	}))
	resp, err := stream.Recv()
	require.NoError(t, err)
	var names []string
	for _, s := range resp.GetListServicesResponse().GetService() {
		names = append(names, s.GetName())
	}
	require.Contains(t, names, callbackv1.CallbackService_ServiceDesc.ServiceName)
	require.Contains(t, names, "grpc.health.v1.Health")
	require.NoError(t, stream.CloseSend())
}

func TestAnAddressInUseIsNamedWithItsFlag(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	_, err = rpc.Listen(taken.Addr().String(), "127.0.0.1:0")
	require.ErrorContains(t, err, "--http-addr")
	_, err = rpc.Listen("127.0.0.1:0", taken.Addr().String())
	require.ErrorContains(t, err, "--grpc-addr")
}

package rpc

import (
	"context"
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
)

// newGateway speaks lowerCamelCase JSON, refuses unknown fields, and answers
// every error as a google.rpc.Status.
func newGateway() *runtime.ServeMux {
	return runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, &runtime.JSONPb{
			MarshalOptions:   protojson.MarshalOptions{},
			UnmarshalOptions: protojson.UnmarshalOptions{},
		}),
		runtime.WithErrorHandler(gatewayError),
		runtime.WithRoutingErrorHandler(routingError),
	)
}

func routingError(ctx context.Context, mux *runtime.ServeMux, m runtime.Marshaler, w http.ResponseWriter, r *http.Request, code int) {
	switch code {
	case http.StatusNotFound:
		gatewayError(ctx, mux, m, w, r, Refused(codes.NotFound, "NO_SUCH_PATH", "no such path; docs/openapi lists them"))
	case http.StatusMethodNotAllowed:
		gatewayError(ctx, mux, m, w, r, Refused(codes.Unimplemented, "METHOD_NOT_ALLOWED", "this path does not take this method"))
	default:
		runtime.DefaultRoutingErrorHandler(ctx, mux, m, w, r, code)
	}
}

package rpc

import (
	"context"
	"net/http"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/codes"
)

// newGateway speaks lowerCamelCase JSON, refuses unknown fields, and answers
// every error as a google.rpc.Status.
func (s *Server) newGateway() *runtime.ServeMux {
	return runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, newStrict()),
		runtime.WithErrorHandler(gatewayError),
		runtime.WithRoutingErrorHandler(s.routingError),
		runtime.WithIncomingHeaderMatcher(headers),
	)
}

// headers says under which name a gRPC call sees a header: as it is for those that name a
// call, else as the gateway has it.
func headers(name string) (string, bool) {
	if strings.EqualFold(name, "Idempotency-Key") {
		return "idempotency-key", true
	}
	return runtime.DefaultHeaderMatcher(name)
}

func gatewayError(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	if problem := problemOf(r); problem != nil {
		err = problem
	}
	WriteError(w, err)
}

func (s *Server) routingError(ctx context.Context, mux *runtime.ServeMux, m runtime.Marshaler, w http.ResponseWriter, r *http.Request, code int) {
	others := s.otherMethods(r)
	switch {
	case code == http.StatusMethodNotAllowed, len(others) > 0:
		if len(others) > 0 {
			w.Header().Set("Allow", strings.Join(others, ", "))
		}
		gatewayError(ctx, mux, m, w, r, Refused(codes.Unimplemented, "METHOD_NOT_ALLOWED", "this path does not take this method"))
	case code == http.StatusNotFound:
		gatewayError(ctx, mux, m, w, r, Refused(codes.NotFound, "NO_SUCH_PATH", "no such path; docs/openapi lists them"))
	default:
		gatewayError(ctx, mux, m, w, r, Refused(codes.InvalidArgument, "BAD_REQUEST", "the request cannot be routed: "+http.StatusText(code)))
	}
}

// otherMethods are those that a hand-made route takes on this path.
func (s *Server) otherMethods(r *http.Request) []string {
	var others []string
	for _, method := range []string{http.MethodDelete, http.MethodGet, http.MethodPatch, http.MethodPost, http.MethodPut} {
		ask := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := s.mux.Handler(ask); method != r.Method && pattern != "" && pattern != "/" {
			others = append(others, method)
		}
	}
	return others
}

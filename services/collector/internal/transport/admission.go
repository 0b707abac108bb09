package transport

import (
	"context"
	"net/http"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

const authorization = "Authorization"

type callerKey struct{}

// callerOf is who was let in with a call.
func callerOf(ctx context.Context) *access.Caller {
	return ctx.Value(callerKey{}).(*access.Caller) //nolint:forcetypeassert // a route that lets nobody in is a defect, and shall answer nobody
}

// admit lets a caller in; what they may send goes with the context.
func (o Options) admit(ctx context.Context, keys []string, address string) (context.Context, error) {
	c, err := o.Access.Admit(ctx, keys, address)
	if err != nil {
		return ctx, err
	}
	if c.Scoped() {
		ctx = ingest.WithScope(ctx, c)
	}
	return context.WithValue(ctx, callerKey{}, c), nil
}

// admitted puts the question who calls before a route.
func (h *HTTP) admitted(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, err := h.o.admit(r.Context(), r.Header.Values(authorization), h.addressOf(r))
		if err != nil {
			h.turnAway(w, err)
			return
		}
		next(w, r.WithContext(ctx))
	}
}

func (h *HTTP) turnAway(w http.ResponseWriter, err error) {
	err = h.o.status(err)
	if status.Code(err) == codes.Unauthenticated {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	rpc.WriteError(w, err)
}

func (h *HTTP) addressOf(r *http.Request) string {
	return h.o.Addresses.Of(r.RemoteAddr, r.Header.Values("X-Forwarded-For"))
}

// AdmitVisitor lets a customer see a page: only their address counts.
func (o Options) AdmitVisitor(r *http.Request) error {
	return o.Access.AdmitAddress(r.Context(), o.Addresses.Of(r.RemoteAddr, r.Header.Values("X-Forwarded-For")))
}

// admitCall lets in who calls by gRPC, or by HTTP and the gateway: that is a peer in
// memory, and says last in X-Forwarded-For who called it.
func (o Options) admitCall(ctx context.Context) (context.Context, error) {
	address := ""
	var forwarded []string
	if p, ok := peer.FromContext(ctx); ok {
		address = p.Addr.String()
		if p.Addr.Network() == "bufconn" {
			hops := strings.Split(strings.Join(metadata.ValueFromIncomingContext(ctx, "x-forwarded-for"), ","), ",")
			address, forwarded = strings.TrimSpace(hops[len(hops)-1]), hops[:len(hops)-1]
		}
	}
	return o.admit(ctx, metadata.ValueFromIncomingContext(ctx, authorization), o.Addresses.Of(address, forwarded))
}

// refusal is what a caller who is not let in is told.
func refusal(e *access.RefusedError) error {
	if e.Reason == access.RateLimited {
		return rpc.TryLater(codes.ResourceExhausted, rpc.RateLimited, "too many answers in a short time; nothing was stored", e.Wait)
	}
	say := map[access.Reason]string{
		access.KeyRequired: "a key is required: send Authorization: Bearer rk_…",
		access.KeyUnknown:  "the key is not known",
		access.KeyExpired:  "the key has expired",
	}
	return rpc.Refused(codes.Unauthenticated, string(e.Reason), say[e.Reason])
}

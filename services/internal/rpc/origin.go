package rpc

import (
	"net/http"

	"google.golang.org/grpc/codes"
)

// sameOrigin refuses what a page of another site makes a person's browser send:
// a server on this machine may ask nobody who they are. Callers that are no
// browser pass.
func sameOrigin(next http.Handler) http.Handler {
	p := http.NewCrossOriginProtection()
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		WriteError(w, Refused(codes.PermissionDenied, "CROSS_ORIGIN", "a page of another site may not call this server"))
	}))
	return p.Handler(next)
}

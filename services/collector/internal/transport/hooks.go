package transport

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/rappel-loop/rappel/services/collector/internal/hook"
	"github.com/rappel-loop/rappel/services/collector/internal/push"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// MaxPush bounds the body of a source's call, in bytes.
const MaxPush = 1 << 20

// Reasons of refused calls.
const (
	reasonUnknown   = "HOOK_UNKNOWN"
	reasonUnsigned  = "HOOK_UNSIGNED"
	reasonSignature = "HOOK_SIGNATURE"
	reasonStale     = "HOOK_STALE"
	reasonKeys      = "HOOK_KEYS_UNAVAILABLE"
	reasonBody      = "HOOK_BODY"
)

// hooksPath is what the paths of all endpoints begin with.
const hooksPath = "/v1/hooks"

// unknownAfter is when a source shall call again at an endpoint that is not there. It is
// told to come back, and not that there is nothing, because some switch a webhook off for
// good then (Typeform on 404 and 410): a configuration that was lost for a minute must
// not cost the answers of the time after.
const unknownAfter = 5 * time.Minute

// call stores what a source tells.
func (h *HTTP) call(w http.ResponseWriter, r *http.Request) {
	n, err := h.take(w, r)
	if err != nil {
		h.refuseCall(w, r, err)
		return
	}
	write(w, http.StatusOK, append(strconv.AppendInt([]byte(`{"pushes":`), int64(n), 10), '}'))
}

func (h *HTTP) take(w http.ResponseWriter, r *http.Request) (int, error) {
	e, err := h.o.Pushes.Endpoint(r.PathValue("source"), r.PathValue("endpoint"))
	if err != nil {
		return 0, err
	}
	data, release, err := h.bodies.read(w, r, MaxPush)
	if err != nil {
		return 0, err
	}
	defer release()
	return h.o.Pushes.Take(r.Context(), e, hook.Call{URL: r.URL.RequestURI(), Header: r.Header, Body: data, At: h.o.Clock.Now()})
}

// isThere answers sources that look for an endpoint before they use it (SurveyMonkey
// with HEAD, Qualtrics with GET).
func (h *HTTP) isThere(w http.ResponseWriter, r *http.Request) {
	if _, err := h.o.Pushes.Endpoint(r.PathValue("source"), r.PathValue("endpoint")); err != nil {
		h.refuseCall(w, r, err)
		return
	}
	write(w, http.StatusOK, []byte(`{}`))
}

// refuseCall answers a call that was not taken. Who is not the source counts as anybody of
// that address does, so that forged calls run dry; the source itself has a limit of its own.
func (h *HTTP) refuseCall(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, push.ErrUnknown) {
		h.unknown(r)
	}
	if stranger(err) {
		if limited := h.o.Access.AdmitAddress(r.Context(), h.addressOf(r)); limited != nil {
			err = limited
		}
	}
	h.refuse(w, h.o.hookStatus(err))
}

func stranger(err error) bool {
	return errors.Is(err, push.ErrUnknown) || errors.Is(err, hook.ErrUnsigned) || errors.Is(err, hook.ErrSignature) || errors.Is(err, hook.ErrStale)
}

// hookStatus is the one place where a refused call becomes an answer.
func (o Options) hookStatus(err error) error {
	refused := map[error][2]string{
		hook.ErrUnsigned:  {reasonUnsigned, "; set the secret at the source, or allow_unsigned here"},
		hook.ErrSignature: {reasonSignature, "; compare the secret here with the one at the source"},
		hook.ErrStale:     {reasonStale, "; compare this machine's clock"},
	}
	for known, say := range refused {
		if errors.Is(err, known) {
			return rpc.Refused(codes.Unauthenticated, say[0], known.Error()+say[1])
		}
	}
	switch {
	case errors.Is(err, push.ErrUnknown):
		return rpc.TryLater(codes.Unavailable, reasonUnknown, push.ErrUnknown.Error()+"; name it under collector.hooks, with this source", unknownAfter)
	case errors.Is(err, hook.ErrKeys):
		return rpc.TryLater(codes.Unavailable, reasonKeys, hook.ErrKeys.Error()+"; nothing was stored", o.RetryAfter)
	case errors.Is(err, hook.ErrBody):
		return rpc.Refused(codes.InvalidArgument, reasonBody, err.Error())
	}
	return err
}

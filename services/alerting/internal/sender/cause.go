package sender

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"syscall"

	"code.dny.dev/ssrf"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/egress"
)

// cause says why nothing was answered. An error's own text may have an
// address, a URL or what the other side said.
func cause(ctx context.Context, err error) Problem {
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var timeout net.Error
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedPort), errors.Is(err, ssrf.ErrProhibitedNetwork), errors.Is(err, egress.ErrHost):
		return Because(eventsv1.DeliveryAttempt_NETWORK_NOT_ALLOWED)
	case errors.Is(ctx.Err(), context.Canceled):
		return Because(eventsv1.DeliveryAttempt_CUT_SHORT)
	case errors.As(err, &dns):
		return Because(eventsv1.DeliveryAttempt_NAME_UNKNOWN)
	case errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &invalid), errors.As(err, &verify):
		return Because(eventsv1.DeliveryAttempt_CERTIFICATE_NOT_TRUSTED)
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return Because(eventsv1.DeliveryAttempt_NO_TLS)
	case errors.Is(err, syscall.ECONNREFUSED):
		return Because(eventsv1.DeliveryAttempt_CONNECTION_REFUSED)
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return Because(eventsv1.DeliveryAttempt_TIMED_OUT)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return Because(eventsv1.DeliveryAttempt_UNREACHABLE)
	default:
		return Because(eventsv1.DeliveryAttempt_CONNECTION_LOST)
	}
}

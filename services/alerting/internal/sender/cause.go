package sender

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"syscall"

	"code.dny.dev/ssrf"

	"github.com/rappel-loop/rappel/services/internal/egress"
)

// cause says in a few words why nothing was answered. An error's own text may have an
// address, a URL or what the other side said.
func cause(ctx context.Context, err error) string {
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var timeout net.Error
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedPort), errors.Is(err, ssrf.ErrProhibitedNetwork), errors.Is(err, egress.ErrHost):
		return "its address is in a network that may not be reached: alerting.notify_allow_private"
	case errors.Is(ctx.Err(), context.Canceled):
		return "the try was cut short"
	case errors.As(err, &dns):
		return "its name cannot be looked up"
	case errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &invalid), errors.As(err, &verify):
		return "its certificate is not trusted"
	case errors.As(err, &record):
		return "it does not speak TLS there"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nobody listens there"
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "it does not answer in time"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "it cannot be reached"
	default:
		return "the connection ended"
	}
}

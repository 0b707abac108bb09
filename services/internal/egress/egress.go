// Package egress makes the HTTP clients with which the loop calls out: to a source's
// API, to a receiver of events.
//
// Safety. A client reaches the hosts it was made for and no other, follows no redirect,
// and connects to no address of a private or special network unless it may: where a
// name leads is checked when it is dialled, so that a name that changes its mind
// between the look and the call gains nothing. What it reads is bounded.
package egress

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"code.dny.dev/ssrf"
)

// Options configure a client.
type Options struct {
	// Hosts are the URLs' hosts that may be called, with their port where it is not the
	// scheme's own. At least one.
	Hosts []string
	// AllowPrivate lets the hosts be addresses of this machine or a private network,
	// on any port and without TLS, and lets HTTPS_PROXY and its like be obeyed.
	AllowPrivate bool
	// Timeout bounds one call with the reading of its answer; 0 is 15 s.
	Timeout time.Duration
}

// ErrHost says that a URL is none of those a client was made for.
var ErrHost = errors.New("the host may not be called")

const defaultTimeout = 15 * time.Second

// New returns a client. It keeps a few connections open: call CloseIdleConnections when
// it is no longer needed.
func New(o Options) *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	t := &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, MaxIdleConnsPerHost: 8,
		IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
	}
	if o.AllowPrivate {
		t.Proxy = http.ProxyFromEnvironment
	} else {
		dialer.Control = ssrf.New(ssrf.WithPorts(443)).Safe
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	return &http.Client{
		Transport: only{hosts: o.Hosts, private: o.AllowPrivate, next: t}, Timeout: o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Check returns what is wrong with a URL that shall be called.
func Check(raw string, allowPrivate bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return errors.New("must be a URL, as https://api.example.com")
	case u.Scheme == "http" && allowPrivate:
		return nil
	case u.Scheme != "https":
		return errors.New("must begin with https://")
	case !allowPrivate && u.Port() != "" && u.Port() != "443":
		return errors.New("must be on port 443, which is all that is called outside of a network of one's own: allow_private")
	}
	return nil
}

// only is a transport that refuses what the client was not made for.
type only struct {
	hosts   []string
	private bool
	next    *http.Transport
}

func (t only) RoundTrip(r *http.Request) (*http.Response, error) {
	if !slices.Contains(t.hosts, r.URL.Host) || (r.URL.Scheme != "https" && !t.private) {
		return nil, fmt.Errorf("%w: %s", ErrHost, r.URL.Host)
	}
	return t.next.RoundTrip(r)
}

// CloseIdleConnections lets http.Client close what is idle.
func (t only) CloseIdleConnections() { t.next.CloseIdleConnections() }

// ErrTooLarge says that an answer is longer than what is read.
var ErrTooLarge = errors.New("the answer is too large")

// Read reads an answer's body to its end, of at most most bytes.
func Read(body io.Reader, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(body, most+1))
	if err == nil && int64(len(data)) > most {
		err = ErrTooLarge
	}
	return data, err
}

// RetryAfter is how long an answer asks to wait, by its header Retry-After: whole seconds, or
// a date. It is 0 where nothing is said, or nothing that can be read, and most at the most.
func RetryAfter(h http.Header, now time.Time, most time.Duration) time.Duration {
	s := strings.TrimSpace(h.Get("Retry-After"))
	wait := time.Duration(0)
	if n, err := strconv.ParseInt(s, 10, 32); err == nil {
		wait = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(s); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), most)
}

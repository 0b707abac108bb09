// Package httpapi speaks to a Rappel server as any client does: the public
// HTTP/JSON API, with errors as google.rpc.Status. It never retries by itself:
// whether a call may be repeated is its caller's to know.
package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// DefaultServer is where `rappel run` listens.
const DefaultServer = "http://127.0.0.1:8080"

// maxBody bounds an answer.
const maxBody = 64 << 20

// Client calls one server. Safe for concurrent use.
type Client struct {
	base string
	key  string
	http *http.Client
}

// New returns a client of a server, as http://127.0.0.1:8080; the scheme may be
// left out.
func New(server string, h *http.Client) (*Client, error) {
	server = strings.TrimSpace(server)
	if server == "" {
		server = DefaultServer
	}
	if !strings.Contains(server, "://") {
		server = "http://" + server
	}
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("the server's address %q must be as %s", server, DefaultServer)
	}
	if h == nil {
		h = http.DefaultClient
	}
	return &Client{base: strings.TrimRight(server, "/"), http: h}, nil
}

// WithKey returns a client that sends an API key with each call; an empty one sends none.
func (c *Client) WithKey(key string) *Client {
	with := *c
	with.key = key
	return &with
}

// Server is the address the client calls.
func (c *Client) Server() string { return c.base }

// Unreachable says that no answer came: the call may or may not have had its
// effect.
type Unreachable struct {
	// Server that was called.
	Server string
	// Err is why.
	Err error
}

// Error names the server and the cause.
func (e *Unreachable) Error() string {
	return fmt.Sprintf("no answer from %s: %s", e.Server, cause(e.Err))
}

// Unwrap is the cause.
func (e *Unreachable) Unwrap() error { return e.Err }

// cause leaves out the method and address that net/http repeats.
func cause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// Do makes a call and returns the answer's body when its status is 2xx. Else
// the error is *StatusError, *Unreachable, or the context's.
func (c *Client) Do(ctx context.Context, method, path string, query url.Values, body []byte) ([]byte, error) {
	resp, err := c.open(ctx, method, path, query, body)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end below
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return nil, c.failed(ctx, err)
	}
	if resp.StatusCode/100 != 2 {
		return nil, newStatusError(resp, data)
	}
	return data, nil
}

// Stream makes a GET whose answer goes on; the caller closes it. The header
// accept says which form is wanted.
func (c *Client) Stream(ctx context.Context, path string, query url.Values, header http.Header) (*http.Response, error) {
	req, err := c.request(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return nil, err
	}
	for k, v := range header {
		req.Header[k] = v
	}
	return c.begin(ctx, req)
}

// StreamOf is Stream of a call with a body, as JSON.
func (c *Client) StreamOf(ctx context.Context, path string, body []byte) (*http.Response, error) {
	req, err := c.request(ctx, http.MethodPost, path, nil, body)
	if err != nil {
		return nil, err
	}
	return c.begin(ctx, req)
}

func (c *Client) begin(ctx context.Context, req *http.Request) (*http.Response, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.failed(ctx, err)
	}
	if resp.StatusCode/100 != 2 {
		data, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20)) // the status says enough
		_ = resp.Body.Close()
		return nil, newStatusError(resp, data)
	}
	return resp, nil
}

func (c *Client) open(ctx context.Context, method, path string, query url.Values, body []byte) (*http.Response, error) {
	req, err := c.request(ctx, method, path, query, body)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.failed(ctx, err)
	}
	return resp, nil
}

func (c *Client) request(ctx context.Context, method, path string, query url.Values, body []byte) (*http.Request, error) {
	target := c.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

func (c *Client) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &Unreachable{Server: c.base, Err: err}
}

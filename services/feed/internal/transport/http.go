package transport

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rappel-loop/rappel/services/feed/internal/subscription"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// EventsPath is where the feed is followed over HTTP.
const EventsPath = "/v1/events"

// Events answers GET with server-sent events.
func Events(o Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q, err := query(r, o)
		if err != nil {
			rpc.WriteError(w, toStatus(o.Log, err))
			return
		}
		if r.Method == http.MethodHead {
			w.Header().Set("Content-Type", "text/event-stream")
			return
		}
		s := &sse{w: w, rc: http.NewResponseController(w), delivered: o.Delivered}
		if err := o.Feed.Follow(r.Context(), q, s); err != nil && !s.began {
			rpc.WriteError(w, toStatus(o.Log, err))
		}
		// Later it is the client's going, the server's ending, or the store's: the stream ends
		// in order, and the client comes back with its last id.
	})
}

// query reads the parameters, and the header of a browser that comes back: its parameters are
// those of the first time, so the header goes before them.
func query(r *http.Request, o Options) (subscription.Query, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return subscription.Query{}, &subscription.InvalidError{Problems: []subscription.Problem{{Field: "query", Text: "cannot be read"}}}
	}
	p := parameters{values: values}
	req := subscription.Request{
		Types: p.list("types"), Surveys: p.list("surveys"), Queues: p.list("queues"), From: p.one("from"), Cursor: p.one("cursor"),
	}
	last := r.Header.Get("Last-Event-ID")
	if last != "" {
		req.From, req.Cursor = "", last
	}
	q, err := subscription.Parse(req, o.Clock.Now())
	var invalid *subscription.InvalidError
	if errors.As(err, &invalid) {
		p.problems = append(p.problems, invalid.Problems...)
	}
	p.unknown()
	if len(p.problems) == 0 {
		return q, nil
	}
	if last != "" {
		for i := range p.problems {
			if p.problems[i].Field == "cursor" {
				p.problems[i].Field = "Last-Event-ID"
			}
		}
	}
	return q, &subscription.InvalidError{Problems: p.problems}
}

// parameters are a URL's.
type parameters struct {
	values   url.Values
	known    []string
	problems []subscription.Problem
}

// list is a list, by commas, by repetition, or both.
func (p *parameters) list(name string) []string {
	p.known = append(p.known, name)
	var all []string
	for _, v := range p.values[name] {
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				all = append(all, part)
			}
		}
	}
	return all
}

// one is a value that is given once.
func (p *parameters) one(name string) string {
	p.known = append(p.known, name)
	if len(p.values[name]) > 1 {
		p.problems = append(p.problems, subscription.Problem{Field: name, Text: "is given more than once"})
	}
	return p.values.Get(name)
}

// unknown names the parameters that mean nothing here.
func (p *parameters) unknown() {
	var names []string
	for name := range p.values {
		if !slices.Contains(p.known, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		p.problems = append(p.problems, subscription.Problem{
			Field: strings.ToValidUTF8(name, "?"), Text: "is no parameter; there are " + strings.Join(p.known, ", "),
		})
	}
}

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/stretchr/testify/require"
)

// eventually bounds what should take milliseconds, on a machine busy with other
// tests; a message handed to a process that was killed comes back after 10 s.
const eventually = 40 * time.Second

// The answers of the API, as a client reads them.
type (
	callback struct {
		ID        string
		State     string
		Queue     string
		Priority  int
		Customer  struct{ ID, Name, Phone, Email string }
		Reasons   []reason
		Holder    *struct{ AgentID, Token, RequestID string }
		WrapUp    *struct{ Outcome string }
		Attempts  []struct{ Outcome string }
		OpenedAt  time.Time
		NotBefore time.Time
		SLA       struct{ State string }
		FollowUp  *struct{ AskedAt *time.Time }
		Recovery  *struct{ Before, After float64 }
		Reopened  *struct{ By string }
	}
	reason struct {
		ResponseID, Survey, Metric, Class, Verbatim string
		Value                                       float64
		Revision                                    int
		Withdrawn                                   bool
	}
	accepted struct {
		ID        string
		Revision  int
		Duplicate bool
	}
	status struct {
		Code    int
		Message string
		Details []struct {
			Reason          string
			FieldViolations []struct{ Field, Description string }
		}
	}
)

func (s status) reason() string {
	for _, d := range s.Details {
		if d.Reason != "" {
			return d.Reason
		}
	}
	return ""
}

func (s status) fields() []string {
	var out []string
	for _, d := range s.Details {
		for _, v := range d.FieldViolations {
			out = append(out, v.Field)
		}
	}
	return out
}

var client = &http.Client{Timeout: 20 * time.Second}

// get returns the HTTP code, 0 when nobody answers.
func get(url string, into any) int { return do(http.MethodGet, url, nil, into) }

// post sends body, a string as it is or anything else as JSON.
func post(url string, body, into any) int {
	data, ok := body.([]byte)
	if s, is := body.(string); is {
		data, ok = []byte(s), true
	}
	if !ok {
		data, _ = json.Marshal(body)
	}
	return do(http.MethodPost, url, data, into)
}

func do(method, url string, body []byte, into any) int {
	req, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", "application/json")
	return send(req, into)
}

// send returns the HTTP code, 0 when nobody answers.
func send(req *http.Request, into any) int {
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0
	}
	if into != nil && json.Unmarshal(data, into) != nil {
		return -resp.StatusCode
	}
	return resp.StatusCode
}

type object = map[string]any

// answer is a response of a customer with one metric.
func answer(id, customer, metric string, value float64) object {
	return object{
		"id": id, "survey": "e2e", "channel": "email", "customer": object{"id": customer},
		"answers": []object{{"metric": metric, "value": value}},
	}
}

// submit sends an answer, and requires that it is accepted.
func (l *loop) submit(body object) accepted {
	l.t.Helper()
	var a accepted
	require.Equal(l.t, http.StatusAccepted, post(l.collector.url()+"/v1/responses", body, &a))
	return a
}

// callbacks lists every callback in the given states; all when there are none.
func (l *loop) callbacks(states ...string) []callback {
	l.t.Helper()
	url := l.queue.url() + "/v1/callbacks?pageSize=200"
	for _, s := range states {
		url += "&states=" + s
	}
	var out []callback
	for token := ""; ; {
		var page struct {
			Callbacks     []callback
			NextPageToken string
		}
		if get(url+"&pageToken="+token, &page) != http.StatusOK {
			return nil
		}
		out = append(out, page.Callbacks...)
		if token = page.NextPageToken; token == "" {
			return out
		}
	}
}

// waitFor waits until there are n callbacks in the states, and returns them.
func (l *loop) waitFor(n int, states ...string) []callback {
	l.t.Helper()
	var out []callback
	require.Eventually(l.t, func() bool {
		out = l.callbacks(states...)
		return len(out) == n
	}, eventually, 20*time.Millisecond, "want %d callbacks in %v, have %v", n, states, func() any { return out })
	return out
}

// waitForReason waits until an open callback cites a response, and returns it.
func (l *loop) waitForReason(responseID string) callback {
	l.t.Helper()
	var found callback
	require.Eventually(l.t, func() bool {
		for _, cb := range l.callbacks("PENDING", "ASSIGNED") {
			for _, r := range cb.Reasons {
				if r.ResponseID == responseID {
					found = cb
					return true
				}
			}
		}
		return false
	}, eventually, 20*time.Millisecond, "no callback cites %s", responseID)
	return found
}

// settle waits until a marker answer, sent after everything else, has become a
// callback, and takes that callback out of the way: whatever was to happen
// before it has happened, as the whole loop keeps at most some answers in hand.
func (l *loop) settle() {
	l.t.Helper()
	for i := range 3 {
		name := fmt.Sprintf("marker-%d-%d", time.Now().UnixNano(), i)
		l.submit(answer(name, name, "NPS", 0))
		id := l.waitForReason(name).ID
		require.Equal(l.t, http.StatusOK, post(l.queue.url()+"/v1/callbacks/"+id+":cancel", object{"reason": "marker", "by": "test"}, nil))
	}
}

// claim asks for work; it returns nil with the reason when there is none.
func (l *loop) claim(agent, request string) (*callback, int, status) {
	l.t.Helper()
	var raw json.RawMessage
	code := post(l.queue.url()+"/v1/callbacks:claim", object{"agentId": agent, "requestId": request}, &raw)
	if code != http.StatusOK {
		var s status
		_ = json.Unmarshal(raw, &s)
		return nil, code, s
	}
	var resp struct{ Callback callback }
	require.NoError(l.t, json.Unmarshal(raw, &resp))
	return &resp.Callback, code, status{}
}

// mustClaim claims until it gets one.
func (l *loop) mustClaim(agent, request string) *callback {
	l.t.Helper()
	var cb *callback
	require.Eventually(l.t, func() bool {
		cb, _, _ = l.claim(agent, request)
		return cb != nil
	}, eventually, 20*time.Millisecond, "nothing to claim")
	return cb
}

// act gives a command to a callback.
func (l *loop) act(id, verb string, body object) (callback, int, status) {
	l.t.Helper()
	var raw json.RawMessage
	code := post(l.queue.url()+"/v1/callbacks/"+id+":"+verb, body, &raw)
	var resp struct{ Callback callback }
	var s status
	if code == http.StatusOK {
		require.NoError(l.t, json.Unmarshal(raw, &resp))
	} else {
		_ = json.Unmarshal(raw, &s)
	}
	return resp.Callback, code, s
}

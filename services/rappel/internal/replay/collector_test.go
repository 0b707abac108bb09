package replay_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// collector is a server that keeps revisions as the real one does, for tests
// that need to break it at a chosen moment: the last content of a response is
// what a row is compared with, so that an order lost is a difference seen.
type collector struct {
	*httptest.Server
	// before runs before a request is taken; what it answers with, when it does,
	// is the answer.
	before func(n int, rows []*eventsv1.Response, w http.ResponseWriter) (answered bool)
	// after runs once the rows are stored and before they are answered.
	after func(n int, w http.ResponseWriter) (answered bool)

	mu       sync.Mutex
	requests int
	held     map[string]*kept
	stored   int
	largest  int
	open     map[string]int
	overlap  bool
}

type kept struct {
	last      *eventsv1.Response
	revisions []*eventsv1.Response
}

func newCollector(t testing.TB) *collector {
	t.Helper()
	c := &collector{held: map[string]*kept{}, open: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/responses:batch", c.batch)
	c.Server = httptest.NewServer(mux)
	t.Cleanup(c.Close)
	return c
}

func (c *collector) batch(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	req := &collectorv1.SubmitResponsesRequest{}
	if err = errors.Join(err, protojson.Unmarshal(body, req)); err != nil {
		problem(w, http.StatusBadRequest, 3, err.Error())
		return
	}
	c.mu.Lock()
	c.requests++
	n := c.requests
	c.largest = max(c.largest, len(req.GetResponses()))
	c.enter(req.GetResponses(), 1)
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.enter(req.GetResponses(), -1)
		c.mu.Unlock()
	}()
	if c.before != nil && c.before(n, req.GetResponses(), w) {
		return
	}
	c.mu.Lock()
	out := &collectorv1.SubmitResponsesResponse{}
	for _, resp := range req.GetResponses() {
		out.Results = append(out.Results, c.take(resp))
	}
	c.mu.Unlock()
	if c.after != nil && c.after(n, w) {
		return
	}
	data, _ := protojson.Marshal(out)
	_, _ = w.Write(data)
}

// enter notes which responses are under way: one id must never be twice.
func (c *collector) enter(rows []*eventsv1.Response, by int) {
	seen := map[string]bool{}
	for _, r := range rows {
		k := r.GetSurvey() + "/" + r.GetId()
		if seen[k] {
			continue
		}
		seen[k] = true
		c.open[k] += by
		c.overlap = c.overlap || c.open[k] > 1
	}
}

func (c *collector) take(r *eventsv1.Response) *collectorv1.SubmitResult {
	if v := wrong(r); len(v) > 0 {
		return &collectorv1.SubmitResult{Error: &collectorv1.RowError{
			Code: "INVALID_ARGUMENT", Message: "the response has wrong fields", Fields: v,
		}}
	}
	k := r.GetSurvey() + "/" + r.GetId()
	have := c.held[k]
	if have == nil {
		have = &kept{}
		c.held[k] = have
	}
	dup := have.last != nil && proto.Equal(have.last, r)
	if !dup {
		have.last = r
		have.revisions = append(have.revisions, r)
		c.stored++
	}
	return &collectorv1.SubmitResult{Id: r.GetId(), Revision: uint32(len(have.revisions)), Duplicate: &dup} //nolint:gosec // small
}

func wrong(r *eventsv1.Response) []*collectorv1.FieldViolation {
	var v []*collectorv1.FieldViolation
	if r.GetSurvey() == "" {
		v = append(v, &collectorv1.FieldViolation{Field: "survey", Description: "is required"})
	}
	for i, a := range r.GetAnswers() {
		top := 10.0
		if a.GetScale() != nil {
			top = a.GetScale().GetMax()
		}
		if a.GetValue() > top {
			v = append(v, &collectorv1.FieldViolation{Field: "answers[" + string(rune('0'+i)) + "].value", Description: "is beyond the scale"})
		}
	}
	return v
}

func problem(w http.ResponseWriter, status, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"code": code, "message": message})
}

// equal compares what two collectors hold, revision by revision.
func requireSame(t *testing.T, want, got *collector) {
	t.Helper()
	require.Len(t, got.held, len(want.held))
	for k, w := range want.held {
		g := got.held[k]
		require.NotNil(t, g, k)
		require.Len(t, g.revisions, len(w.revisions), k)
		for i := range w.revisions {
			require.True(t, proto.Equal(w.revisions[i], g.revisions[i]), "%s revision %d", k, i+1)
		}
	}
	require.False(t, got.overlap, "two requests under way held one id")
}

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

var update = flag.Bool("update", false, "write the golden files anew; then read them")

var now = time.Date(2026, 11, 9, 13, 30, 0, 0, time.UTC)

const id = "abcdefghijklmnopqrstuvwxyz-1"

func at(minutes int) *timestamppb.Timestamp {
	return timestamppb.New(now.Add(time.Duration(minutes) * time.Minute))
}

const complaint = "Échange refusé parce que « l'emballage est ouvert ».\nIl faut bien l'ouvrir pour voir que c'est cassé ! Je veux un responsable, et vite, parce que cela fait trois fois que je reviens."

// noemie is a callback with everything a card can show.
func noemie() *eventsv1.Callback {
	return &eventsv1.Callback{
		Id: id, CustomerKey: id[:26], Number: 1, State: eventsv1.Callback_PENDING, Queue: "default", Priority: 87,
		Language: "fr", OpenedAt: at(-75), UpdatedAt: at(-5), FirstAttemptDue: at(-15),
		Customer: &eventsv1.Customer{Id: "C-1", Name: "Mme Noémie \x1b[31mTrébuchet", Phone: "+33639982042", Email: "noemie@example.com", Language: "fr-FR", TimeZone: "Indian/Reunion"},
		Reasons: []*eventsv1.Reason{
			{Rule: "low_csat", Survey: "magasins", ResponseId: "M-0003", Metric: eventsv1.Metric_CSAT, Value: proto.Float64(2), Class: eventsv1.Class_DISSATISFIED, Scale: &eventsv1.Scale{Min: 1, Max: 10}, Verbatim: complaint},
			{
				Rule: "detractor", Survey: "magasins", ResponseId: "M-0003", Revision: 1, Metric: eventsv1.Metric_NPS, Value: proto.Float64(1),
				Scale: &eventsv1.Scale{Max: 10}, Class: eventsv1.Class_DETRACTOR, Channel: "kiosk", Touchpoint: "store", SubmittedAt: at(-80),
				Verbatim: complaint, Sentiment: eventsv1.Sentiment_NEGATIVE, Correction: 1,
				Intents: []eventsv1.Intent{eventsv1.Intent_CHURN_RISK, eventsv1.Intent_URGENT},
				Themes: []*eventsv1.ThemeFound{
					{Theme: "refund_returns", Dimension: eventsv1.Dimension_RESPONSIVENESS_AFTER_SALES, Polarity: eventsv1.Sentiment_NEGATIVE},
					{Theme: "loyalty_card", Dimension: eventsv1.Dimension_OVERALL_EXPERIENCE},
				},
				Disagreement: eventsv1.Disagreement_GOOD_SCORE_BAD_WORDS,
			},
			{
				Rule: "high_effort", Survey: "service-client", Metric: eventsv1.Metric_CES, Value: proto.Float64(4.5),
				Scale: &eventsv1.Scale{Min: 1, Max: 5, Direction: eventsv1.Direction_LOWER_IS_BETTER}, Class: eventsv1.Class_HIGH_EFFORT, Withdrawn: true,
			},
			{Rule: "low_csat", Survey: "sav", Metric: eventsv1.Metric_FCR, Value: proto.Float64(0), Class: eventsv1.Class_UNRESOLVED},
			{Rule: "callback_requested", Survey: "magasins", Channel: "kiosk"},
		},
		MoreReasons: 2,
	}
}

func anonymous() *eventsv1.Callback {
	return &eventsv1.Callback{
		Id: "zyxwvutsrqponmlkjihgfedcba-12", State: eventsv1.Callback_ASSIGNED, Priority: 60, OpenedAt: at(-60 * 75), Holder: &eventsv1.Holder{AgentId: "bob"},
		Reasons: []*eventsv1.Reason{{Metric: eventsv1.Metric_CSAT, Value: proto.Float64(2), Scale: &eventsv1.Scale{Min: 1, Max: 5}, Class: eventsv1.Class_DISSATISFIED}},
	}
}

// queue is a server with one callback that goes through its states, and a list.
type queue struct {
	*httptest.Server
	mu   sync.Mutex
	cb   *eventsv1.Callback
	none bool
	// late says that promises are at risk, and missed.
	late  bool
	calls []string
	// fail answers a call before it is looked at.
	fail func(n int, w http.ResponseWriter, r *http.Request) bool
}

func newQueue(t *testing.T, state eventsv1.Callback_State) *queue {
	t.Helper()
	q := &queue{cb: noemie()}
	q.move(state)
	q.Server = httptest.NewServer(http.HandlerFunc(q.serve))
	t.Cleanup(q.Close)
	return q
}

func (q *queue) move(s eventsv1.Callback_State) {
	q.cb.State = s
	q.cb.Holder = nil
	if s >= eventsv1.Callback_ASSIGNED && s <= eventsv1.Callback_WRAPPING {
		q.cb.Holder = &eventsv1.Holder{AgentId: "amina", Token: 7, Since: at(-1)}
	}
	if s >= eventsv1.Callback_ATTEMPTING && len(q.cb.GetAttempts()) == 0 {
		q.cb.Attempts = []*eventsv1.Attempt{{Number: 1, AgentId: "amina", StartedAt: at(-1)}}
	}
}

var paths = regexp.MustCompile(`^/v1/callbacks(?:/([^:]+))?(?::(\w+))?$`)

func (q *queue) serve(w http.ResponseWriter, r *http.Request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.calls = append(q.calls, r.Method+" "+r.URL.RequestURI())
	if q.fail != nil && q.fail(len(q.calls), w, r) {
		return
	}
	body, _ := io.ReadAll(r.Body)
	m := paths.FindStringSubmatch(r.URL.Path)
	switch {
	case r.URL.Path == "/v1/rootCauses":
		q.causes(w)
	case r.URL.Path == "/v1/queues":
		q.queues(w)
	case r.URL.Path == "/v1/callbacks/"+id+"/routing":
		q.routing(w)
	case r.URL.Path == "/v1/callbacks:bulk":
		bulk(w, body)
	case m == nil:
		http.NotFound(w, r)
	case m[1] == "" && m[2] == "":
		q.list(w, r)
	case m[2] == "claim" && q.none:
		rpc.WriteError(w, rpc.Refused(codes.NotFound, "NO_CALLBACK_READY", "no callback is ready for you now"))
	case m[2] != "claim" && m[1] != id:
		rpc.WriteError(w, rpc.Refused(codes.NotFound, "NO_SUCH_CALLBACK", "there is no callback with this id"))
	default:
		q.command(w, m[2], body)
	}
}

// bulk knows one callback, and no other.
func bulk(w http.ResponseWriter, body []byte) {
	req, resp := &callbackv1.BulkCallbacksRequest{}, &callbackv1.BulkCallbacksResponse{}
	_ = protojson.Unmarshal(body, req)
	for _, asked := range req.GetIds() {
		r := &callbackv1.BulkResult{Id: asked, State: eventsv1.Callback_PENDING}
		if asked != id {
			r = &callbackv1.BulkResult{Id: asked, Error: &callbackv1.BulkError{Code: "NOT_FOUND", Reason: "NO_SUCH_CALLBACK", Message: "none"}}
		}
		resp.Results = append(resp.Results, r)
	}
	write(w, resp)
}

func (q *queue) causes(w http.ResponseWriter) {
	resp := &callbackv1.ListRootCausesResponse{}
	if !q.none {
		resp.RootCauses = []*callbackv1.RootCause{
			{Name: "product_service_quality", French: "Qualité du produit", English: "Product quality", Causes: []*callbackv1.RootCause{
				{Name: "product_service_quality/damaged", French: "Abîmé à l'arrivée", English: "Damaged on arrival"},
			}},
			{Name: "overall_experience", French: "Expérience", English: "Experience", Causes: []*callbackv1.RootCause{
				{Name: "overall_experience/price", French: "Prix", English: "Price", Causes: []*callbackv1.RootCause{
					{Name: "overall_experience/price/hidden", French: "Frais cachés", English: "Hidden fees"},
				}},
			}},
		}
	}
	write(w, resp)
}

// queues is one where somebody is missing, and one where all is well.
func (q *queue) queues(w http.ResponseWriter) {
	resp := &callbackv1.GetQueueStatsResponse{}
	if !q.none {
		resp.Queues = []*callbackv1.QueueStats{
			{Queue: "default", Ready: 12, Delayed: 3, Held: 2, Unattended: 4, OldestReady: at(-95), Agents: 3, AgentsFree: 1},
			{Queue: "retention", Delayed: 1},
		}
	}
	if q.late {
		resp.Queues[0].AtRisk, resp.Queues[0].Breached = 5, 2
		resp.Queues[0].PredictedWait = durationpb.New(95 * time.Minute)
	}
	write(w, resp)
}

// routing knows an agent with each obstacle, and two with none.
func (q *queue) routing(w http.ResponseWriter) {
	resp := &callbackv1.ExplainRoutingResponse{Queue: "default"}
	if !q.none {
		resp.Language, resp.Skills = "fr", []string{"billing:3", "vip"}
		resp.Preferred = &eventsv1.Preference{AgentId: "amina", Until: at(6)}
		resp.CallableAt = at(90)
		add := func(name string, s callbackv1.AgentStatus, idle *timestamppb.Timestamp, against ...callbackv1.ExplainRoutingResponse_Candidate_Obstacle) {
			resp.Agents = append(resp.Agents, &callbackv1.ExplainRoutingResponse_Candidate{AgentId: name, Status: s, IdleSince: idle, Obstacles: against})
		}
		add("amina", callbackv1.AgentStatus_AVAILABLE, at(-9))
		add("bruno@example.org", callbackv1.AgentStatus_AVAILABLE, at(-2))
		for o := callbackv1.ExplainRoutingResponse_Candidate_QUEUE; o <= callbackv1.ExplainRoutingResponse_Candidate_NO_STREAM; o++ {
			name, status, idle := "agent-"+strconv.Itoa(int(o)), callbackv1.AgentStatus_AVAILABLE, at(-int(o))
			switch o {
			case callbackv1.ExplainRoutingResponse_Candidate_NOT_THERE:
				status, idle = callbackv1.AgentStatus_OFFLINE, nil
			case callbackv1.ExplainRoutingResponse_Candidate_ON_A_BREAK:
				status = callbackv1.AgentStatus_AWAY
			case callbackv1.ExplainRoutingResponse_Candidate_AT_CAPACITY:
				status = callbackv1.AgentStatus_BUSY
			default:
			}
			add(name, status, idle, o)
		}
		add("chloe", callbackv1.AgentStatus_OFFLINE, nil, 1, 3, 5)
		resp.Agents[4].MissingSkills = []string{"billing:3", "vip"}
		resp.Agents[len(resp.GetAgents())-1].MissingSkills = []string{"vip"}
	}
	write(w, resp)
}

func (q *queue) list(w http.ResponseWriter, r *http.Request) {
	resp := &callbackv1.ListCallbacksResponse{Callbacks: []*eventsv1.Callback{q.cb}, NextPageToken: "more"}
	switch r.URL.Query().Get("pageToken") {
	case "more":
		resp = &callbackv1.ListCallbacksResponse{Callbacks: []*eventsv1.Callback{anonymous()}, NextPageToken: "even"}
	case "even":
		resp = &callbackv1.ListCallbacksResponse{}
	}
	if q.none {
		resp = &callbackv1.ListCallbacksResponse{}
	}
	if q.late {
		for _, cb := range resp.GetCallbacks() {
			cb.Sla = missed()
			if cb != q.cb {
				cb.Sla = promised()
			}
		}
	}
	write(w, resp)
}

func (q *queue) command(w http.ResponseWriter, verb string, body []byte) {
	type step struct{ from, to eventsv1.Callback_State }
	steps := map[string]step{
		"claim":        {eventsv1.Callback_PENDING, eventsv1.Callback_ASSIGNED},
		"startAttempt": {eventsv1.Callback_ASSIGNED, eventsv1.Callback_ATTEMPTING},
		"endAttempt":   {eventsv1.Callback_ATTEMPTING, eventsv1.Callback_WRAPPING},
		"complete":     {eventsv1.Callback_WRAPPING, eventsv1.Callback_COMPLETED},
		"release":      {eventsv1.Callback_ASSIGNED, eventsv1.Callback_PENDING},
		"reopen":       {eventsv1.Callback_COMPLETED, eventsv1.Callback_PENDING},
		"cancel":       {eventsv1.Callback_PENDING, eventsv1.Callback_CANCELED},
		"escalate":     {eventsv1.Callback_PENDING, eventsv1.Callback_PENDING},
		"reschedule":   {eventsv1.Callback_PENDING, eventsv1.Callback_PENDING},
		"transfer":     {eventsv1.Callback_ASSIGNED, eventsv1.Callback_PENDING},
	}
	if s, ok := steps[verb]; ok {
		var who struct{ AgentID string }
		_ = json.Unmarshal(body, &who)
		if h := q.cb.GetHolder().GetAgentId(); h != "" && h != who.AgentID && !supervising[verb] {
			rpc.WriteError(w, rpc.Refused(codes.Aborted, "NOT_HOLDER", "another agent holds this callback"))
			return
		}
		if q.cb.GetState() != s.from {
			rpc.WriteError(w, rpc.Refused(codes.FailedPrecondition, "NOT_POSSIBLE_NOW", verb+" is not possible on a callback that is "+strings.ToLower(q.cb.GetState().String())))
			return
		}
		q.move(s.to)
	}
	q.note(verb, body)
	resp := &callbackv1.GetCallbackResponse{Callback: q.cb}
	if verb == "" && q.cb.GetState() == eventsv1.Callback_PENDING {
		resp.Standing = &callbackv1.Standing{
			Waiting: callbackv1.Standing_FOR_AN_AGENT, Ahead: proto.Uint64(12), Urgency: 62, FurtherReasons: 5, Escalation: 20,
			Worth: durationpb.New(522 * time.Minute),
		}
	}
	write(w, resp)
}

func (q *queue) note(verb string, body []byte) {
	switch verb {
	case "endAttempt":
		req := &callbackv1.EndAttemptRequest{}
		_ = protojson.Unmarshal(body, req)
		a := q.cb.GetAttempts()[0]
		a.Outcome, a.CallAgainAt, a.Note, a.EndedAt = req.GetOutcome(), req.GetCallAgainAt(), req.GetNote(), at(0)
		if req.GetOutcome() != eventsv1.Attempt_REACHED {
			q.move(eventsv1.Callback_PENDING)
			q.cb.NotBefore = req.GetCallAgainAt()
		}
	case "reschedule":
		req := &callbackv1.RescheduleCallbackRequest{}
		_ = protojson.Unmarshal(body, req)
		q.cb.NotBefore = req.GetNotBefore()
		if req.GetCustomerAsked() {
			q.cb.Sla = &eventsv1.SLA{PausedUntil: req.GetNotBefore()}
		}
	case "complete":
		req := &callbackv1.CompleteCallbackRequest{}
		_ = protojson.Unmarshal(body, req)
		q.cb.ClosedAt = at(0)
		if req.GetGesture() != nil {
			req.Gesture.Currency = "EUR"
		}
		q.cb.WrapUp = &eventsv1.WrapUp{Outcome: req.GetOutcome(), RootCause: req.GetRootCause(), Note: req.GetNote(), AgentId: req.GetAgentId(), At: at(0), Gesture: req.GetGesture()}
	}
}

func write(w http.ResponseWriter, m proto.Message) {
	body, _ := protojson.Marshal(m)
	_, _ = w.Write(body)
}

// world is an env that does not change.
func world(vars map[string]string) env {
	paris := time.FixedZone("Paris", 3600)
	return env{
		getenv: func(k string) string { return vars[k] }, now: func() time.Time { return now }, zone: paris,
		client: &http.Client{Timeout: 10 * time.Second}, program: "rappel",
		terminal: func(io.Writer) (int, bool) { return plainWidth, false },
		wait:     func(context.Context, time.Duration) error { return nil },
	}
}

// run runs a command as a person would and returns what it printed.
func run(t *testing.T, e env, command func(env) *cobra.Command, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	root := &cobra.Command{Use: "rappel", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(command(e))
	var out, errs bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&errs)
	root.SetArgs(args)
	err = root.ExecuteContext(t.Context())
	return out.String(), errs.String(), err
}

// golden compares what was printed with what a person has read and approved.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test ./rappel/internal/cli -update writes it")
	require.Equal(t, string(want), got)
}

package callbackqueue_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// worker is an agent's client at work.
type worker struct {
	*bundle
	name   string
	stream grpc.BidiStreamingClient[callbackv1.WorkCallbacksRequest, callbackv1.WorkCallbacksResponse]
	said   chan *callbackv1.WorkCallbacksResponse
	ended  chan error
	leave  context.CancelFunc
}

// dial opens a connection of its own, as each client has one.
func (b *bundle) dial() callbackv1.CallbackServiceClient {
	b.Helper()
	conn, err := grpc.NewClient(b.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(b, err)
	b.Cleanup(func() { _ = conn.Close() })
	return callbackv1.NewCallbackServiceClient(conn)
}

// work opens a stream and says hello.
func (b *bundle) work(h *callbackv1.WorkCallbacksRequest_Hello) *worker {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	b.Cleanup(cancel)
	stream, err := b.dial().WorkCallbacks(ctx)
	require.NoError(b, err)
	w := &worker{
		bundle: b, name: h.GetAgentId(), stream: stream, leave: cancel,
		said: make(chan *callbackv1.WorkCallbacksResponse, 100), ended: make(chan error, 1),
	}
	go func() {
		for {
			m, err := stream.Recv()
			if err != nil {
				w.ended <- err
				return
			}
			w.said <- m
		}
	}()
	w.say(&callbackv1.WorkCallbacksRequest{Message: &callbackv1.WorkCallbacksRequest_Hello_{Hello: h}})
	return w
}

// agent is at work, alone, with nothing in hand.
func (b *bundle) agent(name string) *worker {
	b.Helper()
	w := b.work(&callbackv1.WorkCallbacksRequest_Hello{AgentId: name})
	require.Empty(b, w.hears().GetWelcome().GetCallbacks())
	return w
}

// goes hangs up, and waits until that is known.
func (w *worker) goes() {
	w.Helper()
	w.leave()
	require.Equal(w, codes.Canceled, status.Code(<-w.ended))
}

func (w *worker) say(m *callbackv1.WorkCallbacksRequest) {
	w.Helper()
	require.NoError(w, w.stream.Send(m))
}

// hears waits for what the client is told next.
func (w *worker) hears() *callbackv1.WorkCallbacksResponse {
	w.Helper()
	select {
	case m := <-w.said:
		return m
	case err := <-w.ended:
		require.NoError(w, err, "%s: the stream ended", w.name)
	case <-time.After(eventually):
		_, list := w.get("/v1/callbacks")
		require.Fail(w, "nothing is heard", "%s; there is %v", w.name, list)
	}
	return nil
}

// silent wants nothing to have been said.
func (w *worker) silent() {
	w.Helper()
	require.Empty(w, w.said, w.name)
}

// ends wants the stream to end for a reason.
func (w *worker) ends(code codes.Code, why string) {
	w.Helper()
	select {
	case err := <-w.ended:
		require.Equal(w, code, status.Code(err), "%v", err)
		require.Equal(w, why, rpc.Reason(err))
	case <-time.After(eventually):
		require.Fail(w, "the stream goes on", w.name)
	}
}

// offered waits for an offer of that callback.
func (w *worker) offered(want string) *eventsv1.Callback {
	w.Helper()
	m := w.hears()
	cb := m.GetOffer().GetCallback()
	require.NotNil(w, cb, "%s heard %v", w.name, m)
	require.Equal(w, want, cb.GetId(), w.name)
	require.Equal(w, eventsv1.Callback_RESERVED, cb.GetState())
	require.Equal(w, w.name, cb.GetHolder().GetAgentId())
	return cb
}

// updated waits for a change of that callback.
func (w *worker) updated(want string, state eventsv1.Callback_State) *eventsv1.Callback {
	w.Helper()
	m := w.hears()
	cb := m.GetUpdate().GetCallback()
	require.NotNil(w, cb, "%s heard %v", w.name, m)
	require.Equal(w, want, cb.GetId())
	require.Equal(w, state, cb.GetState())
	return cb
}

// lostAtLast is lost after whatever updates: of changes that come at once a desk may
// show the last alone.
func (w *worker) lostAtLast(id string, why callbackv1.WorkCallbacksResponse_Gone_Why) {
	w.Helper()
	m := w.hears()
	for ; m.GetUpdate() != nil; m = w.hears() {
		require.Equal(w, id, m.GetUpdate().GetCallback().GetId())
	}
	require.Equal(w, why, m.GetGone().GetWhy(), "%s heard %s", w.name, m)
	require.Equal(w, id, m.GetGone().GetId())
}

func (w *worker) lost(want string, why callbackv1.WorkCallbacksResponse_Gone_Why) {
	w.Helper()
	m := w.hears()
	require.NotNil(w, m.GetGone(), "%s heard %v", w.name, m)
	require.Equal(w, want, m.GetGone().GetId())
	require.Equal(w, why, m.GetGone().GetWhy())
}

func (w *worker) accept(cb *eventsv1.Callback) {
	w.Helper()
	w.say(&callbackv1.WorkCallbacksRequest{Message: &callbackv1.WorkCallbacksRequest_Accept_{
		Accept: &callbackv1.WorkCallbacksRequest_Accept{Id: cb.GetId(), Token: cb.GetHolder().GetToken()},
	}})
}

func (w *worker) reject(cb *eventsv1.Callback) {
	w.Helper()
	w.say(&callbackv1.WorkCallbacksRequest{Message: &callbackv1.WorkCallbacksRequest_Reject_{
		Reject: &callbackv1.WorkCallbacksRequest_Reject{Id: cb.GetId(), Token: cb.GetHolder().GetToken(), Reason: "at lunch"},
	}})
}

func (w *worker) is(s callbackv1.AgentStatus) {
	w.Helper()
	w.say(&callbackv1.WorkCallbacksRequest{Message: &callbackv1.WorkCallbacksRequest_Status{Status: s}})
}

// open opens the n-th customer's callback.
func (b *bundle) open(n int) {
	b.Helper()
	b.alert(n, fmt.Sprintf("m-%d", n), raised(n, fmt.Sprintf("a-%d", n)))
}

// finish calls, reaches and completes over HTTP, as another client of the agent's.
func (b *bundle) finish(agent, id string) {
	b.Helper()
	for _, c := range [][2]string{
		{":startAttempt", `{"agentId":"` + agent + `"}`},
		{":endAttempt", `{"agentId":"` + agent + `","outcome":"REACHED"}`},
		{":complete", `{"agentId":"` + agent + `","outcome":"RESOLVED","rootCause":"late","note":"refund"}`},
	} {
		code, got := b.post("/v1/callbacks/"+id+c[0], c[1])
		require.Equal(b, http.StatusOK, code, "%v", got)
	}
}

// crew is agents at work who work off whatever they are offered; what they finish
// comes out of the channel, or what went wrong.
func (b *bundle) crew(name string, agents, callbacks int) <-chan string {
	b.Helper()
	done := make(chan string, callbacks+agents)
	for i := range agents {
		w := b.work(&callbackv1.WorkCallbacksRequest_Hello{AgentId: fmt.Sprintf("%s-%02d", name, i)})
		api := b.dial()
		go func() {
			for m := range w.said {
				cb := m.GetOffer().GetCallback()
				if cb == nil {
					continue
				}
				if err := workOff(b.Context(), api, cb); err != nil {
					done <- err.Error()
					return
				}
				done <- cb.GetId()
			}
		}()
		b.Cleanup(func() { w.goes(); close(w.said) })
	}
	return done
}

// allDone waits until every customer's callback was worked off, each once.
func (b *bundle) allDone(done <-chan string, callbacks int) {
	b.Helper()
	seen := map[string]bool{}
	for range callbacks {
		select {
		case id := <-done:
			require.False(b, seen[id], "%s was worked off twice", id)
			seen[id] = true
		case <-time.After(eventually):
			require.Fail(b, "not everything is done", "%d of %d", len(seen), callbacks)
		}
	}
	for n := range callbacks {
		require.True(b, seen[id(n)], "%d", n)
	}
}

// workOff takes an offer, calls, and completes.
func workOff(ctx context.Context, api callbackv1.CallbackServiceClient, cb *eventsv1.Callback) error {
	agent, token := cb.GetHolder().GetAgentId(), cb.GetHolder().GetToken()
	_, err := api.AcceptCallback(ctx, &callbackv1.AcceptCallbackRequest{Id: cb.GetId(), AgentId: agent, Token: token})
	if err == nil {
		_, err = api.StartAttempt(ctx, &callbackv1.StartAttemptRequest{Id: cb.GetId(), AgentId: agent, Token: token})
	}
	if err == nil {
		_, err = api.EndAttempt(ctx, &callbackv1.EndAttemptRequest{
			Id: cb.GetId(), AgentId: agent, Token: token, Outcome: eventsv1.Attempt_REACHED,
		})
	}
	if err == nil {
		_, err = api.CompleteCallback(ctx, &callbackv1.CompleteCallbackRequest{
			Id: cb.GetId(), AgentId: agent, Token: token, Outcome: eventsv1.WrapUp_RESOLVED, RootCause: "late", Note: "refund",
		})
	}
	if err != nil {
		return errors.Join(fmt.Errorf("work off %s", cb.GetId()), err)
	}
	return nil
}

// calls calls the customer of what the agent has in hand, reaches them, and completes it.
func (w *worker) calls(id string) {
	w.Helper()
	for _, step := range []string{
		`:startAttempt {"agentId":"` + w.name + `"}`,
		`:endAttempt {"agentId":"` + w.name + `","outcome":"REACHED"}`,
		`:complete {"agentId":"` + w.name + `","outcome":"RESOLVED","rootCause":"late","note":"refund"}`,
	} {
		verb, body, _ := strings.Cut(step, " ")
		code, answer := w.post("/v1/callbacks/"+id+verb, body)
		require.Equal(w, http.StatusOK, code, "%v", answer)
	}
	w.lostAtLast(id, callbackv1.WorkCallbacksResponse_Gone_COMPLETED)
}

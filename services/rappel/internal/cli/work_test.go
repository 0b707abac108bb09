package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	callbackqueue "github.com/rappel-loop/rappel/services/callback-queue"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

const soon = 30 * time.Second

// office is a callback queue at work, whose clock stands still.
type office struct {
	*testing.T
	env
	cfg   callbackqueue.Config
	bus   *bus.Bus
	clock *clock.Manual
	// http and grpc are where it listens, also after it has started again.
	http, grpc string
	stop       func()
}

func newOffice(t *testing.T, lang string, change ...func(*callbackqueue.Config)) *office {
	t.Helper()
	o := &office{T: t, cfg: callbackqueue.DefaultConfig(), bus: testkit.Bus(t), clock: clock.NewManual(now), http: "127.0.0.1:0", grpc: "127.0.0.1:0"}
	for _, c := range change {
		c(&o.cfg)
	}
	o.start()
	t.Cleanup(func() { o.stop() })
	o.env = world(map[string]string{"RAPPEL_SERVER": "http://" + o.http, "RAPPEL_GRPC": o.grpc, "LANG": lang + "_XX.UTF-8"})
	o.now = o.clock.Now
	return o
}

// start starts the service, where it was if it was before.
func (o *office) start() {
	o.Helper()
	server := rpc.New(rpc.Options{})
	s, err := callbackqueue.New(o.cfg, callbackqueue.Deps{Bus: o.bus, RPC: server, Clock: o.clock})
	require.NoError(o, err)
	require.NoError(o, s.Start(o.Context()))
	server.Health().SetStarted()
	listeners, err := rpc.Listen(o.http, o.grpc)
	require.NoError(o, err)
	o.http, o.grpc = listeners.HTTP.Addr().String(), listeners.GRPC.Addr().String()
	stop := server.Serve(listeners, func(err error) { o.Errorf("serve: %v", err) })
	o.stop = func() {
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		require.NoError(o, stop(ctx))
		require.NoError(o, s.Stop(ctx))
		o.stop = func() {}
	}
	require.Eventually(o, func() bool {
		resp, err := http.Get("http://" + o.http + "/readyz")
		return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	}, soon, 5*time.Millisecond)
}

// customer is the n-th one's key.
func customer(n int) string { return strings.Repeat(string(rune('a'+n)), 26) }

// calls opens the n-th customer's callback, or adds a reason to it.
func (o *office) calls(n int, rule string) {
	o.Helper()
	key, value := customer(n), 1.0
	_, err := o.bus.Publish(o.Context(), bus.Event{
		ID: fmt.Sprint(rule, n), Subject: subject.Alert(rule, subject.BucketOf(key)),
		Body: &eventsv1.AlertRaised{
			EventId: fmt.Sprint("e", rule, n), AlertId: fmt.Sprint("a", rule, n), RaisedAt: at(-60), Rule: rule,
			Callback: &eventsv1.CallbackPlan{Queue: "default", Priority: 50},
			Scored: &eventsv1.ResponseScored{Received: &eventsv1.ResponseReceived{
				Revision: 1, CustomerKey: key, Bucket: subject.BucketOf(key),
				Response: &eventsv1.Response{
					Id: fmt.Sprint("r-", rule, n), Survey: "apres-livraison", Channel: "email", Touchpoint: "delivery", SubmittedAt: at(-60),
					Customer: &eventsv1.Customer{Id: "C-1", Name: fmt.Sprintf("Camille \x1b[31mInventée %d", n), Phone: "+33639982042", Language: "fr", TimeZone: "Europe/Paris"},
					Answers:  []*eventsv1.Answer{{Metric: eventsv1.Metric_NPS, Value: &value}, {Verbatim: "Livré en retard, et personne au téléphone."}},
				},
			}},
			Answer: &eventsv1.AnswerScore{
				Metric: eventsv1.Metric_NPS, Value: value, Class: eventsv1.Class_DETRACTOR, Satisfaction: 10, Scale: &eventsv1.Scale{Max: 10},
			},
		},
	})
	require.NoError(o, err)
}

// does runs another command, as in another terminal.
func (o *office) does(args ...string) {
	o.Helper()
	_, _, err := run(o.T, o.env, callbacksCommand, append([]string{"callbacks"}, args...)...)
	require.NoError(o, err)
}

// screen is what a command has printed so far.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.ReplaceAll(s.b.String(), "\x1b", "␛")
}

// seat is an agent's terminal.
type seat struct {
	*testing.T
	keys      *io.PipeWriter
	out, errs screen
	seen      int
	ended     chan error
	interrupt context.CancelFunc
}

// works starts `rappel work`.
func (o *office) works(e env, args ...string) *seat {
	o.Helper()
	in, keys := io.Pipe()
	ctx, interrupt := context.WithCancel(o.Context())
	s := &seat{T: o.T, keys: keys, ended: make(chan error, 1), interrupt: interrupt}
	root := &cobra.Command{Use: "rappel", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(workCommand(e))
	root.SetIn(in)
	root.SetOut(&s.out)
	root.SetErr(&s.errs)
	root.SetArgs(append([]string{"work"}, args...))
	go func() { s.ended <- root.ExecuteContext(ctx) }()
	o.Cleanup(func() { interrupt(); _ = keys.Close() })
	return s
}

// types types a line, as if nothing was shown before it.
func (s *seat) types(line string) {
	s.Helper()
	_, err := io.WriteString(s.keys, line+"\n")
	require.NoError(s, err)
}

// sees waits for a text after what was seen before.
func (s *seat) sees(text string) {
	s.Helper()
	require.Eventually(s, func() bool {
		shown := s.out.String()
		i := strings.Index(shown[s.seen:], text)
		if i >= 0 {
			s.seen += i + len(text)
		}
		return i >= 0
	}, soon, time.Millisecond, "%q is not shown", text)
}

func (s *seat) ends() error {
	s.Helper()
	select {
	case err := <-s.ended:
		return err
	case <-time.After(soon):
		require.Fail(s, "it goes on", s.out.String())
		return nil
	}
}

// first is the beginning of a text that is filled in later.
func first(text string) string {
	text, _, _ = strings.Cut(text, "%")
	return text
}

func TestAMorningAtWork(t *testing.T) {
	t.Parallel()
	for lang, w := range map[string]*words{"fr": &french, "en": &english} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, lang)
			s := o.works(o.env, "amina")
			s.sees(w.NothingInHand)
			s.types("?")
			s.sees(w.WorkHelp)
			s.types("a")
			s.sees(w.NoOffer)
			s.types("bonjour")
			s.sees(first(strings.TrimPrefix(w.NoOrder, "%s")))

			o.calls(1, "detractor")
			s.sees(first(w.Answer))
			s.types("a")
			s.sees(w.Claimed)
			s.sees(w.NextRelease)
			o.calls(1, "callback_requested")
			s.sees(w.Changed)
			s.sees(w.NextRelease)
			o.does("start", customer(1)+"-1", "--agent", "amina")
			s.sees(w.NextNoAnswer)
			o.does("end", customer(1)+"-1", "--agent", "amina", "--outcome", "reached")
			s.sees(w.NextComplete)
			o.does("complete", customer(1)+"-1", "--agent", "amina", "--outcome", "resolved", "--root-cause", "x", "--note", "y")
			s.sees(first(strings.TrimPrefix(w.Gone[3], "%s")))

			o.calls(2, "detractor")
			s.sees(first(w.Answer))
			s.types("r je déjeune")
			s.sees(first(strings.TrimPrefix(w.Gone[2], "%s")))
			s.types("p")
			s.sees(w.OnBreak)
			s.types("p")
			s.sees(w.OnBreak)
			o.calls(3, "detractor")
			s.types("c")
			s.sees(w.BackAtWork)
			s.sees(first(w.Answer))
			o.does("cancel", customer(3)+"-1", "--by", "sam", "--reason", "réglé")
			s.sees(first(strings.TrimPrefix(w.Gone[4], "%s")))
			s.types("q")
			require.NoError(t, s.ends())
			require.Empty(t, s.errs.String())
			require.NotContains(t, s.out.String(), "␛", "no terminal")
			golden(t, "work."+lang, s.out.String())

			help, _, err := run(t, o.env, workCommand, "work", "--help")
			require.NoError(t, err)
			golden(t, "work-help."+lang, help)
		})
	}
}

// Two at a time, at a terminal: each can be named, and who comes back finds them.
func TestSeveralOffersAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "en")
	s := o.works(o.on(100), "amina", "--capacity", "3")
	s.sees("3 in hand at most")
	o.calls(1, "detractor")
	s.sees("To answer within 30 s")
	o.calls(2, "detractor")
	s.sees("To answer within 30 s")
	s.types("accepter cccc")
	s.sees(customer(2) + "-1, Camille [31mInventée 2")
	s.sees("This callback is yours.")
	o.calls(3, "detractor")
	s.sees("To answer within 30 s")

	list, _, err := run(t, o.on(130), agentsCommand, "agents", "list")
	require.NoError(t, err)
	require.Contains(t, list, "No agents.", "she is in no roster")

	// She comes in elsewhere, and finds what she has in hand.
	again := o.works(o.env, "amina", "--capacity", "3")
	again.sees("To answer within 30 s")
	again.sees(customer(2) + "-1, Camille [31mInventée 2: assigned")
	require.NoError(t, again.keys.Close(), "the end of the input leaves")
	require.NoError(t, again.ends())
	require.Contains(t, again.out.String(), english.Left)
}

func TestAWorkingRosterIsListed(t *testing.T) {
	t.Parallel()
	for lang, w := range map[string]*words{"fr": &french, "en": &english} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, lang)
			_, _, err := run(t, o.env, agentsCommand, "agents", "set", sampleAgents)
			require.NoError(t, err)
			s := o.works(o.env, "agent-1")
			s.sees(w.NothingInHand)
			o.calls(1, "detractor")
			require.Eventually(t, func() bool { // her seat hears of it a moment after she does
				out, _, err := run(t, o.env, agentsCommand, "agents", "list")
				return err == nil && strings.Contains(out, "\t1/2\t")
			}, soon, 5*time.Millisecond)
			idle := o.works(o.env, "agent-2")
			idle.sees(w.NothingInHand)
			away := o.works(o.env, "agent-4")
			away.sees(w.NothingInHand)
			away.types("p")
			away.sees(w.OnBreak)
			o.clock.Advance(20 * time.Second)
			for name, args := range map[string][]string{"list": {"list"}, "show": {"show", "agent-1"}, "show-idle": {"show", "agent-2"}} {
				out, _, err := run(t, o.on(130), agentsCommand, append([]string{"agents"}, args...)...)
				require.NoError(t, err)
				golden(t, "agents-"+name+"-working."+lang, strings.ReplaceAll(out, "\x1b", "␛"))
			}
			s.types("q")
			require.NoError(t, s.ends())
		})
	}
}

// pauses is an env whose pauses last until they are let go.
func pauses(e env) (paused env, waits chan time.Duration, on chan struct{}) {
	waits, on = make(chan time.Duration), make(chan struct{})
	e.wait = func(ctx context.Context, d time.Duration) error {
		for _, step := range []func() bool{
			func() bool {
				select {
				case waits <- d:
					return true
				case <-ctx.Done():
					return false
				}
			},
			func() bool {
				select {
				case <-on:
					return true
				case <-ctx.Done():
					return false
				}
			},
		} {
			if !step() {
				return ctx.Err()
			}
		}
		return nil
	}
	return e, waits, on
}

func TestWorkGoesOnWithTheNextServer(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "en")
	e, waits, on := pauses(o.env)
	s := o.works(e, "amina")
	s.sees(english.NothingInHand)
	o.calls(1, "detractor")
	s.sees(first(english.Answer))
	o.stop()
	s.sees(english.Reasons["GOING_AWAY"] + " Trying again in 500ms.")
	require.Equal(t, 500*time.Millisecond, <-waits)
	s.types("a")
	s.sees(english.NotConnected)
	s.types("p")
	s.sees(english.OnBreak)
	for _, want := range []string{"1s", "2s", "4s", "8s", "10s", "10s"} {
		on <- struct{}{}
		s.sees(english.Broken + " Trying again in " + want + ".")
		require.Equal(t, want, (<-waits).String())
	}
	o.start()
	on <- struct{}{}
	s.sees(english.OnBreak)
	s.sees(customer(1) + "-1")
	s.sees(first(english.Answer))
	s.types("a")
	s.sees(english.Claimed)
	o.stop()
	require.Equal(t, firstPause, <-waits, "after a welcome it begins anew")
	s.types("q")
	require.NoError(t, s.ends())
	s.sees(english.Left)
}

func TestHowWorkEnds(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "en", func(c *callbackqueue.Config) {
		c.AgentLostAfter = 3 * time.Second // so that seats are reported each second
	})
	one := o.works(o.env, "amina")
	one.sees(english.NothingInHand)
	named := world(map[string]string{"RAPPEL_AGENT": "amina", "RAPPEL_GRPC": o.grpc, "LANG": "en"})
	two := o.works(named)
	two.sees("amina is at work")
	require.EqualError(t, one.ends(), english.Reasons["REPLACED"])

	// Ctrl-c says goodbye: what was offered goes to the next at once.
	o.calls(1, "detractor")
	two.sees(first(english.Answer))
	bruno := o.works(o.env, "bruno")
	bruno.sees(english.NothingInHand)
	two.interrupt()
	require.NoError(t, two.ends())
	two.sees(english.Left)
	bruno.sees(first(english.Answer))

	err := o.works(o.env, "a b").ends()
	require.ErrorContains(t, err, "The server refuses: ")
	require.ErrorContains(t, err, "hello.agentId")
	_, _, err = run(t, o.env, workCommand, "work", "amina", "bruno")
	require.EqualError(t, err, fill(english.NoArgs, "bruno"))
	_, _, err = run(t, o.env, workCommand, "work", "amina", "--grpc", "127.0.0.1:1")
	require.EqualError(t, err, fill(english.NoGRPC, "127.0.0.1:1", "rappel"))
	_, _, err = run(t, world(nil), workCommand, "work")
	require.EqualError(t, err, fill(french.NeedWorker, "rappel"))

	strict := newOffice(t, "fr", func(c *callbackqueue.Config) { c.KnownAgentsOnly = true })
	require.EqualError(t, strict.works(strict.env, "mallory").ends(), french.Reasons["UNKNOWN_AGENT"])
}

func TestWorkForAnotherProgram(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "en")
	s := o.works(o.env, "amina", "-o", "json")
	s.sees(`{"welcome":{"capacity":1}}` + "\n")
	o.calls(1, "detractor")
	s.sees(`{"offer":{"callback":{"id":"` + customer(1) + `-1",`)
	s.sees("\n")
	s.types("a")
	s.sees(`{"update":`)
	s.sees("\n")
	s.types("a")
	s.types("p")
	s.sees(`{"status":{"status":"AWAY"}}` + "\n")
	s.types("q")
	require.NoError(t, s.ends())
	for _, line := range strings.Split(strings.TrimSpace(s.out.String()), "\n") {
		require.True(t, json.Valid([]byte(line)), line)
	}
	require.Equal(t, english.NoOffer+"\n"+english.Left+"\n", s.errs.String())
}

// What the server says seldom, at a terminal.
func TestWhatWorkSays(t *testing.T) {
	t.Parallel()
	type (
		said   = callbackv1.WorkCallbacksResponse
		update = callbackv1.WorkCallbacksResponse_Update_
		gone   = callbackv1.WorkCallbacksResponse_Gone_
	)
	held := func(s eventsv1.Callback_State) *eventsv1.Callback {
		cb := noemie()
		cb.State, cb.Holder = s, &eventsv1.Holder{AgentId: "amina", Token: 7, LeaseExpiresAt: at(3)}
		return cb
	}
	for _, lang := range []string{"fr", "en"} {
		s := &shift{desk: newDesk(world(map[string]string{"LANG": lang}).on(72), "work"), away: true}
		s.group, s.agent, s.cmd = "callbacks", "amina", s.root
		var b strings.Builder
		for _, m := range []*said{
			{Message: &callbackv1.WorkCallbacksResponse_Welcome_{Welcome: &callbackv1.WorkCallbacksResponse_Welcome{
				Capacity: 3, Callbacks: []*eventsv1.Callback{held(eventsv1.Callback_RESERVED), {Id: "zyxwvutsrqponmlkjihgfedcba-12", State: eventsv1.Callback_WRAPPING}},
			}}},
			{Message: &callbackv1.WorkCallbacksResponse_Refused_{Refused: &callbackv1.WorkCallbacksResponse_Refused{Id: id, Code: "ABORTED", Reason: "STALE_TOKEN", Message: "no"}}},
			{Message: &callbackv1.WorkCallbacksResponse_Refused_{Refused: &callbackv1.WorkCallbacksResponse_Refused{Id: "x", Code: "ABORTED", Reason: "NEWER", Message: "something \x1b[2J new"}}},
			{Message: &gone{Gone: &callbackv1.WorkCallbacksResponse_Gone{Id: id, Why: callbackv1.WorkCallbacksResponse_Gone_OFFER_EXPIRED}}},
			{Message: &callbackv1.WorkCallbacksResponse_Status_{Status: &callbackv1.WorkCallbacksResponse_Status{Status: callbackv1.AgentStatus_AWAY, MissedOffers: true}}},
			{Message: &update{Update: &callbackv1.WorkCallbacksResponse_Update{Callback: held(eventsv1.Callback_ASSIGNED)}}},
			{Message: &gone{Gone: &callbackv1.WorkCallbacksResponse_Gone{Id: id}}},
			{},
		} {
			b.WriteString(s.told(m))
		}
		require.Len(t, s.hand, 1)
		golden(t, "work-seldom."+lang, strings.ReplaceAll(b.String(), "\x1b", "␛"))
	}
	for why := range callbackv1.WorkCallbacksResponse_Gone_Why_name {
		require.NotEmpty(t, french.Gone[callbackv1.WorkCallbacksResponse_Gone_Why(why)])
		require.NotEmpty(t, english.Gone[callbackv1.WorkCallbacksResponse_Gone_Why(why)])
	}
}

package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

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

package cli

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
	"github.com/rappel-loop/rappel/services/rappel/internal/tail"
)

// output can be read while it is written.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func store(t *testing.T, b *bus.Bus) {
	t.Helper()
	_, err := b.Publish(t.Context(), bus.Event{Subject: subject.Response("magasins", "abc"), ID: "1", Body: &eventsv1.ResponseReceived{
		CustomerKey: id[:26], Revision: 1, Response: &eventsv1.Response{Survey: "magasins", Channel: "kiosk\x1b[2J", Answers: []*eventsv1.Answer{
			{Metric: eventsv1.Metric_NPS, Value: proto.Float64(2)}, {Verbatim: "Inadmissible\x1b[2J !"},
		}},
	}})
	require.NoError(t, err)
}

// follow runs a tail until it has printed something, then interrupts it.
func follow(t *testing.T, e env, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	root := &cobra.Command{Use: "rappel", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(tailCommand(e))
	out := &output{}
	root.SetOut(out)
	root.SetArgs(append([]string{"tail"}, args...))
	done := make(chan error, 1)
	go func() { done <- root.ExecuteContext(ctx) }()
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "\n") }, 15*time.Second, 5*time.Millisecond)
	cancel()
	require.NoError(t, <-done, "ctrl-C is how it ends")
	return out.String()
}

func TestTailOverHTTP(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	store(t, b)
	s := httptest.NewServer(tail.Handler(b))
	t.Cleanup(s.Close)
	e := world(map[string]string{"RAPPEL_SERVER": s.URL})
	got := follow(t, e, "--all")
	require.Regexp(t, `^\d\d:\d\d:\d\d\.\d{3}  abcdefgh  response  received         magasins · NPS 2 · 1 verbatim · kiosk\[2J\n$`, got)
	got = follow(t, e, "--since", "1h", "--stream", "responses", "-o", "json")
	require.Contains(t, got, `"summary":{"what":"received"`)
	require.NotContains(t, got, "Inadmissible")
}

func TestTailOverNATSWithTheCustomersWords(t *testing.T) {
	t.Parallel()
	s, err := embednats.Start(embednats.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"}, zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Shutdown(context.WithoutCancel(t.Context()))) })
	b, err := bus.New(testkit.Connect(t, s), bus.Options{Barrier: bus.Replicated{}})
	require.NoError(t, err)
	require.NoError(t, topology.Ensure(t.Context(), b.JetStream(), topology.Options{}))
	store(t, b)
	got := follow(t, world(nil), "--nats", s.URL(), "--all", "--verbatims")
	require.Contains(t, got, "kiosk[2J\n")
	require.Contains(t, got, "« Inadmissible[2J ! »\n", "the words, but not what a terminal would obey")
	got = follow(t, world(nil), "--nats", s.URL(), "--all", "--verbatims", "-o", "json")
	require.Contains(t, got, `"verbatimTexts":["Inadmissible`)
	got = follow(t, world(nil).on(100), "--nats", s.URL(), "--all")
	require.NotContains(t, got, "Inadmissible")
}

func TestTailThatCannot(t *testing.T) {
	t.Parallel()
	none := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(none.Close)
	for want, args := range map[string][]string{
		"--verbatims needs --nats":                             {"--verbatims"},
		"--all and --since":                                    {"--all", "--since", "1h"},
		"--since: must be how long":                            {"--since", "soon"},
		"--stream: must be some":                               {"--stream", "feed"},
		"--output xml":                                         {"-o", "xml"},
		"start a server with `rappel run`":                     {"--server", "127.0.0.1:1"},
		"does not offer GET /v1/tail":                          {"--server", none.URL},
		"no NATS server answers at nats://u:xxxxx@127.0.0.1:1": {"--nats", "nats://u:secret@127.0.0.1:1"},
	} {
		_, _, err := run(t, world(nil), tailCommand, append([]string{"tail"}, args...)...)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "secret")
	}
}

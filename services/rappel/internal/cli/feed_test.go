package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/rappel-loop/rappel/proto/feedevent"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/feed"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// feedServer is the service feed, over what a loop has stored.
func feedServer(t *testing.T) (*bus.Bus, string) {
	t.Helper()
	b := testkit.Bus(t)
	server := rpc.New(rpc.Options{})
	s, err := feed.New(feed.DefaultConfig(), feed.Deps{Bus: b, RPC: server})
	require.NoError(t, err)
	require.NoError(t, s.Start(t.Context()))
	l, err := rpc.Listen("127.0.0.1:0", "127.0.0.1:0")
	require.NoError(t, err)
	stop := server.Serve(l, func(err error) { t.Errorf("serve: %v", err) })
	t.Cleanup(func() {
		require.NoError(t, stop(context.Background()))
		require.NoError(t, s.Stop(context.Background()))
	})
	return b, "http://" + l.HTTP.Addr().String()
}

// told stores an event of a callback.
func told(t *testing.T, b *bus.Bus, no uint64, what eventsv1.CallbackEvent_Type, change func(*eventsv1.Callback)) {
	t.Helper()
	cb := noemie()
	if change != nil {
		change(cb)
	}
	_, err := b.Publish(t.Context(), bus.Event{
		Subject: subject.Callback(subject.BucketOf(id[:26]), id[:26]), ID: fmt.Sprint("c-", no),
		Body: &eventsv1.CallbackEvent{EventId: fmt.Sprint("c-", no), EventNo: no, Type: what, OccurredAt: at(int(no)), CustomerKey: id[:26], Callback: cb},
	})
	require.NoError(t, err)
}

// reads runs the command until it has printed so many lines, then interrupts it.
func reads(t *testing.T, e env, lines int, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	root := &cobra.Command{Use: "rappel", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(feedCommand(e))
	out := &output{}
	root.SetOut(out)
	root.SetErr(io.Discard)
	root.SetArgs(append([]string{"feed"}, args...))
	done := make(chan error, 1)
	go func() { done <- root.ExecuteContext(ctx) }()
	require.Eventually(t, func() bool { return strings.Count(out.String(), "\n") >= lines }, 15*time.Second, 5*time.Millisecond, "%v", out)
	cancel()
	require.NoError(t, <-done, "ctrl-C is how it ends")
	return out.String()
}

func TestFeedIsRead(t *testing.T) {
	t.Parallel()
	b, url := feedServer(t)
	told(t, b, 1, eventsv1.CallbackEvent_OPENED, nil)
	told(t, b, 2, eventsv1.CallbackEvent_SLA_BREACHED, nil)
	told(t, b, 3, eventsv1.CallbackEvent_COMPLETED, func(c *eventsv1.Callback) {
		c.State, c.WrapUp = eventsv1.Callback_COMPLETED, &eventsv1.WrapUp{Outcome: eventsv1.WrapUp_RESOLVED}
		c.Recovery = &eventsv1.Recovery{Before: proto.Float64(20), After: proto.Float64(90)}
	})
	for lang, want := range map[string]string{
		"fr": "14:31:00  abcdefgh  rappel ouvert · en attente · file default · priorité 87 · " + id + "\n" +
			"14:32:00  abcdefgh  délai manqué · en attente · file default · priorité 87 · " + id + "\n" +
			"14:33:00  abcdefgh  rappel conclu · terminé · résolu · satisfaction 20 → 90 · file default · priorité 87 · " + id + "\n",
		"en": "14:31:00  abcdefgh  callback opened · waiting · queue default · priority 87 · " + id + "\n" +
			"14:32:00  abcdefgh  promise missed · waiting · queue default · priority 87 · " + id + "\n" +
			"14:33:00  abcdefgh  callback completed · completed · resolved · satisfaction 20 → 90 · queue default · priority 87 · " + id + "\n",
	} {
		got := reads(t, world(map[string]string{"RAPPEL_SERVER": url, "LANG": lang}), 3, "--from", "beginning")
		require.Equal(t, want, got)
	}
	painted := reads(t, world(map[string]string{"RAPPEL_SERVER": url}).on(100), 1, "--from", "beginning", "--types", "sla_breached", "--queue", "default", "--survey", "magasins")
	require.Contains(t, painted, "\x1b[31mdélai manqué\x1b[0m")
}

// A script that is started again goes on where it was.
func TestFeedKeepsItsPlace(t *testing.T) {
	t.Parallel()
	b, url := feedServer(t)
	e := world(map[string]string{"RAPPEL_SERVER": url})
	file := filepath.Join(t.TempDir(), "place")
	for no := uint64(1); no <= 3; no++ {
		told(t, b, no, eventsv1.CallbackEvent_ENRICHED, nil)
		got := reads(t, e, 1, "-o", "json", "--from", "beginning", "--cursor", file)
		require.Equal(t, 1, strings.Count(got, "\n"))
		event, err := feedevent.Decode([]byte(got))
		require.NoError(t, err)
		require.Equal(t, no, event.Data.(*feedevent.Callback).EventNo)
	}
	require.NoError(t, os.WriteFile(file, []byte("00000000-1\n"), 0o600))
	_, _, err := run(t, e, feedCommand, "feed", "--cursor", file)
	require.ErrorContains(t, err, "n'est plus conservé")
	require.NoError(t, os.WriteFile(file, []byte("rubbish"), 0o600))
	_, _, err = run(t, e, feedCommand, "feed", "--cursor", file, "--lang", "en")
	require.ErrorContains(t, err, "Last-Event-ID")
	entries, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing else is left there")
}

// A connection that breaks is made anew; what no waiting mends is an error.
func TestFeedComesBack(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Header.Get("Last-Event-ID"))
		w.Header().Set("Content-Type", "text/event-stream")
		if len(asked) > 2 {
			fmt.Fprintf(w, "id: 00000000-2\ndata: {\"type\":\"tomorrow\",\"time\":\"2026-11-09T13:30:00Z\",\"partitionkey\":\"k\\u001b[2J\"}\n\n")
			return
		}
		fmt.Fprint(w, "retry: 2000\n: the feed\nid: 00000000-1\n\n")
	}))
	t.Cleanup(s.Close)
	got := reads(t, world(nil), 1, "--server", s.URL)
	require.Equal(t, "14:30:00  k[2J      tomorrow", strings.Split(got, "\n")[0], "nothing that a terminal would obey")
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, []string{"", "00000000-1"}, asked[:2])
}

func TestFeedThatCannot(t *testing.T) {
	t.Parallel()
	none := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(none.Close)
	_, url := feedServer(t)
	for want, args := range map[string][]string{
		"GET /v1/events":           {"--server", none.URL},
		"127.0.0.1:1":              {"--server", "127.0.0.1:1"},
		"types: \"gloom\"":         {"--server", url, "--types", "gloom"},
		"--output":                 {"-o", "xml"},
		"the place of before":      {"--cursor", t.TempDir()},
		"« de trop » est de trop.": {"de trop"},
	} {
		_, _, err := run(t, world(nil), feedCommand, append([]string{"feed"}, args...)...)
		require.ErrorContains(t, err, want)
	}
}

func TestBothLanguagesKnowEveryEvent(t *testing.T) {
	t.Parallel()
	for _, w := range []*feedWords{&feedFrench, &feedEnglish} {
		require.Len(t, w.Types, len(feedevent.Types()))
		for _, d := range feedevent.Types() {
			require.NotEmpty(t, w.Types[d.Type], d.Type)
		}
		for n, name := range eventsv1.SLA_Target_name {
			require.Equal(t, n != 0, w.Targets[name] != "", name)
		}
	}
	for lang := range map[string]bool{"fr": true, "en": true} {
		help, _, err := run(t, world(map[string]string{"LANG": lang}), feedCommand, "feed", "--help")
		require.NoError(t, err)
		golden(t, "feed-help."+lang, help)
	}
}

// What the customer said is told in words of ours, and an answer about an earlier callback with
// that callback.
func TestFeedSaysWhatWasFound(t *testing.T) {
	t.Parallel()
	b, url := feedServer(t)
	put := func(subj, id string, m proto.Message) {
		_, err := b.Publish(t.Context(), bus.Event{Subject: subj, ID: id, Body: m})
		require.NoError(t, err)
	}
	themes := []*eventsv1.ThemeFound{{Dimension: eventsv1.Dimension_RESPONSIVENESS_AFTER_SALES, Theme: "delivery_time", Polarity: eventsv1.Sentiment_NEGATIVE}}
	customer := id[:26]
	bucket := subject.BucketOf(customer)
	scored := &eventsv1.ResponseScored{
		EventId: "s", ScoredAt: at(1), Correction: 1,
		Received: &eventsv1.ResponseReceived{CustomerKey: customer, Revision: 1, Response: &eventsv1.Response{Survey: "magasins", Id: "r-1"}},
		Score: &eventsv1.Score{Disagreement: eventsv1.Disagreement_GOOD_SCORE_BAD_WORDS, Verbatims: []*eventsv1.VerbatimAnalysis{{
			Themes: themes, Intents: []*eventsv1.IntentFound{{Intent: eventsv1.Intent_CHURN_RISK}},
		}}},
	}
	put(subject.Score("magasins", bucket), "s", scored)
	put(subject.Alert("lost", bucket), "a", &eventsv1.AlertRaised{
		EventId: "a", AlertId: "a", RaisedAt: at(2), Rule: "lost", Scored: scored, Severity: eventsv1.Severity_CRITICAL, Team: "retention",
		Fallback: "busy",
	})
	put(subject.Fallback("busy"), "busy-1", &eventsv1.FallbackChanged{
		EventId: "busy-1", Name: "busy", Changes: 1, At: at(2), Active: true, Queue: "care", WaitSeconds: proto.Float64(15300), Measures: []string{"raise_bar"},
	})
	cb := noemie()
	cb.Reasons = []*eventsv1.Reason{{Survey: "magasins", ResponseId: "r-1", Themes: themes}}
	put(subject.Callback(bucket, customer), "o", &eventsv1.CallbackEvent{
		EventId: "o", EventNo: 1, Type: eventsv1.CallbackEvent_OPENED, OccurredAt: at(3), CustomerKey: customer, Callback: cb,
	})
	put(subject.Callback(bucket, customer), "f", &eventsv1.CallbackEvent{
		EventId: "f", EventNo: 2, Type: eventsv1.CallbackEvent_FOLLOWED_UP, OccurredAt: at(4), CustomerKey: customer, Callback: cb,
		About: customer + "-1", Past: []*eventsv1.PastCallback{{
			Id: customer + "-1", Recovery: &eventsv1.Recovery{Before: proto.Float64(20), After: proto.Float64(90)},
		}},
	})
	for what, want := range map[string]string{
		"analysis_corrected": "analysis corrected · magasins · " + englishTopics.Themes["delivery_time"] + " − · " +
			englishTopics.Intents[eventsv1.Intent_CHURN_RISK] + " · " + englishTopics.Disagrees,
		"alert_raised":    "alert · rule: lost · critical · retention · magasins · fallback busy · no callback asked for",
		"fallback_began":  "fallback begun · busy · queue care · predicted wait 4h15m · raise_bar",
		"callback_opened": "callback opened · waiting · " + englishTopics.Themes["delivery_time"] + " − · queue default · priority 87 · " + id,
		"followed_up":     "answered how it went · satisfaction 20 → 90 · " + customer + "-1",
	} {
		got := reads(t, world(map[string]string{"RAPPEL_SERVER": url, "LANG": "en"}), 1, "--from", "beginning", "--types", what)
		require.Equal(t, want, strings.TrimSpace(strings.SplitN(got, "  ", 3)[2]))
	}
}

package topology_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

var update = flag.Bool("update", false, "write docs/subjects.md anew")

const docs = "../../../docs/subjects.md"

// shapes are the subjects of each stream and the message each one is.
var shapes = map[string][2]string{
	subject.Pushes:        {"rappel.v1.push.<source>.<endpoint>.<lane>", "`PushReceived`"},
	subject.Imports:       {"rappel.v1.import.<import>", "`ImportEvent`"},
	subject.ImportFiles:   {"rappel.v1.import_file.<file>.<part>`, `rappel.v1.import_rejects.<file>", "`ImportPart`"},
	subject.CallKeys:      {"rappel.v1.call_key.<hash>", "`CallNoted`"},
	subject.DoNotCall:     {"rappel.v1.do_not_call.<customer_key>", "`DoNotCallChanged`"},
	subject.Responses:     {"rappel.v1.response.<survey>.<bucket>", "`ResponseReceived`"},
	subject.Scores:        {"rappel.v1.score.<survey>.<bucket>", "`ResponseScored`"},
	subject.Corrections:   {"rappel.v1.correction.<survey>.<bucket>", "`AnalysisCorrected`"},
	subject.Models:        {"rappel.v1.model.<model>", "`ModelEvent`"},
	subject.Rules:         {subject.AllRules, "`RulesStored`; its sequence is the version's number"},
	subject.AlertStates:   {"rappel.v1.alert_state.<alert>", "`AlertChanged`"},
	subject.Silences:      {"rappel.v1.silence.<silence>", "`SilenceChanged`"},
	subject.Notifications: {"rappel.v1.notification.<group>", "`GroupNotified`"},
	subject.Deliveries:    {"rappel.v1.delivery.<delivery>", "`DeliveryChanged`"},
	subject.Receivers:     {"rappel.v1.receiver.<receiver>", "`ReceiverChanged`"},
	subject.Fallbacks:     {"rappel.v1.fallback.<fallback>", "`FallbackChanged`"},
	subject.QueueStats:    {"rappel.v1.queue_stats.<queue>", "`QueueMeasured`"},
	subject.Alerts:        {"rappel.v1.alert.<rule>.<bucket>", "`AlertRaised`, `AlertResolved`; `FollowUpAnswered` under `follow_up`"},
	subject.Callbacks:     {"rappel.v1.callback.<bucket>.<customer_key>", "`CallbackEvent`"},
	subject.Agents:        {"rappel.v1.agent.<agent_key>", "`AgentEvent`"},
	subject.FeedKeys:      {"rappel.v1.feed_key.pseudonyms", "`FeedKey`"},
	subject.Feed:          {"rappel.feed.v1.<type>.<survey or queue>", "a CloudEvents 1.0 JSON event"},
	subject.DeadLetters:   {"rappel.v1.dead.<stream>.<reason>`, `rappel.v1.redrive.<consumer>", "`DeadLetter`; `Redrive`, an order to try one again"},
}

func TestDocsSubjectsIsPrintedFromTheTopology(t *testing.T) {
	t.Parallel()
	want := page()
	if *update {
		require.NoError(t, os.WriteFile(docs, []byte(want), 0o644))
	}
	got, err := os.ReadFile(docs)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "run: go test ./services/internal/topology -update")
}

func TestTheDocumentedShapesAreTheSubjects(t *testing.T) {
	t.Parallel()
	made := map[string]string{
		subject.Pushes:  subject.Push("source", "endpoint", "lane"),
		subject.Imports: subject.Import("import"), subject.ImportFiles: subject.ImportPart("file", "part") + "`,-`" + subject.ImportRejects("file"),
		subject.CallKeys: subject.CallKey("hash"), subject.DoNotCall: subject.DoNotCallKey("customer_key"), subject.Responses: subject.Response("survey", "bucket"), subject.Scores: subject.Score("survey", "bucket"),
		subject.Corrections: subject.Correction("survey", "bucket"), subject.Models: subject.Model("model"),
		subject.Rules:  subject.AllRules,
		subject.Alerts: subject.Alert("rule", "bucket"), subject.Callbacks: subject.Callback("bucket", "customer_key"),
		subject.AlertStates: subject.AlertState("alert"), subject.Silences: subject.Silence("silence"),
		subject.Notifications: subject.Notification("group"), subject.Deliveries: subject.Delivery("delivery"),
		subject.Receivers: subject.Receiver("receiver"), subject.Fallbacks: subject.Fallback("fallback"), subject.QueueStats: subject.QueueStat("queue"),
		subject.Agents:   subject.Agent("agent_key"),
		subject.FeedKeys: subject.FeedKey(),
		subject.Feed:     subject.FeedEvent("type", "survey-or-queue"), subject.DeadLetters: subject.DeadLetter("stream", "reason") + "`,-`" + subject.Redrive("consumer"),
	}
	require.Len(t, shapes, len(topology.Streams()))
	plain := strings.NewReplacer("<", "", ">", "", " ", "-")
	for stream, shape := range shapes {
		require.Equal(t, made[stream], plain.Replace(shape[0]))
	}
}

func page() string {
	var b strings.Builder
	line := func(f string, a ...any) { fmt.Fprintf(&b, f+"\n", a...) }
	line("# Streams, subjects and consumers")
	line("")
	line("Printed from `services/internal/topology`: change it there, then run")
	line("`go test ./services/internal/topology -update`.")
	line("")
	line("Every token of a subject is 1 to 64 of `A-Z a-z 0-9 _ -`. `<bucket>` is three hexadecimal digits of the")
	line("customer key's hash, `<customer_key>` the customer's pseudonym, `<agent_key>` a hash of the agent's id, `<lane>` the")
	line("same for all that is about one response. An event is at most %d MiB, headers included: a", topology.MaxMessage>>20)
	line("server's `max_payload` must allow it. All streams are on disk; a full one refuses new events.")
	line("")
	line("## Streams")
	for _, s := range topology.Streams() {
		line("")
		line("### %s", s.Name)
		line("")
		line("%s", s.Why)
		line("")
		line("| | |")
		line("|---|---|")
		line("| subject | `%s` |", shapes[s.Name][0])
		line("| one message is | %s |", shapes[s.Name][1])
		line("| kept | %s |", age(s))
		line("| size | %s |", size(s))
		line("| a repeated `Nats-Msg-Id` is refused for | %s |", span(s.Duplicates))
	}
	line("")
	line("## Consumers")
	line("")
	line("Each delivers an event until it is acknowledged. The handler counts the deliveries and gives up with a dead")
	line("letter; while the event store is away or full, nothing is counted. Events of one bucket are handled in order.")
	line("")
	line("| consumer | of | what it does | at once | ack wait | dead letter after |")
	line("|---|---|---|---|---|---|")
	for _, c := range topology.Consumers() {
		line("| `%s` | %s | %s | %d | %s | %d deliveries |", c.Durable, c.Stream, c.Why, c.Lanes, span(c.AckWait), c.MaxDeliveries)
	}
	each, asking := topology.PushesOf("source", "endpoint", false), topology.PushesOf("source", "endpoint", true)
	line("| `push-<endpoint>` | %s | makes answers of what an endpoint of the collector was told | %d, or %d where its source is asked for them | %s | %d deliveries |",
		each.Stream, each.Lanes, asking.Lanes, span(each.AckWait), each.MaxDeliveries)
	line("")
	line("Those of the feed deliver to one process at a time, so that FEED is in the order of each stream, and to another %s after", span(topology.Handover))
	line("the last word of the one before, or at once when it stopped in order.")
	line("")
	line("Each has a second one, `<consumer>-redrive`, of the orders in DEAD_LETTERS to try again what it gave up.")
	line("")
	line("## Signals")
	line("")
	line("Hints from process to process, outside every stream; what is lost is looked for anyway. A NATS user of the callback queue")
	line("must be let publish and subscribe.")
	line("")
	line("| subject | one message is |")
	line("|---|---|")
	line("| `rappel.v1.signal.agent.<agent_hash>` | the customer key of a callback that this agent has or had in hand, and that has changed |")
	line("")
	line("## Headers")
	line("")
	line("| header | is |")
	line("|---|---|")
	for _, h := range [][2]string{
		{"Nats-Msg-Id", "the event id, deterministic where the event is"},
		{subject.HeaderType, "the protobuf message's full name; `io.cloudevents.v1.CloudEvent` in FEED, whose bodies are JSON"},
		{subject.HeaderSchema, "the version of the events package, now " + subject.SchemaVersion},
		{subject.HeaderTraceparent, "the W3C trace context, when there is one"},
		{subject.HeaderSurveys, "FEED: the surveys that the event is about, comma-separated"},
		{subject.HeaderQueue, "FEED: the queue that the event is about"},
		{subject.HeaderContentType, "FEED: `application/cloudevents+json; charset=UTF-8`"},
		{subject.HeaderResponseID, "RESPONSES: the response's id, in base64url"},
		{subject.HeaderRevision, "RESPONSES: the response's revision, in decimal"},
		{subject.HeaderDigest, "RESPONSES: the digest of the response's content, in hexadecimal"},
	} {
		line("| `%s` | %s |", h[0], h[1])
	}
	return b.String()
}

func age(s topology.Stream) string {
	switch {
	case s.MaxAge == 0:
		return "until it is purged"
	case s.Passing:
		return span(s.MaxAge) + ", or less where answers are kept for less"
	case s.Bounded:
		return span(s.MaxAge) + ", unless configured otherwise"
	default:
		return span(s.MaxAge)
	}
}

func size(s topology.Stream) string {
	if s.Bounded {
		return "unbounded, unless configured (`nats.max_stream_bytes`)"
	}
	return "unbounded"
}

// span is a duration as people say it.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= day && d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	default:
		return fmt.Sprintf("%d s", d/time.Second)
	}
}

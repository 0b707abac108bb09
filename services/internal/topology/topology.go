// Package topology holds the streams and consumers of the loop as data, and the
// one function that brings a NATS server in line with them. docs/subjects.md is
// printed from it.
package topology

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rappel-loop/rappel/proto/subject"
)

const day = 24 * time.Hour

// MaxMessage bounds one event, in bytes of body and headers; a server's
// max_payload must allow it. A collected answer is far smaller: the room is for
// callbacks with many reasons.
const MaxMessage = 4 << 20

// Stream is one JetStream stream and the reason for its limits.
type Stream struct {
	// Name and Subjects, from package subject.
	Name     string
	Subjects []string
	// MaxAge is how long an event is kept; 0 keeps it until it is purged. Options may
	// keep those of a passing stream for less, and no longer.
	MaxAge  time.Duration
	Passing bool
	// Bounded streams take Options.MaxBytes and Options.MaxAge: a full stream
	// refuses new events, which is what makes backpressure reach the source.
	Bounded bool
	// Duplicates is the window in which a repeated Nats-Msg-Id is refused. Each
	// id costs 129 bytes of server memory while it lasts.
	Duplicates time.Duration
	// Why says what the stream is for and why its limits are what they are.
	Why string
}

// Consumer is one durable consumer. It delivers each event until it is
// acknowledged; the handler counts deliveries and gives up, not the server.
type Consumer struct {
	// Stream is what it reads; Durable is its name.
	Stream, Durable string
	// Filter is what it reads of the stream; empty is all of it.
	Filter string
	// Lanes is how many events are handled at once. One bucket's events share a
	// lane, so they are handled in order.
	Lanes int
	// Pending bounds the deliveries that nobody has answered yet; 0 is sixteen for each
	// lane. A retry holds its place until its time comes, so a bucket whose every event
	// fails must leave room for the others.
	Pending int
	// AckWait is how long a delivery may take before it is given to another.
	AckWait time.Duration
	// MaxDeliveries is after how many deliveries an event becomes a dead letter.
	MaxDeliveries int
	// Exclusive consumers deliver to one process at a time, and to the next once that one
	// has ended or nothing was heard of it for Handover: what several would do beside each
	// other stays in the stream's order.
	Exclusive bool
	// Why says what the consumer does.
	Why string
}

// Streams lists every stream, in the order of the loop.
func Streams() []Stream { //nolint:funlen // a stream an entry, and nothing else
	return []Stream{
		{
			Name: subject.Pushes, Subjects: []string{subject.AllPushes}, MaxAge: 7 * day, Passing: true,
			Bounded: true, Duplicates: 2 * time.Hour,
			Why: "What sources told the collector by webhooks, as they told it, until it has become answers. Kept as long as a source's API, or the mapping of an endpoint, may take to be mended.",
		},
		{
			Name: subject.Imports, Subjects: []string{subject.AllImports}, MaxAge: 30 * day, Passing: true,
			Bounded: true, Duplicates: 2 * time.Minute,
			Why: "Files of responses that are imported: the last event of an import's subject is its state, and the order to go on. Kept for who asks what came of one, and for a sender who repeats it.",
		},
		{
			Name: subject.ImportFiles, Subjects: []string{subject.AllImportFiles, subject.AllImportRejects}, MaxAge: 7 * day, Passing: true,
			Bounded: true, Duplicates: 2 * time.Minute,
			Why: "The files themselves, in parts, until each has been read; and the rows of them that were refused, for who mends them.",
		},
		{
			Name: subject.CallKeys, Subjects: []string{subject.AllCallKeys}, MaxAge: day, Passing: true,
			Bounded: true, Duplicates: 2 * time.Minute,
			Why: "What came with each idempotency key, as a digest: the same call is known again for a day, and another under the same key is refused.",
		},
		{
			Name: subject.DoNotCall, Subjects: []string{subject.AllDoNotCall},
			Duplicates: 2 * time.Minute,
			Why:        "Who is never called, by pseudonyms of ids, numbers and addresses: the last event of a pseudonym's subject says whether. No age limit: who asked not to be called is not called years later.",
		},
		{
			Name: subject.Responses, Subjects: []string{subject.AllResponses}, MaxAge: 90 * day,
			Bounded: true, Duplicates: 10 * time.Minute,
			Why: "Every accepted answer, whole, at each revision. Kept as long as a source may send it again: the ledger of revisions is read from it.",
		},
		{
			Name: subject.Scores, Subjects: []string{subject.AllScores}, MaxAge: 90 * day,
			Bounded: true, Duplicates: 10 * time.Minute,
			Why: "Every answer with what the scorer found in it.",
		},
		{
			Name: subject.Corrections, Subjects: []string{subject.AllCorrections}, MaxAge: 730 * day,
			Duplicates: 2 * time.Minute,
			Why:        "What somebody says that a verbatim means, in place of what the scorer found. Made by hand, so few; kept for two years, far longer than the answers, because each training learns from them.",
		},
		{
			Name: subject.Models, Subjects: []string{subject.AllModels}, Duplicates: 2 * time.Minute,
			Why: "The models that were trained, each with its weights once, and which one is in use. No age limit: the one in use may be old.",
		},
		{
			Name: subject.Rules, Subjects: []string{subject.AllRules},
			Duplicates: 2 * time.Minute,
			Why:        "The versions of the rules, each whole: the last is in force unless a file is named, those before say what an alert was raised by. Made by hand, so few; no age limit.",
		},
		{
			Name: subject.Alerts, Subjects: []string{subject.AllAlerts}, MaxAge: 90 * day,
			Bounded: true, Duplicates: 10 * time.Minute,
			Why: "Every rule that matched, and every one that no longer does; and every answer about a callback.",
		},
		{
			Name: subject.AlertStates, Subjects: []string{subject.AllAlertStates}, MaxAge: 90 * day,
			Bounded: true, Duplicates: 2 * time.Minute,
			Why: "Whether each alert stands, and who looks after it: the last event of an alert's subject is its state. Kept as long as ALERTS.",
		},
		{
			Name: subject.Silences, Subjects: []string{subject.AllSilences},
			Duplicates: 2 * time.Minute,
			Why:        "What is kept back from people, by whom and why: the last event of a silence's subject is its state. Made by hand, so few; no age limit, as one may be for next year.",
		},
		{
			Name: subject.Notifications, Subjects: []string{subject.AllNotifications}, MaxAge: 90 * day,
			Duplicates: 2 * time.Minute,
			Why:        "What people were told of each group of alerts: the last event of a group's subject is what they know. Kept as long as alerts are.",
		},
		{
			Name: subject.Deliveries, Subjects: []string{subject.AllDeliveries}, MaxAge: 30 * day,
			Duplicates: 2 * time.Minute,
			Why:        "Each notification on its way to one receiver, with every try: the log that can be looked at and replayed for a month.",
		},
		{
			Name: subject.Receivers, Subjects: []string{subject.AllReceivers},
			Duplicates: 2 * time.Minute,
			Why:        "Which receivers are told nothing, since when and why. No age limit: one that is gone stays gone until somebody says otherwise.",
		},
		{
			Name: subject.Fallbacks, Subjects: []string{subject.AllFallbacks},
			Duplicates: 2 * time.Minute,
			Why:        "Which fallbacks apply: the last event of one's subject is its state. A few a day, so no age limit.",
		},
		{
			Name: subject.QueueStats, Subjects: []string{subject.AllQueueStats}, MaxAge: day,
			Duplicates: 2 * time.Minute,
			Why:        "How each queue stands, every 10 seconds (callback.stats_every) while something is in it, and once when nothing is any more: whoever decides by it looks at the last of a queue's subject, and how old it is.",
		},
		{
			Name: subject.Callbacks, Subjects: []string{subject.AllCallbacks},
			Duplicates: 2 * time.Minute,
			Why:        "The truth about callbacks: the last event of a customer's subject is the state. No age limit: once a subject is gone, its callbacks could be opened again. What is older than callback.history_kept and came before a close goes.",
		},
		{
			Name: subject.Agents, Subjects: []string{subject.AllAgents},
			Duplicates: 2 * time.Minute,
			Why:        "The agents' roster: the last event of an agent's subject is the state, those before say who changed what. No age limit: an agent is here until somebody removes them.",
		},
		{
			Name: subject.FeedKeys, Subjects: []string{subject.AllFeedKeys},
			Duplicates: 2 * time.Minute,
			Why:        "The secret that the feed's pseudonyms of responses, alerts and agents are made with. No age limit: under another one they would all be new.",
		},
		{
			Name: subject.Feed, Subjects: []string{subject.AllFeed}, MaxAge: 30 * day,
			Duplicates: 10 * time.Minute,
			Why:        "Public events without personal data, for product teams.",
		},
		{
			Name: subject.DeadLetters, Subjects: []string{subject.AllDeadLetters, subject.AllRedrives}, MaxAge: 90 * day,
			Duplicates: 10 * time.Minute,
			Why:        "Messages no retry will mend, with their reason and origin; and the orders to try one again.",
		},
	}
}

// The durable consumers.
var (
	// Imports makes responses of imported files, a slice of a file an event.
	Imports = Consumer{
		Stream: subject.Imports, Durable: "imports", Lanes: 2, AckWait: 30 * time.Second, MaxDeliveries: 20,
		Why: "makes answers of the next rows of an imported file",
	}
	// Scorer scores what the collector accepted.
	Scorer = Consumer{
		Stream: subject.Responses, Durable: "scorer", Lanes: 256, AckWait: 10 * time.Second, MaxDeliveries: 10,
		Why: "scores each response",
	}
	// Corrections scores again what was corrected.
	Corrections = Consumer{
		Stream: subject.Corrections, Durable: "corrections", Lanes: 16, AckWait: 20 * time.Second, MaxDeliveries: 10,
		Why: "scores a response again of which an analysis was corrected",
	}
	// Alerting runs the rules over scored responses.
	Alerting = Consumer{
		Stream: subject.Scores, Durable: "alerting", Lanes: 256, AckWait: 10 * time.Second, MaxDeliveries: 10,
		Why: "runs the rules over each scored response",
	}
	// AlertStates keeps the state of each alert.
	AlertStates = Consumer{
		Stream: subject.Alerts, Durable: "alert-states", Lanes: 128, AckWait: 10 * time.Second, MaxDeliveries: 10,
		Why: "keeps whether each alert stands",
	}
	// AlertCallbacks ends alerts whose callback was closed.
	AlertCallbacks = Consumer{
		Stream: subject.Callbacks, Durable: "alert-callbacks", Lanes: 128, AckWait: 10 * time.Second, MaxDeliveries: 10,
		Why: "ends the alerts whose callback was closed",
	}
	// Notifications sends what people are told on its way.
	Notifications = Consumer{
		Stream: subject.Notifications, Durable: "notifications", Lanes: 32, AckWait: 10 * time.Second, MaxDeliveries: 10,
		Why: "makes a delivery to each receiver of a notification",
	}
	// Afterwards calls whom a fallback held back, once it has ended. It reads a day of ALERTS.
	Afterwards = Consumer{
		Stream: subject.Fallbacks, Durable: "afterwards", Lanes: 1, AckWait: 2 * time.Minute, MaxDeliveries: 20,
		Why: "asks for the callbacks that a fallback held back, when it has ended and its rules say so",
	}
	// CallbackQueue opens and enriches callbacks.
	CallbackQueue = Consumer{
		Stream: subject.Alerts, Durable: "callback-queue", Lanes: 256, AckWait: 10 * time.Second, MaxDeliveries: 10,
		Why: "opens a callback, adds a reason to the open one, or withdraws a reason; links the answers to follow-up surveys",
	}
)

// feed is a consumer of the feed. AckWait and a pull together are well below Handover:
// whatever the process before had in hand comes first.
func feed(stream, durable, what string) Consumer {
	return Consumer{
		Stream: stream, Durable: durable, Lanes: 64, AckWait: 5 * time.Second, MaxDeliveries: 10, Exclusive: true,
		Why: "tells the feed of " + what,
	}
}

// The feed's consumers, in the order of the loop.
var (
	// FeedResponses tells of answers.
	FeedResponses = feed(subject.Responses, "feed-responses", "each answer, and each correction of one")
	// FeedScores tells of what the scorer found.
	FeedScores = feed(subject.Scores, "feed-scores", "what was found in each answer")
	// FeedAlerts tells of rules that matched, or no longer do.
	FeedAlerts = feed(subject.Alerts, "feed-alerts", "each alert, and each answer about a callback")
	// FeedAlertStates tells of what became of alerts.
	FeedAlertStates = feed(subject.AlertStates, "feed-alert-states", "who looks after an alert, what closed it, and the alerts of metrics")
	// FeedFallbacks tells of fallbacks.
	FeedFallbacks = feed(subject.Fallbacks, "feed-fallbacks", "each fallback that begins or ends")
	// FeedCallbacks tells of all that happens to callbacks.
	FeedCallbacks = feed(subject.Callbacks, "feed-callbacks", "all that happens to callbacks")
)

// Handover is after how long without a word from the process that an exclusive consumer
// delivers to another one gets its events; Group is the name that its pulls carry.
const (
	Handover = 15 * time.Second
	Group    = "one"
)

// PushesOf is the consumer of one endpoint's pushes, which its collector makes: a
// source that is away holds up no other. Those that wait for it are tried for a day
// (see the collector's package hook). Of those whose source has to be asked only a few
// are at work at once: each may wait for its turn to ask, and must not seem to hang; but
// many may wait to be asked about again, and not hold up the rest.
func PushesOf(source, endpoint string, asks bool) Consumer {
	lanes, pending := 64, 0
	if asks {
		lanes, pending = 8, 1024
	}
	return Consumer{
		Stream: subject.Pushes, Durable: PushPrefix + endpoint, Filter: subject.PushesOf(source, endpoint),
		Lanes: lanes, Pending: pending, AckWait: 10 * time.Second, MaxDeliveries: 160,
		Why: "makes answers of what the endpoint " + endpoint + " was told",
	}
}

// PushPrefix begins the names of the endpoints' consumers.
const PushPrefix = "push-"

// MaxEndpoint bounds an endpoint's name, so that its consumer and that of its redrives
// can be named after it.
const MaxEndpoint = 48

// Consumers lists every durable consumer that is always there, but those of redrives:
// each has one.
func Consumers() []Consumer {
	return []Consumer{Imports, Scorer, Corrections, Alerting, AlertStates, AlertCallbacks, Notifications, Afterwards, CallbackQueue, FeedResponses, FeedScores, FeedAlerts, FeedAlertStates, FeedFallbacks, FeedCallbacks}
}

// Redrives is the consumer of the orders to try again what c gave up. It handles
// one at a time: each is handled when the next begins.
func (c Consumer) Redrives() Consumer {
	return Consumer{
		Stream: subject.DeadLetters, Durable: c.Durable + "-redrive", Filter: subject.Redrive(c.Durable),
		Lanes: 1, AckWait: c.AckWait, MaxDeliveries: c.MaxDeliveries,
		Why: "tries again what `" + c.Durable + "` gave up, when it is told to",
	}
}

// Options say what differs between deployments.
type Options struct {
	// Replicas is 1 for one process, 3 in a cluster.
	Replicas int
	// MaxBytes bounds each of PUSHES, IMPORTS, IMPORT_FILES, CALL_KEYS, RESPONSES, SCORES, ALERTS and ALERT_STATES, in bytes; 0 is
	// unbounded.
	MaxBytes int64
	// MaxAge, when positive, replaces the age of those streams; the passing ones keep
	// their own when that is shorter.
	MaxAge time.Duration
}

// Ensure creates the streams and consumers that are missing and updates those
// that differ. It is safe to run from several processes at once.
func Ensure(ctx context.Context, js jetstream.JetStream, o Options) error {
	for _, s := range Streams() {
		c := s.config(o)
		_, err := js.CreateStream(ctx, c) // one that stands as it should is left alone
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			_, err = js.UpdateStream(ctx, c)
		}
		if err != nil {
			return fmt.Errorf("stream %s: %w", s.Name, err)
		}
	}
	for _, c := range Consumers() {
		if err := c.Ensure(ctx, js, o); err != nil {
			return err
		}
	}
	return nil
}

// Ensure creates the consumer and the one of its redrives, or brings them in line.
func (c Consumer) Ensure(ctx context.Context, js jetstream.JetStream, o Options) error {
	for _, c := range []Consumer{c, c.Redrives()} {
		if _, err := js.CreateOrUpdateConsumer(ctx, c.Stream, c.config(o)); err != nil {
			return fmt.Errorf("consumer %s of %s: %w", c.Durable, c.Stream, err)
		}
	}
	return nil
}

func (s Stream) config(o Options) jetstream.StreamConfig {
	c := jetstream.StreamConfig{
		Name: s.Name, Description: s.Why, Subjects: s.Subjects,
		Storage: jetstream.FileStorage, Replicas: max(1, o.Replicas),
		MaxAge: s.MaxAge, MaxBytes: -1, Duplicates: s.Duplicates,
		Discard: jetstream.DiscardNew, AllowDirect: true,
		MaxMsgSize: MaxMessage,
	}
	if s.Bounded && o.MaxBytes > 0 {
		c.MaxBytes = o.MaxBytes
	}
	if s.Bounded && o.MaxAge > 0 {
		c.MaxAge = o.MaxAge
		if s.Passing {
			c.MaxAge = min(s.MaxAge, o.MaxAge)
		}
		c.Duplicates = min(c.Duplicates, c.MaxAge) // a window may not outlast the events
	}
	return c
}

func (c Consumer) maxAckPending() int {
	if c.Pending > 0 {
		return c.Pending
	}
	return 16 * c.Lanes
}

func (c Consumer) config(o Options) jetstream.ConsumerConfig {
	cfg := jetstream.ConsumerConfig{
		Durable: c.Durable, Description: c.Why, FilterSubject: c.Filter, Replicas: max(1, o.Replicas),
		AckPolicy: jetstream.AckExplicitPolicy, DeliverPolicy: jetstream.DeliverAllPolicy,
		AckWait: c.AckWait, MaxDeliver: -1, MaxAckPending: c.maxAckPending(),
	}
	if c.Exclusive {
		cfg.PriorityPolicy, cfg.PriorityGroups, cfg.PinnedTTL = jetstream.PriorityPolicyPinned, []string{Group}, Handover
	}
	return cfg
}

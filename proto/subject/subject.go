// Package subject holds every name that crosses the wire on NATS: streams,
// subjects, headers, and the one check a token passes before it becomes part of
// a subject. Nothing else in the repository spells a subject.
package subject

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Streams.
const (
	Pushes      = "PUSHES"
	Imports     = "IMPORTS"
	ImportFiles = "IMPORT_FILES"
	CallKeys    = "CALL_KEYS"
	DoNotCall   = "DO_NOT_CALL"
	Responses   = "RESPONSES"
	Scores      = "SCORES"
	Corrections = "CORRECTIONS"
	Models      = "MODELS"
	Rules       = "RULES"
	Alerts      = "ALERTS"
	AlertStates = "ALERT_STATES"
	Silences    = "SILENCES"
	// Notifications are what people are told, Deliveries each on its way to a receiver.
	Notifications = "NOTIFICATIONS"
	Deliveries    = "DELIVERIES"
	Receivers     = "RECEIVERS"
	Fallbacks     = "FALLBACKS"
	QueueStats    = "QUEUE_STATS"
	Callbacks     = "CALLBACKS"
	Agents        = "AGENTS"
	FeedKeys      = "FEED_KEYS"
	Feed          = "FEED"
	DeadLetters   = "DEAD_LETTERS"
)

// Wildcards: everything a stream holds.
const (
	AllPushes      = "rappel.v1.push.>"
	AllImports     = "rappel.v1.import.>"
	AllImportFiles = "rappel.v1.import_file.>"
	// AllImportRejects is in IMPORT_FILES, too.
	AllImportRejects = "rappel.v1.import_rejects.>"
	AllCallKeys      = "rappel.v1.call_key.>"
	AllDoNotCall     = "rappel.v1.do_not_call.>"
	AllResponses     = "rappel.v1.response.>"
	AllScores        = "rappel.v1.score.>"
	AllCorrections   = "rappel.v1.correction.>"
	AllModels        = "rappel.v1.model.>"
	AllRules         = "rappel.v1.rules"
	AllAlerts        = "rappel.v1.alert.>"
	AllAlertStates   = "rappel.v1.alert_state.>"
	AllSilences      = "rappel.v1.silence.>"
	AllNotifications = "rappel.v1.notification.>"
	AllDeliveries    = "rappel.v1.delivery.>"
	AllReceivers     = "rappel.v1.receiver.>"
	AllFallbacks     = "rappel.v1.fallback.>"
	AllQueueStats    = "rappel.v1.queue_stats.>"
	AllCallbacks     = "rappel.v1.callback.>"
	AllAgents        = "rappel.v1.agent.>"
	AllFeedKeys      = "rappel.v1.feed_key.>"
	AllFeed          = "rappel.feed.v1.>"
	AllDeadLetters   = "rappel.v1.dead.>"
	// AllRedrives is in DEAD_LETTERS, too.
	AllRedrives = "rappel.v1.redrive.>"
)

// Headers that every event carries beside JetStream's own Nats-Msg-Id.
const (
	// HeaderType is the protobuf message's full name.
	HeaderType = "Rappel-Type"
	// HeaderSchema is the version of the events package.
	HeaderSchema = "Rappel-Schema"
	// HeaderTraceparent is the W3C trace context.
	HeaderTraceparent = "traceparent"
	// SchemaVersion is what this module writes into HeaderSchema.
	SchemaVersion = "1"
)

// Headers of FEED, so that a subscriber's filter needs no body.
const (
	// HeaderSurveys are the surveys that the event is about, comma-separated.
	HeaderSurveys = "Rappel-Surveys"
	// HeaderQueue is the queue that it is about.
	HeaderQueue = "Rappel-Queue"
	// HeaderContentType is what the body is written in.
	HeaderContentType = "Content-Type"
)

// Headers of RESPONSES, so that a ledger of what was received can be rebuilt
// without reading a body.
const (
	// HeaderResponseID is the response's id, in base64url.
	HeaderResponseID = "Rappel-Response"
	// HeaderRevision is the response's revision, in decimal.
	HeaderRevision = "Rappel-Revision"
	// HeaderDigest is the digest of the response's content, in hexadecimal.
	HeaderDigest = "Rappel-Digest"
)

// ErrToken says that a name cannot be part of a subject.
var ErrToken = errors.New("must be 1 to 64 letters, digits, _ or -")

var (
	bucket      = regexp.MustCompile(`^[0-9a-f]{3}$`)
	customerKey = regexp.MustCompile(`^[a-z2-7]{26}$`)
	callbackID  = regexp.MustCompile(`^[a-z2-7]{26}-[1-9][0-9]{0,8}$`)
)

// CheckToken returns ErrToken unless s can be one token of a subject.
func CheckToken(s string) error {
	if !isToken(s) {
		return ErrToken
	}
	return nil
}

// isToken is [A-Za-z0-9_-]{1,64}, unrolled: it runs once an event.
func isToken(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// CheckBucket returns an error unless s is three lower-case hexadecimal digits.
func CheckBucket(s string) error {
	if !bucket.MatchString(s) {
		return fmt.Errorf("bucket %q: must be three hexadecimal digits", s)
	}
	return nil
}

// CheckCustomerKey returns an error unless s is 26 characters of base32.
func CheckCustomerKey(s string) error {
	if !customerKey.MatchString(s) {
		return errors.New("customer key: must be 26 characters of lower-case base32")
	}
	return nil
}

// CheckCallbackID returns an error unless s is a customer key, a dash, and a number
// from 1 without leading zeros.
func CheckCallbackID(s string) error {
	if !callbackID.MatchString(s) {
		return errors.New("callback: must be a customer key, a dash and a number")
	}
	return nil
}

// FollowUps stands in place of a rule's name in the subjects of answers to follow-up
// surveys; no rule may have it.
const FollowUps = "follow_up"

// BucketOf is a customer's bucket: the first three hexadecimal digits of the
// SHA-256 of the customer key, one of 4,096.
func BucketOf(customerKey string) string {
	h := sha256.Sum256([]byte(customerKey))
	return hex.EncodeToString(h[:2])[:3]
}

// Push is the subject of what a source told an endpoint. Pushes of one lane, three
// hexadecimal digits, are handled in order.
func Push(source, endpoint, lane string) string {
	return "rappel.v1.push." + must(source) + "." + must(endpoint) + "." + must(lane)
}

// PushesOf is all that one endpoint of a source was told.
func PushesOf(source, endpoint string) string {
	return "rappel.v1.push." + must(source) + "." + must(endpoint) + ".*"
}

// Import is the subject of one import's states.
func Import(id string) string { return "rappel.v1.import." + must(id) }

// ImportPart is the subject of one part of a file that is imported.
func ImportPart(file, part string) string {
	return "rappel.v1.import_file." + must(file) + "." + must(part)
}

// ImportParts is all parts of one file.
func ImportParts(file string) string { return "rappel.v1.import_file." + must(file) + ".*" }

// ImportRejects is the subject of the rows of one file that were refused.
func ImportRejects(file string) string { return "rappel.v1.import_rejects." + must(file) }

// CallKey is the subject of what was sent with an idempotency key, by a hash of it.
func CallKey(hash string) string { return "rappel.v1.call_key." + must(hash) }

// DoNotCallKey is the subject of whether whoever is behind a pseudonym may be called.
func DoNotCallKey(key string) string { return "rappel.v1.do_not_call." + must(key) }

// Response is the subject of a response of a survey. It panics on parts that
// were not checked: a subject made of unchecked input is a defect of the caller.
func Response(survey, bucket string) string {
	return "rappel.v1.response." + must(survey) + "." + must(bucket)
}

// Score is the subject of a scored response.
func Score(survey, bucket string) string {
	return "rappel.v1.score." + must(survey) + "." + must(bucket)
}

// BucketScores are the subjects of all scored responses of the customers of a bucket.
func BucketScores(bucket string) string { return "rappel.v1.score.*." + must(bucket) }

// Correction is the subject of the corrections of what was found in a survey's verbatims.
func Correction(survey, bucket string) string {
	return "rappel.v1.correction." + must(survey) + "." + must(bucket)
}

// Model is the subject of the versions of a model, as sentiment.
func Model(name string) string { return "rappel.v1.model." + must(name) }

// Alert is the subject of a rule's alerts.
func Alert(rule, bucket string) string {
	return "rappel.v1.alert." + must(rule) + "." + must(bucket)
}

// AlertState is the subject of an alert's states, by its id.
func AlertState(id string) string { return "rappel.v1.alert_state." + must(id) }

// Silence is the subject of a silence's states.
func Silence(id string) string { return "rappel.v1.silence." + must(id) }

// Notification is the subject of what people were told of a group of alerts, by its key.
func Notification(group string) string { return "rappel.v1.notification." + must(group) }

// Delivery is the subject of the states of one delivery.
func Delivery(id string) string { return "rappel.v1.delivery." + must(id) }

// Receiver is the subject of whether a receiver is told of anything.
func Receiver(name string) string { return "rappel.v1.receiver." + must(name) }

// Fallback is the subject of a fallback's states.
func Fallback(name string) string { return "rappel.v1.fallback." + must(name) }

// QueueStat is the subject of how a queue stands.
func QueueStat(queue string) string { return "rappel.v1.queue_stats." + must(queue) }

// Callback is the subject of one customer's callbacks.
func Callback(bucket, customerKey string) string {
	return "rappel.v1.callback." + must(bucket) + "." + must(customerKey)
}

// AgentKeyOf is an agent's token: the first 26 characters of the SHA-256 of the
// agent's id in lower-case base32. The id itself may hold what means something in
// a subject, as the dots of an address.
func AgentKeyOf(agentID string) string {
	h := sha256.Sum256([]byte(agentID))
	return strings.ToLower(base32.StdEncoding.EncodeToString(h[:]))[:26]
}

// Agent is the subject of one agent of the roster.
func Agent(agentKey string) string {
	return "rappel.v1.agent." + must(agentKey)
}

// FeedKey is the subject of the secret that the feed's pseudonyms are made with.
func FeedKey() string { return "rappel.v1.feed_key.pseudonyms" }

// FeedType is every public event of a type.
func FeedType(eventType string) string { return "rappel.feed.v1." + must(eventType) + ".*" }

// FeedEvent is the subject of a public event: its type, and the survey or queue
// it is about.
func FeedEvent(eventType, about string) string {
	return "rappel.feed.v1." + must(eventType) + "." + must(about)
}

// AgentSignal is where the process that looks after an agent listens for changes of
// what they have in hand. It is in no stream. Agents' ids may hold what a subject
// may not, so it has their hash.
func AgentSignal(agentID string) string {
	h := sha256.Sum256([]byte(agentID))
	return "rappel.v1.signal.agent." + hex.EncodeToString(h[:16])
}

// DeadLetter is the subject of a message given up, by stream and reason.
func DeadLetter(stream, reason string) string {
	return "rappel.v1.dead." + must(stream) + "." + must(reason)
}

// Redrive is the subject of orders to a consumer to try again what it gave up.
func Redrive(consumer string) string {
	return "rappel.v1.redrive." + must(consumer)
}

func must(s string) string {
	if !isToken(s) {
		panic(fmt.Sprintf("subject: token of %d bytes was not checked: %v", len(s), ErrToken))
	}
	return s
}

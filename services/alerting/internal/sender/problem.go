package sender

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Problem is why a try failed: as a code, and in English. Because makes one, so that there is
// none with only one of the two. The zero Problem is none.
type Problem struct {
	code eventsv1.DeliveryAttempt_Problem
	text string
	// What a code's words need: docs of eventsv1.DeliveryAttempt.
	refused, addresses int
	source             string
}

// texts are the problems in English, for logs and for other programs. A text has as many verbs
// as its code has particulars.
var texts = map[eventsv1.DeliveryAttempt_Problem]string{
	eventsv1.DeliveryAttempt_ANSWERED:                "it answers %s",
	eventsv1.DeliveryAttempt_GONE:                    "it answers 410 Gone",
	eventsv1.DeliveryAttempt_TIMED_OUT:               "it does not answer in time",
	eventsv1.DeliveryAttempt_CUT_SHORT:               "the try was cut short",
	eventsv1.DeliveryAttempt_NAME_UNKNOWN:            "its name cannot be looked up",
	eventsv1.DeliveryAttempt_CONNECTION_REFUSED:      "nobody listens there",
	eventsv1.DeliveryAttempt_UNREACHABLE:             "it cannot be reached",
	eventsv1.DeliveryAttempt_CONNECTION_LOST:         "the connection ended",
	eventsv1.DeliveryAttempt_CERTIFICATE_NOT_TRUSTED: "its certificate is not trusted",
	eventsv1.DeliveryAttempt_NO_TLS:                  "it does not speak TLS there",
	eventsv1.DeliveryAttempt_NETWORK_NOT_ALLOWED:     "its address is in a network that may not be reached: alerting.notify_allow_private",
	eventsv1.DeliveryAttempt_ADDRESS_NOT_ALLOWED:     "its address may not be called",
	eventsv1.DeliveryAttempt_ADDRESS_NOT_THERE:       "its address is not to be had: %v",
	eventsv1.DeliveryAttempt_SECRET_NOT_THERE:        "its secret is not to be had: %v",
	eventsv1.DeliveryAttempt_MESSAGE_UNWRITABLE:      "the message cannot be written as JSON",
	eventsv1.DeliveryAttempt_NO_MAIL_SERVER:          "there is no server to send by: alerting.smtp",
	eventsv1.DeliveryAttempt_MAIL_FILE_UNREADABLE:    "a file or variable of alerting.smtp cannot be read",
	eventsv1.DeliveryAttempt_NO_STARTTLS:             "the mail server offers no STARTTLS",
	eventsv1.DeliveryAttempt_NO_AUTHORISATION:        "the mail server offers no way to authorise that is known here",
	eventsv1.DeliveryAttempt_MAIL_SERVER_REFUSED:     "the mail server refuses: %d",
	eventsv1.DeliveryAttempt_SENDER_REFUSED:          "the sender's address is refused: %d",
	eventsv1.DeliveryAttempt_MESSAGE_REFUSED:         "the message is refused: %d",
	eventsv1.DeliveryAttempt_ADDRESS_REFUSED:         "the address is refused for good",
	eventsv1.DeliveryAttempt_ADDRESS_DEFERRED:        "an address is refused for now",
	eventsv1.DeliveryAttempt_SOME_ADDRESSES_REFUSED:  "%d of %d addresses were refused",
	eventsv1.DeliveryAttempt_NO_ADDRESS:              "there is no address to write to",
	eventsv1.DeliveryAttempt_BAD_ADDRESS:             "an address cannot be written to",
	eventsv1.DeliveryAttempt_NO_NATS:                 "there is no NATS here",
	eventsv1.DeliveryAttempt_NATS_AWAY:               "NATS does not answer",
	eventsv1.DeliveryAttempt_UNKNOWN_KIND:            "the receiver is of no known kind",
	eventsv1.DeliveryAttempt_NO_SUCH_RECEIVER:        "no such receiver is configured",
	eventsv1.DeliveryAttempt_CONTENT_UNREADABLE:      "what the customers said cannot be read now",
	eventsv1.DeliveryAttempt_CUSTOMER_UNREADABLE:     "the customer's address cannot be read now",
	eventsv1.DeliveryAttempt_NO_CUSTOMER_ADDRESS:     "the customer gave no e-mail address",
	eventsv1.DeliveryAttempt_UNWANTED:                "the customer does not want to be contacted",
	eventsv1.DeliveryAttempt_FORGOTTEN:               "the alert is no longer there",
	eventsv1.DeliveryAttempt_NOT_FOR_CUSTOMERS:       "the receiver writes to no customers: it is an email with customers: true that does",
	eventsv1.DeliveryAttempt_OUTCOME_UNKNOWN:         "whoever tried it did not say what came of it",
	eventsv1.DeliveryAttempt_WAITED_TOO_LONG:         "it waited for a receiver that is disabled, or not configured",
}

// Because is the problem of a code. The particulars are those of its text; they must hold no
// personal data and no secret.
func Because(code eventsv1.DeliveryAttempt_Problem, particulars ...any) Problem {
	return Problem{code: code, text: fmt.Sprintf(texts[code], particulars...)}
}

// Code is what other languages are spoken by; unspecified where there is no problem.
func (p Problem) Code() eventsv1.DeliveryAttempt_Problem { return p.code }

// String is the problem in English; empty where there is none.
func (p Problem) String() string { return p.text }

// Error is String: a problem may be what a call returns.
func (p Problem) Error() string { return p.text }

// at says in the text whose problem it is.
func (p Problem) at(whose string) Problem {
	p.text = whose + ": " + p.text
	return p
}

// from says which file or variable it came of.
func (p Problem) from(source string) Problem {
	p.source = source
	return p
}

// Attempt is a try as it is stored, which began at a moment.
func (o Outcome) Attempt(began time.Time, took time.Duration) *eventsv1.DeliveryAttempt {
	p := o.Problem
	return &eventsv1.DeliveryAttempt{
		At: timestamppb.New(began), TookMs: uint32(min(took.Milliseconds(), 1<<31)), Status: uint32(o.Status), Error: p.text, Problem: p.code,
		Refused: uint32(p.refused), Addresses: uint32(p.addresses), Source: p.source,
	}
}

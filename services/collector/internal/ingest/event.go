package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// received is the event of a response that held, when there is one, is the revision before of.
func (a *attempt) received(r *eventsv1.Response, held *eventsv1.ResponseReceived, revision uint32, key, bucket string, now time.Time) *eventsv1.ResponseReceived {
	first := timestamppb.New(now)
	if held != nil {
		// What was held before there was the field may itself be a later revision: it is
		// the earliest moment that is still known.
		if first = held.GetFirstReceivedAt(); first == nil {
			first = held.GetReceivedAt()
		}
	}
	return &eventsv1.ResponseReceived{
		EventId: eventID(r.GetSurvey(), r.GetId(), revision), ReceivedAt: timestamppb.New(now), Revision: revision,
		CustomerKey: key, Bucket: bucket, Response: r, Previous: held.GetResponse(), AliasKeys: a.o.Keyer.Aliases(r.GetCustomer(), key),
		FirstReceivedAt: first,
	}
}

// eventID is the same for the same revision of the same response, whoever makes
// it and whatever is in it.
func eventID(survey, id string, revision uint32) string {
	b := append(append(append(make([]byte, 0, 256), survey...), '/'), id...)
	b = strconv.AppendUint(append(b, '/'), uint64(revision), 10)
	sum := sha256.Sum256(b)
	return "resp-" + hex.EncodeToString(sum[:16])
}

// shallow copies the fields of a response, not what they hold.
func shallow(r *eventsv1.Response) *eventsv1.Response {
	return &eventsv1.Response{
		Id: r.GetId(), Survey: r.GetSurvey(), Channel: r.GetChannel(), Touchpoint: r.GetTouchpoint(), Customer: r.GetCustomer(),
		Answers: r.GetAnswers(), CallbackRequested: r.GetCallbackRequested(), Attributes: r.GetAttributes(), Consent: r.GetConsent(),
		SubmittedAt: r.GetSubmittedAt(), CallbackSlots: r.GetCallbackSlots(), CallbackId: r.GetCallbackId(), Whole: r.GetWhole(),
	}
}

package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

func (a *attempt) received(r, previous *eventsv1.Response, revision uint32, key, bucket string, now time.Time) *eventsv1.ResponseReceived {
	return &eventsv1.ResponseReceived{
		EventId: eventID(r.GetSurvey(), r.GetId(), revision), ReceivedAt: timestamppb.New(now), Revision: revision,
		CustomerKey: key, Bucket: bucket, Response: r, Previous: previous, AliasKeys: a.o.Keyer.Aliases(r.GetCustomer(), key),
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

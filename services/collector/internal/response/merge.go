package response

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Merge returns the response that held becomes when piece arrives, and whether
// anything changed. Neither is modified; both are normalised and of one id.
//
// Answers arrive in pieces: the score at once, the comment minutes later, a
// correction the day after. A piece adds the answers that held lacks and replaces
// those it gives again; it fills or replaces the customer's details, the channel,
// the attributes and the consent it names, and leaves alone what it does not. Its
// slots, when it has any, take the place of all that held has: who names another
// evening no longer waits on the first. A request to be called back stays until the
// customer refuses calls (consent.callback is false, and no call is asked for), which
// takes their slots with it.
//
// A piece that is whole is all that the customer has to say: answers, a request and
// slots that it does not have are taken back.
//
// Pieces may overtake each other. One submitted before what is held fills gaps
// and corrects nothing; one that does not say when it was submitted is taken for
// the newest. Held is as new as the newest piece that said so.
func Merge(held, piece *eventsv1.Response) (merged *eventsv1.Response, changed bool) {
	merged = proto.CloneOf(held)
	late := olderThan(piece.GetSubmittedAt(), held.GetSubmittedAt())
	f := filler{late: late}
	if piece.GetWhole() && !late {
		f.takeBack(merged, piece)
	}
	f.text(&merged.Channel, piece.GetChannel())
	f.text(&merged.Touchpoint, piece.GetTouchpoint())
	f.text(&merged.CallbackId, piece.GetCallbackId())
	f.customer(merged, piece.GetCustomer())
	f.answers(merged, piece.GetAnswers())
	f.attributes(merged, piece.GetAttributes())
	f.slots(merged, piece.GetCallbackSlots())
	f.request(merged, piece)
	f.consent(merged, piece.GetConsent())
	if at := piece.GetSubmittedAt(); at != nil && !late {
		merged.SubmittedAt = proto.CloneOf(at)
	}
	return merged, !proto.Equal(merged, held)
}

func olderThan(a, b *timestamppb.Timestamp) bool {
	return a != nil && b != nil && a.AsTime().Before(b.AsTime())
}

// filler applies a piece: a late one fills only what is empty.
type filler struct{ late bool }

func (f filler) text(held *string, piece string) {
	if piece != "" && (*held == "" || !f.late) {
		*held = piece
	}
}

// takeBack removes what a whole piece no longer says.
func (filler) takeBack(held, piece *eventsv1.Response) {
	said := make(map[answerKey]bool, len(piece.GetAnswers()))
	var keys keyer
	for _, a := range piece.GetAnswers() {
		said[keys.of(a)] = true
	}
	keys = keyer{}
	held.Answers = slices.DeleteFunc(held.GetAnswers(), func(a *eventsv1.Answer) bool { return !said[keys.of(a)] })
	held.CallbackRequested, held.CallbackSlots = false, nil
}

// request asks for a call, or takes that back. A late piece asks for none where the
// customer has refused calls since. It reads the consent that was held before.
func (f filler) request(held, piece *eventsv1.Response) {
	switch {
	case piece.GetCallbackRequested():
		held.CallbackRequested = held.GetCallbackRequested() || !f.late || !refuses(held)
	case refuses(piece) && !f.late && held.GetCallbackRequested():
		held.CallbackRequested = false
		if len(piece.GetCallbackSlots()) == 0 {
			held.CallbackSlots = nil
		}
	}
}

// refuses reports whether the customer said that they do not want to be called.
func refuses(r *eventsv1.Response) bool {
	c := r.GetConsent()
	return c != nil && c.Callback != nil && !c.GetCallback()
}

func (f filler) consent(held *eventsv1.Response, piece *eventsv1.Consent) {
	if piece == nil {
		return
	}
	if held.Consent == nil {
		held.Consent = &eventsv1.Consent{}
	}
	if piece.Callback != nil && (held.Consent.Callback == nil || !f.late) {
		held.Consent.Callback = proto.Bool(piece.GetCallback())
	}
	f.text(&held.Consent.Purpose, piece.GetPurpose())
}

func (f filler) customer(held *eventsv1.Response, piece *eventsv1.Customer) {
	if piece == nil {
		return
	}
	if held.GetCustomer() == nil {
		held.Customer = &eventsv1.Customer{}
	}
	c := held.GetCustomer()
	f.text(&c.Id, piece.GetId())
	f.text(&c.Name, piece.GetName())
	f.text(&c.Phone, piece.GetPhone())
	f.text(&c.Email, piece.GetEmail())
	f.text(&c.Language, piece.GetLanguage())
	f.text(&c.TimeZone, piece.GetTimeZone())
}

func (f filler) attributes(held *eventsv1.Response, piece map[string]string) {
	if len(piece) > 0 && held.GetAttributes() == nil {
		held.Attributes = make(map[string]string, len(piece))
	}
	for k, v := range piece {
		if _, has := held.GetAttributes()[k]; !has || !f.late {
			held.Attributes[k] = v
		}
	}
}

func (f filler) slots(held *eventsv1.Response, piece []*eventsv1.Slot) {
	if len(piece) == 0 || (len(held.GetCallbackSlots()) > 0 && f.late) {
		return
	}
	held.CallbackSlots = make([]*eventsv1.Slot, len(piece))
	for i, s := range piece {
		held.CallbackSlots[i] = proto.CloneOf(s)
	}
}

func (f filler) answers(held *eventsv1.Response, piece []*eventsv1.Answer) {
	places := make(map[answerKey]int, len(held.GetAnswers()))
	var keys keyer
	for i, a := range held.GetAnswers() {
		places[keys.of(a)] = i
	}
	keys = keyer{}
	for _, a := range piece {
		i, has := places[keys.of(a)]
		switch {
		case !has:
			held.Answers = append(held.Answers, proto.CloneOf(a))
		case !f.late:
			held.Answers[i] = proto.CloneOf(a)
		}
	}
}

// answerKey says which answers are one answer given twice: those to the same
// question, else on the same metric, else the first unnamed verbatim, the second
// and so on. A question may have a score and a comment: they are two answers.
type answerKey struct {
	question string
	metric   eventsv1.Metric
	verbatim int // 1 for a question's comment or the first unnamed one
}

// keyer counts the unnamed verbatims of one response.
type keyer struct{ verbatims int }

func (k *keyer) of(a *eventsv1.Answer) answerKey {
	isVerbatim := a.Value == nil
	switch {
	case a.GetQuestion() != "" && isVerbatim:
		return answerKey{question: a.GetQuestion(), verbatim: 1}
	case a.GetQuestion() != "":
		return answerKey{question: a.GetQuestion()}
	case !isVerbatim:
		return answerKey{metric: a.GetMetric()}
	default:
		k.verbatims++
		return answerKey{verbatim: k.verbatims}
	}
}

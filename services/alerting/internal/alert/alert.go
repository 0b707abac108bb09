// Package alert decides what a scored response means for every rule: an alert is
// raised, raised again for a later revision, or resolved.
//
// It keeps nothing. A later revision carries the one before it and
// its score, and a corrected score the states that it takes the place of, so
// whether a rule matched before is found by asking it again. What rules ask of the
// customer's history is as of when the response was first received (AsOf): every revision
// finds the same, however much has happened since, what came of the response itself
// included. Whether the customer is not to be called is as of now; so where a rule asks
// that, the states before are asked twice, once as if the list said the opposite, and a
// rule that fired on either is resolved. It may resolve what was never raised; it leaves
// nothing standing that was.
// Every id is derived from what the event is about, so an event decided twice,
// on whatever replica, is the same event.
//
// A rule fires once a response: all revisions of a response, and all corrections of
// them, share the rule's one alert id, and it is for the callback queue to enrich, not
// to open again. Revision and correction say which of two events is the later one.
package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// Event is one event to store.
type Event struct {
	// Rule is the rule's name; subject.FollowUps when it is about no rule.
	Rule string
	// ID is the event's id.
	ID string
	// Body is an *AlertRaised, an *AlertResolved or a *FollowUpAnswered.
	Body proto.Message
	// Heard tells the customer that they were heard; zero tells nobody.
	Heard Heard

	rule *rule.Rule // nil when it is about none
}

// IsFollowUp reports whether the event is the answer to a follow-up survey.
func (e Event) IsFollowUp() bool {
	_, ok := e.Body.(*eventsv1.FollowUpAnswered)
	return ok
}

// Raised reports whether the event raises its alert; otherwise it resolves it.
func (e Event) Raised() bool {
	_, ok := e.Body.(*eventsv1.AlertRaised)
	return ok
}

// Decide asks a set of rules about a scored response, which Check has
// passed, and returns the events to store: first that the response is the answer to a
// follow-up survey, if it names a callback; then what is raised, and what is resolved,
// each in the rules' order. So a callback whose reason changes stays open: it has the
// new one before it loses the old.
//
// A rule that fails on the response neither matches nor does not: nothing is
// decided about its alert, the failure is returned beside the events, and the
// other rules are not touched by it. A rule that fails on the revision before
// did not match it: it failed then too, and raised nothing.
//
// The history is the customer's; nil is none. Where it cannot be read, its error is
// returned and nothing is decided.
func Decide(set *rule.Set, scored *eventsv1.ResponseScored, h *rule.History) ([]Event, []*rule.EvalError, error) {
	now, before := facts(scored, h)
	if set.AsksDoNotCall() {
		for _, f := range before {
			before = append(before, f.Otherwise())
		}
	}
	var events []Event
	if scored.GetReceived().GetResponse().GetCallbackId() != "" {
		events = append(events, followUp(scored))
	}
	verdict := set.Ask(now)
	for _, r := range verdict.Fired {
		events = append(events, raise(set, r, scored, now))
	}
	for _, r := range set.Lapsed(verdict, before...) {
		events = append(events, resolve(set, r, scored))
	}
	if err := h.Err(); err != nil {
		return nil, nil, err
	}
	return events, verdict.Failures, nil
}

// Begin is a rule whose alert begins.
type Begin struct {
	*rule.Rule
	// HeldBack says that the callback it asks for is held back.
	HeldBack bool
	// Released says that the alert had begun before, and its callback was held back until
	// now.
	Released bool
}

// Begun returns the rules that fire on a scored response and did not on the revision
// before, in the rules' order: whose alerts begin with it. Failures and errors are as
// Decide has them.
func Begun(set *rule.Set, scored *eventsv1.ResponseScored, h *rule.History) ([]Begin, []*rule.EvalError, error) {
	now, before := facts(scored, h)
	verdict := set.Ask(now)
	var begun []Begin
	for _, r := range set.Begun(verdict, before...) {
		begun = append(begun, Begin{Rule: r, HeldBack: isHeld(set, r, now)})
	}
	if set.Contact.NotAgainWithin > 0 && len(before) > 0 {
		for _, r := range verdict.Fired {
			isNew := slices.ContainsFunc(begun, func(b Begin) bool { return b.Rule == r })
			if !isNew && !isHeld(set, r, now) && isHeld(set, r, before[0]) {
				begun = append(begun, Begin{Rule: r, Released: true})
			}
		}
	}
	if err := h.Err(); err != nil {
		return nil, nil, err
	}
	return begun, verdict.Failures, nil
}

func isHeld(set *rule.Set, r *rule.Rule, f *rule.Facts) bool {
	return set.HeldBack(r, f) != eventsv1.AlertRaised_HELD_BACK_UNSPECIFIED
}

// AsOf is when the response was first received. Where an event of before there was the field
// does not say it, it is when this revision was; the next revision carries that.
func AsOf(e *eventsv1.ResponseScored) time.Time {
	if first := e.GetReceived().GetFirstReceivedAt(); first != nil {
		return first.AsTime()
	}
	return e.GetReceived().GetReceivedAt().AsTime()
}

// facts of the response, and of the states that its score takes the place of: the revision
// before when there is one that was scored, and what was found with fewer corrections.
func facts(e *eventsv1.ResponseScored, h *rule.History) (now *rule.Facts, before []*rule.Facts) {
	received := e.GetReceived()
	now = rule.NewFacts(received.GetResponse(), e.GetScore()).With(h)
	if received.GetPrevious() != nil && e.GetPreviousScore() != nil {
		before = append(before, rule.NewFacts(received.GetPrevious(), e.GetPreviousScore()).With(h))
	}
	for _, was := range e.GetEarlier() {
		r := received.GetResponse()
		if was.GetRevisionBefore() {
			r = received.GetPrevious()
		}
		before = append(before, rule.NewFacts(r, was.GetScore()).With(h))
	}
	return now, before
}

func raise(set *rule.Set, r *rule.Rule, e *eventsv1.ResponseScored, f *rule.Facts) Event {
	id, eventID := ids(r, e)
	plan, held := r.Callback, set.HeldBack(r, f)
	if held != eventsv1.AlertRaised_HELD_BACK_UNSPECIFIED {
		plan = nil
	}
	return Event{Rule: r.Name, ID: eventID, rule: r, Body: &eventsv1.AlertRaised{
		EventId: eventID, AlertId: id,
		// The time of receipt, not of evaluation: the same event whenever it is
		// decided, and a clock that starts when the customer was heard.
		RaisedAt: e.GetReceived().GetReceivedAt(),
		Rule:     r.Name, RulesVersion: set.Version,
		Callback: plan, HeldBack: held, Scored: e, Answer: f.Worst(r.About), Severity: r.Severity,
		Labels: r.Labels, Team: r.Team, Notify: r.Notify, ResolvesAfter: r.ResolvesAfter,
	}}
}

// followUp tells that a customer answered how a callback went.
func followUp(e *eventsv1.ResponseScored) Event {
	received := e.GetReceived()
	sum := sha256.Sum256([]byte(received.GetResponse().GetSurvey() + "\x00" + received.GetResponse().GetId()))
	id := "f-" + hex.EncodeToString(sum[:12]) + "-" + strconv.FormatUint(uint64(received.GetRevision()), 10)
	return Event{Rule: subject.FollowUps, ID: id, Body: &eventsv1.FollowUpAnswered{
		EventId: id, AnsweredAt: received.GetReceivedAt(), Scored: e,
	}}
}

func resolve(set *rule.Set, r *rule.Rule, e *eventsv1.ResponseScored) Event {
	id, eventID := ids(r, e)
	return Event{Rule: r.Name, ID: eventID, Body: &eventsv1.AlertResolved{
		EventId: eventID, AlertId: id, ResolvedAt: e.GetReceived().GetReceivedAt(),
		Rule: r.Name, RulesVersion: set.Version, Scored: e,
	}}
}

// ids of a rule's alert about a response, and of the event about this revision with its
// corrections.
func ids(r *rule.Rule, e *eventsv1.ResponseScored) (alertID, eventID string) {
	received := e.GetReceived()
	alertID = ID(r.Name, received.GetResponse().GetSurvey(), received.GetResponse().GetId())
	eventID = alertID + "-" + strconv.FormatUint(uint64(received.GetRevision()), 10)
	if e.GetCorrection() > 0 {
		eventID += "-c" + strconv.FormatUint(uint64(e.GetCorrection()), 10)
	}
	return alertID, eventID
}

// ID is the id of a rule's alert about a response: the same for every revision,
// and derived from nothing else, so that it survives a change of the rules.
func ID(ruleName, survey, responseID string) string {
	sum := sha256.Sum256([]byte(ruleName + "\x00" + survey + "\x00" + responseID))
	return "a-" + hex.EncodeToString(sum[:12])
}

// InvalidError says why an event cannot be about an alert. No retry mends it.
type InvalidError struct{ Problems []string }

// Error lists the problems, without personal data.
func (e *InvalidError) Error() string {
	return "not a scored response: " + strings.Join(e.Problems, "; ")
}

// Check returns an *InvalidError unless the event names everything that an alert is
// identified and stored by.
func Check(e *eventsv1.ResponseScored) error {
	var problems []string
	wrong := func(bad bool, what string) {
		if bad {
			problems = append(problems, what)
		}
	}
	received := e.GetReceived()
	wrong(subject.CheckToken(received.GetResponse().GetSurvey()) != nil, "survey is not a name")
	wrong(received.GetResponse().GetId() == "", "response has no id")
	wrong(received.GetRevision() == 0, "revision is missing")
	wrong(subject.CheckBucket(received.GetBucket()) != nil, "bucket is not three hexadecimal digits")
	wrong(subject.CheckCustomerKey(received.GetCustomerKey()) != nil, "customer_key is not a key")
	wrong(e.GetScore() == nil, "score is missing")
	if len(problems) > 0 {
		return &InvalidError{Problems: problems}
	}
	return nil
}

package tail

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// Line is one event, short enough to read and without personal data.
type Line struct {
	// Time is when the event was stored.
	Time time.Time `json:"time"`
	// Stream and Sequence say where.
	Stream   string `json:"stream"`
	Sequence uint64 `json:"sequence"`
	// Type is the event's message, as ResponseReceived.
	Type string `json:"type"`
	// Subject is the NATS subject.
	Subject string `json:"subject"`
	// Summary is what it says.
	Summary Summary `json:"summary"`
	// Verbatims are the customer's own words; never sent over HTTP.
	Verbatims []string `json:"-"`
}

// Summary is what an event says, as far as anybody may see it. Each kind of
// event fills the fields it has.
type Summary struct {
	// What happened: received, revised, scored, corrected, raised, resolved, answered, began
	// or ended (of a fallback), dead, redriven; an alert's change, a notification's kind or a
	// delivery's state in small letters, as acknowledged, escalated or delivered; noted, of a
	// change of a group of which nobody is told; or a callback's event, as attempt_started.
	What string `json:"what"`
	// Customer is the customer's key.
	Customer      string   `json:"customer,omitempty"`
	Survey        string   `json:"survey,omitempty"`
	Revision      uint32   `json:"revision,omitempty"`
	Channel       string   `json:"channel,omitempty"`
	Answers       []Answer `json:"answers,omitempty"`
	VerbatimCount int      `json:"verbatims,omitempty"`
	// Sentiments, Themes and Intents are what was found in them, each once, and Disagreement
	// says that score and words disagree.
	Sentiments   []string `json:"sentiments,omitempty"`
	Themes       []string `json:"themes,omitempty"`
	Intents      []string `json:"intents,omitempty"`
	Disagreement bool     `json:"disagreement,omitempty"`
	// Correction is how many corrections of the analysis are in it.
	Correction        uint32 `json:"correction,omitempty"`
	CallbackRequested bool   `json:"callbackRequested,omitempty"`
	// Class is the response's worst, or the one the alert is about.
	Class string `json:"class,omitempty"`
	Rule  string `json:"rule,omitempty"`
	// Severity is how bad the rule says that it is, as high.
	Severity string `json:"severity,omitempty"`
	// Fallback is the one that began or ended, or that changed what the rule asks for.
	Fallback string `json:"fallback,omitempty"`
	// HeldBack is why nobody is called though the rule asks for it: fatigue or fallback.
	HeldBack string `json:"heldBack,omitempty"`
	// WaitSeconds is the queue's wait.
	WaitSeconds *float64 `json:"waitSeconds,omitempty"`
	Queue       string   `json:"queue,omitempty"`
	// Priority asked for by the rule, or the callback's own.
	Priority int32 `json:"priority,omitempty"`
	// Callback is its id; State, Agent and Outcome are its after the event.
	Callback string `json:"callback,omitempty"`
	State    string `json:"state,omitempty"`
	Agent    string `json:"agent,omitempty"`
	Outcome  string `json:"outcome,omitempty"`
	Reasons  int    `json:"reasons,omitempty"`
	// Target is what an event of the SLA is about, as first_attempt; DueAt is until
	// when it is kept, and Role is who should know of a step.
	Target string     `json:"target,omitempty"`
	DueAt  *time.Time `json:"dueAt,omitempty"`
	Role   string     `json:"role,omitempty"`
	// By is follow-up when the customer's answer opened a callback again.
	By string `json:"by,omitempty"`
	// Recovery is the customer's score after the callback against the one before.
	Recovery *Recovery `json:"recovery,omitempty"`
	// SlotsLeft is how many of the customer's slots are to come once one has ended,
	// and NotBefore from when on the callback may be called then.
	SlotsLeft *int       `json:"slotsLeft,omitempty"`
	NotBefore *time.Time `json:"notBefore,omitempty"`
	// Alert is the id of an alert, Notification and Delivery those of what people are told.
	Alert        string `json:"alert,omitempty"`
	Notification string `json:"notification,omitempty"`
	Delivery     string `json:"delivery,omitempty"`
	// Receivers are who is told, by the route; Firing and Resolved how many alerts it is about
	// that stand and that no longer do, and Step which of the route's chain it is.
	Receivers []string `json:"receivers,omitempty"`
	Route     string   `json:"route,omitempty"`
	Firing    int      `json:"firing,omitempty"`
	Resolved  int      `json:"resolved,omitempty"`
	Step      uint32   `json:"step,omitempty"`
	// Try is how many tries there were of a delivery, Status what the receiver answered the
	// last, and NextAt when the next is.
	Try    uint32     `json:"try,omitempty"`
	Status uint32     `json:"status,omitempty"`
	NextAt *time.Time `json:"nextAt,omitempty"`
	// Reason, Origin and Consumer are a dead letter's; Origin and Consumer an
	// order's to try one again.
	Reason   string `json:"reason,omitempty"`
	Origin   string `json:"origin,omitempty"`
	Consumer string `json:"consumer,omitempty"`
}

// Answer is one metric as the customer gave it.
type Answer struct {
	Metric string  `json:"metric"`
	Value  float64 `json:"value"`
	// Min and Max are the scale's; both 0 when it was not declared.
	Min float64 `json:"min,omitempty"`
	Max float64 `json:"max,omitempty"`
	// Class is what the value means, once scored.
	Class string `json:"class,omitempty"`
}

// Recovery is what a callback did for its customer.
type Recovery struct {
	// Metric is what is compared; empty when each counts with its worst.
	Metric string `json:"metric,omitempty"`
	// Before and After are satisfactions, 0 to 100; absent when there was no score.
	Before *float64 `json:"before,omitempty"`
	After  *float64 `json:"after,omitempty"`
	// Class is the worst of the answer after.
	Class string `json:"class,omitempty"`
}

// summaries are how each type of event is summed up.
var summaries = map[string]func(*Line, bus.Delivery) error{
	"ResponseReceived":  of((*Line).received),
	"ResponseScored":    of((*Line).scored),
	"AnalysisCorrected": of((*Line).corrected),
	"AlertRaised":       of((*Line).raised),
	"AlertResolved":     of((*Line).resolved),
	"FollowUpAnswered":  of((*Line).answered),
	"AlertChanged":      of((*Line).changed),
	"GroupNotified":     of((*Line).notified),
	"DeliveryChanged":   of((*Line).delivered),
	"FallbackChanged":   of((*Line).fallback),
	"CallbackEvent":     of((*Line).callback),
	"DeadLetter":        of((*Line).dead),
	"Redrive":           of((*Line).redriven),
}

// of reads an event and fills it in.
func of[E any, M interface {
	*E
	proto.Message
}](fill func(*Line, M)) func(*Line, bus.Delivery) error {
	return func(l *Line, d bus.Delivery) error {
		e := M(new(E))
		if err := d.Decode(e); err != nil {
			return err
		}
		fill(l, e)
		return nil
	}
}

// Summarize makes the line of an event. An event of a type it does not know
// gets a line without details; a body that cannot be read is an error.
func Summarize(d bus.Delivery) (Line, error) {
	l := Line{Time: d.Time.UTC(), Stream: d.Stream, Sequence: d.Sequence, Subject: d.Subject}
	l.Type = d.Type[strings.LastIndexByte(d.Type, '.')+1:]
	fill, known := summaries[l.Type]
	if !known {
		l.Summary.What = "stored"
		return l, nil
	}
	if err := fill(&l, d); err != nil {
		return Line{}, fmt.Errorf("%s %d: %w", d.Stream, d.Sequence, err)
	}
	return l, nil
}

func (l *Line) resolved(e *eventsv1.AlertResolved) {
	l.about(e.GetScored())
	l.Summary.What, l.Summary.Rule, l.Summary.Class = "resolved", e.GetRule(), className(e.GetScored().GetScore().GetWorstClass())
}

func (l *Line) answered(e *eventsv1.FollowUpAnswered) {
	l.scored(e.GetScored())
	l.Summary.What, l.Summary.Callback = "answered", e.GetScored().GetReceived().GetResponse().GetCallbackId()
}

func (l *Line) fallback(e *eventsv1.FallbackChanged) {
	l.Summary = Summary{What: "ended", Fallback: e.GetName(), Queue: e.GetQueue(), WaitSeconds: e.WaitSeconds}
	if e.GetActive() {
		l.Summary.What = "began"
	}
}

func (l *Line) dead(e *eventsv1.DeadLetter) {
	l.Summary = Summary{
		What: "dead", Reason: e.GetReason(), Consumer: e.GetConsumer(), Origin: fmt.Sprintf("%s %d", e.GetStream(), e.GetSequence()),
	}
}

// redriven fills in an order to try a letter again, whose subject ends with the consumer.
func (l *Line) redriven(e *eventsv1.Redrive) {
	l.Summary = Summary{
		What: "redriven", Consumer: l.Subject[strings.LastIndexByte(l.Subject, '.')+1:], Origin: fmt.Sprintf("%s %d", l.Stream, e.GetLetter()),
	}
}

func (l *Line) received(e *eventsv1.ResponseReceived) {
	r := e.GetResponse()
	l.Summary = Summary{
		What: "received", Customer: e.GetCustomerKey(), Survey: r.GetSurvey(), Revision: e.GetRevision(),
		Channel: r.GetChannel(), CallbackRequested: r.GetCallbackRequested(),
	}
	if e.GetRevision() > 1 {
		l.Summary.What = "revised"
	}
	for _, a := range r.GetAnswers() {
		if a.GetVerbatim() != "" {
			l.Verbatims = append(l.Verbatims, a.GetVerbatim())
			continue
		}
		l.Summary.Answers = append(l.Summary.Answers, Answer{
			Metric: a.GetMetric().String(), Value: a.GetValue(), Min: a.GetScale().GetMin(), Max: a.GetScale().GetMax(),
		})
	}
	l.Summary.VerbatimCount = len(l.Verbatims)
}

// about fills in the response that a later event is about.
func (l *Line) about(e *eventsv1.ResponseScored) {
	l.Summary = Summary{
		Customer: e.GetReceived().GetCustomerKey(), Survey: e.GetReceived().GetResponse().GetSurvey(),
		Revision: e.GetReceived().GetRevision(), Correction: e.GetCorrection(),
	}
}

// words fills in what was found in the verbatims.
func (l *Line) words(s *eventsv1.Score) {
	add := func(to *[]string, name string) {
		if name = strings.ToLower(name); !slices.Contains(*to, name) {
			*to = append(*to, name)
		}
	}
	for _, v := range s.GetVerbatims() {
		if label := v.GetSentiment().GetLabel(); label != eventsv1.Sentiment_LABEL_UNSPECIFIED {
			add(&l.Summary.Sentiments, label.String())
		}
		for _, t := range v.GetThemes() {
			add(&l.Summary.Themes, t.GetTheme())
		}
		for _, i := range v.GetIntents() {
			add(&l.Summary.Intents, i.GetIntent().String())
		}
	}
	l.Summary.VerbatimCount = len(s.GetVerbatims())
	l.Summary.Disagreement = s.GetDisagreement() != eventsv1.Disagreement_DISAGREEMENT_UNSPECIFIED
}

func (l *Line) scored(e *eventsv1.ResponseScored) {
	l.about(e)
	l.Summary.What, l.Summary.Class = "scored", className(e.GetScore().GetWorstClass())
	for _, a := range e.GetScore().GetAnswers() {
		l.Summary.Answers = append(l.Summary.Answers, scoredAnswer(a))
	}
	if e.GetCorrection() > 0 {
		l.Summary.What = "corrected"
	}
	l.words(e.GetScore())
}

func (l *Line) raised(e *eventsv1.AlertRaised) {
	l.about(e.GetScored())
	l.Summary.What, l.Summary.Rule = "raised", e.GetRule()
	if l.Summary.Fallback = e.GetFallback(); l.Summary.Fallback != "" && e.GetCallback() == nil {
		l.Summary.HeldBack = "fallback"
	}
	l.Summary.Queue, l.Summary.Priority = e.GetCallback().GetQueue(), e.GetCallback().GetPriority()
	l.Summary.Severity = severityName(e.GetSeverity())
	if e.GetHeldBack() != eventsv1.AlertRaised_HELD_BACK_UNSPECIFIED {
		l.Summary.HeldBack = strings.ToLower(e.GetHeldBack().String())
	}
	if a := e.GetAnswer(); a != nil {
		l.Summary.Class = className(a.GetClass())
		l.Summary.Answers = []Answer{scoredAnswer(a)}
	}
}

func (l *Line) callback(e *eventsv1.CallbackEvent) {
	c := e.GetCallback()
	l.Summary = Summary{
		What: strings.ToLower(e.GetType().String()), Customer: e.GetCustomerKey(),
		Callback: c.GetId(), Queue: c.GetQueue(), Priority: c.GetPriority(), Reasons: len(c.GetReasons()) + int(c.GetMoreReasons()),
		Agent: c.GetHolder().GetAgentId(),
	}
	if c != nil {
		l.Summary.State = strings.ToLower(c.GetState().String())
	}
	switch n := len(c.GetAttempts()); {
	case e.GetType() == eventsv1.CallbackEvent_ATTEMPT_ENDED && n > 0:
		l.Summary.Outcome = strings.ToLower(c.GetAttempts()[n-1].GetOutcome().String())
	case e.GetType() == eventsv1.CallbackEvent_COMPLETED:
		l.Summary.Outcome = strings.ToLower(c.GetWrapUp().GetOutcome().String())
	case e.GetType() == eventsv1.CallbackEvent_SLA_WARNED, e.GetType() == eventsv1.CallbackEvent_SLA_BREACHED:
		l.target(e)
	case e.GetType() == eventsv1.CallbackEvent_SLA_ESCALATED:
		l.target(e)
		l.Summary.Role = c.GetEscalated().GetRole() // a step's is the configuration's, not somebody's words
	case e.GetType() == eventsv1.CallbackEvent_SLOT_ENDED:
		l.slots(c)
	case e.GetType() == eventsv1.CallbackEvent_FOLLOW_UP_ASKED:
		l.Summary.Survey = c.GetFollowUp().GetSurvey()
	case e.GetType() == eventsv1.CallbackEvent_FOLLOWED_UP:
		l.recovery(answerAbout(e))
	case e.GetType() == eventsv1.CallbackEvent_REOPENED && e.GetActor() == followUp:
		l.Summary.By = followUp
		l.recovery(c.GetRecovery())
	}
}

// answerAbout is what the customer answered about the callback, or about an earlier one.
func answerAbout(e *eventsv1.CallbackEvent) *eventsv1.Recovery {
	for _, p := range e.GetPast() {
		if e.GetAbout() != "" && p.GetId() == e.GetAbout() {
			return p.GetRecovery()
		}
	}
	return e.GetCallback().GetRecovery()
}

// followUp is who opens a callback again whose customer's answer was bad again.
const followUp = "follow-up"

// slots fills in what a callback waits for when one of the customer's slots is over.
func (l *Line) slots(c *eventsv1.Callback) {
	left := len(c.GetSlots())
	l.Summary.SlotsLeft = &left
	if c.GetNotBefore() != nil {
		at := c.GetNotBefore().AsTime()
		l.Summary.NotBefore = &at
	}
}

// recovery fills in what the customer's answer says of the callback, but for their
// words. There is none yet when an alert about the answer came before it.
func (l *Line) recovery(r *eventsv1.Recovery) {
	if r == nil {
		return
	}
	l.Summary.Survey = r.GetSurvey()
	l.Summary.Recovery = &Recovery{Before: r.Before, After: r.After, Class: className(r.GetClass())}
	if r.GetMetric() != eventsv1.Metric_METRIC_UNSPECIFIED {
		l.Summary.Recovery.Metric = r.GetMetric().String()
	}
}

// target fills in what an event of the SLA is about.
func (l *Line) target(e *eventsv1.CallbackEvent) {
	clock := e.GetCallback().GetSla().GetFirstAttempt()
	switch eventsv1.SLA_Target(eventsv1.SLA_Target_value[e.GetCause()]) {
	case eventsv1.SLA_FIRST_ATTEMPT:
	case eventsv1.SLA_RESOLUTION:
		clock = e.GetCallback().GetSla().GetResolution()
	default:
		return
	}
	l.Summary.Target = strings.ToLower(e.GetCause())
	if clock.GetDueAt() != nil {
		due := clock.GetDueAt().AsTime()
		l.Summary.DueAt = &due
	}
}

func scoredAnswer(a *eventsv1.AnswerScore) Answer {
	return Answer{
		Metric: a.GetMetric().String(), Value: a.GetValue(), Class: className(a.GetClass()),
		Min: a.GetScale().GetMin(), Max: a.GetScale().GetMax(),
	}
}

func className(c eventsv1.Class) string {
	if c == eventsv1.Class_CLASS_UNSPECIFIED {
		return ""
	}
	return strings.ToLower(c.String())
}

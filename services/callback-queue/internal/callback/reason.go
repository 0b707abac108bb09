package callback

import (
	"slices"
	"time"
	"unicode/utf8"
)

// Bounds of what one callback keeps, so that an event stays far below the
// megabyte a message may have. The whole text stays in the scored response.
const (
	// MaxReasons is how many reasons are kept whole.
	MaxReasons = 50
	// MaxVerbatimBytes is how much of a verbatim is kept.
	MaxVerbatimBytes = 8 << 10
)

// Metric is what was measured; empty when a rule is about no metric.
type Metric string

// The metrics.
const (
	NPS  Metric = "NPS"
	CSAT Metric = "CSAT"
	CES  Metric = "CES"
	FCR  Metric = "FCR"
)

// Class is what a value means, by its metric; empty when there is none.
type Class string

// The classes.
const (
	Detractor       Class = "DETRACTOR"
	Passive         Class = "PASSIVE"
	Promoter        Class = "PROMOTER"
	Dissatisfied    Class = "DISSATISFIED"
	Neutral         Class = "NEUTRAL"
	Satisfied       Class = "SATISFIED"
	HighEffort      Class = "HIGH_EFFORT"
	LowEffort       Class = "LOW_EFFORT"
	FirstResolved   Class = "RESOLVED"
	FirstUnresolved Class = "UNRESOLVED"
)

// Scale is the range a value was given on, both ends included; the zero Scale
// says that it is not known.
type Scale struct {
	Min, Max      float64
	LowerIsBetter bool
}

// MaxThemes is how many themes of a reason are kept.
const MaxThemes = 20

// Words is what the scorer found in what a customer wrote, to be shown to who calls. It
// decides nothing here.
type Words struct {
	// Sentiment is NEGATIVE, NEUTRAL or POSITIVE, of the worst verbatim; empty when none was
	// read.
	Sentiment string
	// Themes are what it is about, at most MaxThemes.
	Themes []Theme
	// Intents are what the customer wants or announces, as CHURN_RISK.
	Intents []string
	// Disagreement says that score and words disagree, as GOOD_SCORE_BAD_WORDS.
	Disagreement string
	// Priority is how much the customer needs to be won back, 0 to 100.
	Priority float64
}

// Theme is something that a customer wrote about.
type Theme struct {
	// Name is as delivery_time, Dimension as RESPONSIVENESS_AFTER_SALES.
	Name, Dimension string
	// Polarity is as a sentiment; empty where it is only mentioned.
	Polarity string
}

// Customer is whom to call. It is personal data: it never stands in an error, a
// log, a metric or a subject. Empty fields are not known.
type Customer struct {
	ID, Name string
	// Phone is E.164; Email is folded; Language is a BCP 47 tag; TimeZone is IANA's.
	Phone, Email, Language, TimeZone string
}

// fill takes from other what c does not know.
func (c *Customer) fill(other Customer) {
	for _, f := range c.pairs(&other) {
		if *f[0] == "" {
			*f[0] = *f[1]
		}
	}
}

// correct takes from other what other knows.
func (c *Customer) correct(other Customer) {
	for _, f := range c.pairs(&other) {
		if *f[1] != "" {
			*f[0] = *f[1]
		}
	}
}

func (c *Customer) pairs(o *Customer) [6][2]*string {
	return [6][2]*string{
		{&c.ID, &o.ID},
		{&c.Name, &o.Name},
		{&c.Phone, &o.Phone},
		{&c.Email, &o.Email},
		{&c.Language, &o.Language},
		{&c.TimeZone, &o.TimeZone},
	}
}

// Reason is one alert that the callback answers to.
type Reason struct {
	AlertID, Rule      string
	Survey, ResponseID string
	// Revision is the revision of the response this reason was last changed at, and
	// Correction how many corrections of its analysis were known then.
	Revision, Correction uint32
	Metric               Metric
	// Value is the customer's on Scale, and Satisfaction what it is worth, 0
	// (worst) to 100 (best). Both mean something only when HasValue.
	Value        float64
	HasValue     bool
	Scale        Scale
	Class        Class
	Satisfaction float64
	// Verbatim is the customer's own words, at most MaxVerbatimBytes of them.
	Verbatim string
	// Words is what was found in it.
	Words               Words
	Channel, Touchpoint string
	SubmittedAt         time.Time
	// Priority is what the rule asks for, 0 to 100, and Severity how bad it says that
	// it is.
	Priority int
	Severity Severity
	// FollowsUp says that the response is itself an answer about this callback.
	FollowsUp bool
	// Queue, Skills and FirstAttemptWithin are what the rule asks for, and RaisedAt is
	// since when.
	Queue              string
	Skills             []string
	FirstAttemptWithin time.Duration
	RaisedAt           time.Time
	// Unanswered says that it came when the last call had begun, or was over: what closes
	// the callback does not answer it.
	Unanswered bool
	// Withdrawn says that the customer corrected the response: the reason stays
	// to be seen, and does not count.
	Withdrawn bool
}

// Alert is what the callback queue takes from ALERTS: the reason, and what the
// rule asks for.
type Alert struct {
	// AlertID is the same for each Revision of the response under one rule, and for each
	// Correction of what was found in one.
	AlertID, Rule        string
	Revision, Correction uint32
	// Severity is how bad it is.
	Severity Severity
	// CustomerKey is whose aggregate the alert is for.
	CustomerKey string
	Customer    Customer
	// Aliases are further pseudonyms of the customer.
	Aliases []string
	// Reason's AlertID, Rule, Severity, Revision, Correction, FollowsUp, Withdrawn, and what
	// the rule asks for, are set by Decide.
	Reason Reason
	// HeldBack says that no callback is asked for now, because of a fallback. What the rule
	// would have asked for is not known then: an open callback keeps what was asked for
	// before.
	HeldBack bool
	// Queue is the queue asked for; empty means the policy's default.
	Queue    string
	Skills   []string
	Language string
	// RaisedAt is where the callback's age counts from; zero, or a moment still
	// to come, means when the alert is taken.
	RaisedAt time.Time
	// FirstAttemptWithin is how soon the first attempt should start; 0 means the
	// policy's default.
	FirstAttemptWithin time.Duration
	// FollowsUp is the callback that the response is an answer about, to its follow-up
	// survey; empty for every other response.
	FollowsUp string
	// Slots are when the customer would like to be called, in any order; none means at
	// once. What is over, or beyond the policy's horizon, is passed over.
	Slots []Slot
	// SlotsTakenBack says that the customer named some, at the revision before, and now
	// names none: they may be called at any time.
	SlotsTakenBack bool
}

// reason is the alert as a reason of a callback.
func (a *Alert) reason() Reason {
	r := a.Reason
	r.AlertID, r.Rule, r.Severity, r.Withdrawn = a.AlertID, a.Rule, a.Severity, false
	r.Revision, r.Correction = a.Revision, a.Correction
	r.FollowsUp, r.Unanswered = a.FollowsUp != "", false
	r.Queue, r.Skills, r.FirstAttemptWithin = a.Queue, slices.Clone(a.Skills), a.FirstAttemptWithin
	r.Verbatim = cut(r.Verbatim, MaxVerbatimBytes)
	return r
}

// asks makes the alert ask for what a reason asked for.
func (a *Alert) asks(r *Reason) {
	a.Queue, a.Skills, a.FirstAttemptWithin, a.Reason.Priority = r.Queue, r.Skills, r.FirstAttemptWithin, r.Priority
}

// cut shortens s to at most limit bytes, at a character's edge, and marks it.
func cut(s string, limit int) string {
	const mark = "…"
	if len(s) <= limit {
		return s
	}
	end := limit - len(mark)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + mark
}

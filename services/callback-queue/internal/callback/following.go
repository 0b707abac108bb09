package callback

import (
	"cmp"
	"slices"
	"time"
)

// FollowUp asks the customer, once the callback is completed, how it went.
type FollowUp struct {
	// Survey is the survey to be answered.
	Survey string
	// AskAt is when to ask, and AskedAt when that was done; zero until then.
	AskAt, AskedAt time.Time
}

// Recovery is the customer's score after the callback, against the score before.
type Recovery struct {
	// Survey and ResponseID name the answer, and Revision the revision it was last
	// heard of at.
	Survey, ResponseID string
	Revision           uint32
	// Metric is what is compared; empty when the two answers have none in common:
	// then each counts with its worst.
	Metric Metric
	// Before and After are satisfactions, 0 to 100. Each means something only when
	// there is such a score.
	Before, After       float64
	HasBefore, HasAfter bool
	// Class is the worst class of the answer after.
	Class Class
	// Verbatim is what the customer wrote, at most MaxVerbatimBytes of it.
	Verbatim string
	// At is when the customer answered.
	At time.Time
}

// Score is one metric's of an answer.
type Score struct {
	Metric Metric
	Class  Class
	// Satisfaction is 0 (worst) to 100 (best).
	Satisfaction float64
}

// bad reports whether a class is the worst of its metric.
func (c Class) bad() bool {
	return c == Detractor || c == Dissatisfied || c == HighEffort || c == FirstUnresolved
}

// AskFollowUp says that the follow-up survey is asked for now.
type AskFollowUp struct{}

// TakeFollowUp takes the answer to a follow-up survey. One that is bad again reopens
// the callback, as long as it can be reopened. One about a callback that the next has
// followed is linked, as long as the aggregate remembers that.
type TakeFollowUp struct {
	// CallbackID is the callback that the answer names.
	CallbackID string
	// Survey and ResponseID name the answer, at a revision; its Scores may be none.
	Survey, ResponseID string
	Revision           uint32
	Scores             []Score
	Verbatim           string
	// SubmittedAt is when the customer answered; zero means now.
	SubmittedAt time.Time
}

// Name is askFollowUp.
func (AskFollowUp) Name() string { return "askFollowUp" }

// Name is takeFollowUp.
func (TakeFollowUp) Name() string { return "takeFollowUp" }

func (AskFollowUp) check() error { return nil }

func (AskFollowUp) apply(d *draft) (EventType, error) {
	if d.cb == nil || d.cb.State != Completed {
		return "", ErrNoChange
	}
	f := d.cb.FollowUp
	if f == nil || !f.AskedAt.IsZero() || d.now.Before(f.AskAt) {
		return "", ErrNoChange
	}
	if err := d.cb.follow(askSurvey); err != nil {
		return "", err
	}
	d.cb.FollowUp = &FollowUp{Survey: f.Survey, AskAt: f.AskAt, AskedAt: d.now}
	d.by(ActorTimer, "")
	return EventFollowUpAsked, nil
}

func (c TakeFollowUp) check() error {
	var f fields
	f.text("response_id", c.ResponseID, 1, maxAlertID)
	for _, s := range c.Scores {
		f.check(s.Satisfaction >= 0 && s.Satisfaction <= maxPriority, "satisfaction", "must be 0 to 100")
	}
	return f.err()
}

func (c TakeFollowUp) apply(d *draft) (EventType, error) {
	if d.cb == nil || d.cb.ID != c.CallbackID {
		return c.link(d)
	}
	if c.known(d.cb.Recovery) {
		return "", ErrNoChange
	}
	r := c.recovery(d.cb.scores(), d.now)
	d.by(ActorFollowUp, c.ResponseID)
	if r.Class.bad() && d.canReopen() && !d.isListed() && !d.cb.reopenedFor(c.Survey, c.ResponseID) {
		if err := d.reopen(ActorFollowUp, ""); err != nil {
			return "", err
		}
		d.cb.Recovery = &r
		return EventReopened, nil
	}
	if err := d.cb.follow(followedUp); err != nil {
		return "", err
	}
	d.cb.Recovery = &r
	return EventFollowedUp, nil
}

// known reports whether this revision of the answer, or a later one, is linked already.
func (c TakeFollowUp) known(r *Recovery) bool {
	return r != nil && r.Survey == c.Survey && r.ResponseID == c.ResponseID && r.Revision >= c.Revision
}

// recovery compares the answer with the scores of the callback's reasons: on the first
// metric that both have, else worst with worst.
func (c TakeFollowUp) recovery(before []Score, now time.Time) Recovery {
	r := Recovery{
		Survey: c.Survey, ResponseID: c.ResponseID, Revision: c.Revision,
		Verbatim: cut(c.Verbatim, MaxVerbatimBytes), At: now,
	}
	if !c.SubmittedAt.IsZero() && !c.SubmittedAt.After(now) {
		r.At = c.SubmittedAt.UTC().Round(0)
	}
	for _, m := range []Metric{NPS, CSAT, CES, FCR} {
		b, hasB := worst(before, m)
		a, hasA := worst(c.Scores, m)
		if hasB && hasA {
			r.Metric, r.Before, r.After, r.HasBefore, r.HasAfter = m, b.Satisfaction, a.Satisfaction, true, true
			break
		}
	}
	if r.Metric == "" {
		b, hasB := worst(before, "")
		a, hasA := worst(c.Scores, "")
		r.Before, r.HasBefore, r.After, r.HasAfter = b.Satisfaction, hasB, a.Satisfaction, hasA
	}
	r.Class = worstClass(c.Scores)
	return r
}

// worstClass is a bad one, else that of the lowest score; empty without any.
func worstClass(scores []Score) Class {
	if i := slices.IndexFunc(scores, func(s Score) bool { return s.Class.bad() }); i >= 0 {
		return scores[i].Class
	}
	w, _ := worst(scores, "")
	return w.Class
}

// reopenedFor reports whether an answer about the callback has reopened it: its score
// did, or an alert about it.
func (c *Callback) reopenedFor(survey, responseID string) bool {
	if r := c.Recovery; r != nil && r.Survey == survey && r.ResponseID == responseID && r.Class.bad() {
		return true
	}
	return slices.ContainsFunc(c.Reasons, func(r Reason) bool {
		return r.FollowsUp && r.Survey == survey && r.ResponseID == responseID
	})
}

// scores are those of the reasons that count, but for answers about the callback
// itself, which rules may have made some of.
func (c *Callback) scores() []Score {
	var all []Score
	for i := range c.Reasons {
		if r := &c.Reasons[i]; r.HasValue && !r.Withdrawn && !r.FollowsUp {
			all = append(all, Score{Metric: r.Metric, Class: r.Class, Satisfaction: r.Satisfaction})
		}
	}
	return all
}

// worst is the worst score of a metric; of all when it is empty.
func worst(scores []Score, m Metric) (Score, bool) {
	of := slices.DeleteFunc(slices.Clone(scores), func(s Score) bool { return m != "" && s.Metric != m })
	if len(of) == 0 {
		return Score{}, false
	}
	return slices.MinFunc(of, func(a, b Score) int { return cmp.Compare(a.Satisfaction, b.Satisfaction) }), true
}

// askLater has the customer asked how it went, where the policy wants it and the
// customer was spoken to; not while they are to be called again at once.
func (d *draft) askLater() {
	if d.policy.FollowUp.Survey != "" && d.cb.knownBy() != "" && !d.owesNext() {
		d.cb.FollowUp = &FollowUp{Survey: d.policy.FollowUp.Survey, AskAt: d.now.Add(d.policy.FollowUp.After)}
	}
}

// askAt is when the follow-up survey is to be asked for; zero when it is not.
func (c *Callback) askAt() time.Time {
	if c.State != Completed || c.FollowUp == nil || !c.FollowUp.AskedAt.IsZero() {
		return time.Time{}
	}
	return c.FollowUp.AskAt
}

package callback

import (
	"slices"
	"time"
)

// MaxPast is how many closed callbacks an aggregate remembers after the next has followed;
// the oldest is forgotten first.
const MaxPast = 8

// maxPastVerbatim is how much of an answer about one of them is kept.
const maxPastVerbatim = 1 << 10

// Past is what is kept of a closed callback that the customer's next has followed: enough
// to link what they answer about it.
type Past struct {
	ID       string
	ClosedAt time.Time
	// CalledAt is when the customer was last spoken to in it; zero when nobody was reached,
	// and where that was not kept yet.
	CalledAt time.Time
	// Severity is the worst of the reasons that counted; 0 for none, and likewise.
	Severity Severity
	// Before is the worst score of each metric that its reasons have.
	Before []Score
	// Recovery is what the customer answered; nil until they have.
	Recovery *Recovery
}

// leave remembers the callback that the next one follows.
func (d *draft) leave() {
	if d.cb == nil {
		return
	}
	p := Past{
		ID: d.cb.ID, ClosedAt: d.cb.ClosedAt, CalledAt: d.cb.calledAt(), Severity: d.cb.severity(),
		Recovery: d.cb.Recovery.brief(),
	}
	scores := d.cb.scores()
	for _, m := range []Metric{NPS, CSAT, CES, FCR, ""} {
		of := slices.DeleteFunc(slices.Clone(scores), func(s Score) bool { return s.Metric != m })
		if w, ok := worst(of, m); ok {
			p.Before = append(p.Before, w)
		}
	}
	past := append(slices.Clone(d.agg.Past), p)
	d.agg.Past = slices.Clip(past[max(0, len(past)-MaxPast):])
}

// calledAt is when the last attempt ended in which the customer was spoken to; zero for none.
func (c *Callback) calledAt() time.Time {
	for _, a := range slices.Backward(c.Attempts) {
		switch a.Outcome {
		case Reached, Refused, CallLater:
			return a.EndedAt
		default:
		}
	}
	return time.Time{}
}

// brief is the recovery with the beginning of what was written.
func (r *Recovery) brief() *Recovery {
	if r == nil {
		return nil
	}
	short := *r
	short.Verbatim = cut(r.Verbatim, maxPastVerbatim)
	return &short
}

// link links the answer to a callback that the customer's next has followed. It reopens
// nothing: the customer has another. Its alert goes its way.
func (c TakeFollowUp) link(d *draft) (EventType, error) {
	i := slices.IndexFunc(d.agg.Past, func(p Past) bool { return p.ID == c.CallbackID })
	if i < 0 {
		return "", ErrNoCallback
	}
	p := d.agg.Past[i]
	if c.known(p.Recovery) {
		return "", ErrNoChange
	}
	r := c.recovery(p.Before, d.now)
	p.Recovery = r.brief()
	d.agg.Past = slices.Clone(d.agg.Past)
	d.agg.Past[i] = p
	d.about = p.ID
	d.by(ActorFollowUp, c.ResponseID)
	return EventFollowedUp, nil
}

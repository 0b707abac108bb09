package cli

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// timer is who takes the steps of an SLA; it gives no reason, which people must.
const timer = "timer"

// promises says from when to call, and by when to do what; of a closed callback,
// what was kept and what was missed.
func (c *card) promises(cb *eventsv1.Callback) {
	open := cb.GetState() < eventsv1.Callback_COMPLETED
	s := cb.GetSla()
	till := s.GetPausedUntil()
	paused := open && till != nil && till.AsTime().After(c.now())
	if open {
		c.field(c.w.NotBefore, c.notBefore(cb))
	}
	if paused && !sameMoment(till, cb.GetNotBefore()) {
		c.field(c.w.InPause, fill(c.w.InPauseUntil, c.date(till)))
	}
	first := s.GetFirstAttempt()
	if s == nil && open && len(cb.GetAttempts()) == 0 { // opened before there were SLAs
		first = &eventsv1.SLA_Clock{DueAt: cb.GetFirstAttemptDue()}
	}
	if cb.GetState() != eventsv1.Callback_ATTEMPTING || first.GetBreachedAt() != nil { // the call may yet prove to have begun in time
		c.clock(c.w.CallBefore, first, open, paused)
	}
	c.clock(c.w.ResolveBefore, s.GetResolution(), open, paused)
}

// clock says until when a target is kept and how it stands. One that was met is not
// worth a line while there is work to do, nor one that came to nothing. Of a clock
// that stands still it does not say what is left.
func (c *card) clock(label string, k *eventsv1.SLA_Clock, open, paused bool) {
	if k.GetDueAt() == nil {
		return
	}
	w := c.w
	left := k.GetDueAt().AsTime().Sub(c.now())
	how := ""
	switch runs := k.GetEndedAt() == nil; {
	case runs && left < 0:
		how = c.style.red(fill(w.LateBy, c.span(-left)))
	case runs && k.GetWarnedAt() != nil:
		how = w.SLAStates[eventsv1.SLA_AT_RISK]
		if !paused {
			how += ", " + fill(w.TimeLeft, c.span(left))
		}
		how = c.style.yellow(how)
	case runs:
	case k.GetBreachedAt() != nil:
		how = c.style.red(w.SLAStates[eventsv1.SLA_BREACHED])
	case k.GetKept() && !open:
		how = c.style.green(w.SLAStates[eventsv1.SLA_KEPT])
	default:
		return
	}
	c.field(label, c.date(k.GetDueAt())+"  "+how)
}

// notBefore is from when on to call, and whether the SLA's clocks stand still
// until then; empty when it may be now.
func (d *desk) notBefore(cb *eventsv1.Callback) string {
	at := cb.GetNotBefore()
	if at == nil || !at.AsTime().After(d.now()) {
		return ""
	}
	if sameMoment(at, cb.GetSla().GetPausedUntil()) {
		return d.date(at) + "  " + d.w.PausedTill
	}
	return d.date(at)
}

func sameMoment(a, b *timestamppb.Timestamp) bool {
	return a != nil && b != nil && a.AsTime().Equal(b.AsTime())
}

// moved says who put a callback into another queue, and why: somebody, or a step
// of the SLA.
func (c *card) moved(to string, m *eventsv1.Move) {
	if m.GetBy() == timer && m.GetReason() == "" {
		c.line(fill(c.w.MovedByStep, oneLine(m.GetFrom()), oneLine(to), c.date(m.GetAt())))
		return
	}
	c.line(fill(c.w.MovedFrom, oneLine(m.GetFrom()), oneLine(to), c.date(m.GetAt()), oneLine(m.GetBy()), oneLine(m.GetReason())))
}

// escalated says who made a callback more urgent, and why: somebody, or a step of
// the SLA. A step that neither did so nor names anybody has no line.
func (c *card) escalated(e *eventsv1.Escalation) {
	if e.GetBy() != timer || e.GetReason() != "" {
		c.line(fill(c.w.RaisedBy, e.GetPoints(), c.date(e.GetAt()), oneLine(e.GetBy()), oneLine(e.GetReason())))
		return
	}
	var what []string
	if n := e.GetPoints(); n > 0 {
		what = append(what, fill(c.w.StepRaised, n))
	}
	if role := oneLine(e.GetRole()); role != "" {
		what = append(what, fill(c.w.StepRole, role))
	}
	if len(what) > 0 {
		c.line(fill(c.w.Step, c.date(e.GetAt()), strings.Join(what, ", ")))
	}
}

// onlyRang reports whether nothing but the SLA's clocks changed a callback.
func onlyRang(before, cb *eventsv1.Callback) bool {
	if before.GetState() != cb.GetState() || proto.Equal(before.GetSla(), cb.GetSla()) || before.GetMoreReasons() != cb.GetMoreReasons() ||
		!proto.Equal(before.GetRecovery(), cb.GetRecovery()) {
		return false
	}
	return slices.EqualFunc(before.GetReasons(), cb.GetReasons(), func(a, b *eventsv1.Reason) bool { return proto.Equal(a, b) })
}

// rang says by when to do what, and the step that was taken.
func (c *card) rang(before, cb *eventsv1.Callback) {
	if e := cb.GetEscalated(); e != nil && !proto.Equal(before.GetEscalated(), e) {
		c.escalated(e)
	}
	c.promises(cb)
}

package alertstate

import (
	"cmp"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// order says which of two states of a response is the later one.
type order struct{ revision, correction uint32 }

func (o order) compare(other order) int {
	return cmp.Or(cmp.Compare(o.revision, other.revision), cmp.Compare(o.correction, other.correction))
}

func orderOf(a *alert) order { return order{a.GetRevision(), a.GetCorrection()} }

func orderOfScored(e *eventsv1.ResponseScored) order {
	return order{e.GetReceived().GetRevision(), e.GetCorrection()}
}

// raised is what an AlertRaised at a place of ALERTS makes of an alert; nil for nothing.
//
//	no alert                                  it stands
//	one with this revision or a later one     nothing: a repeat, or too late
//	one that stands, whose callback was held  brought up to date: it is asked for after all
//	back, by the same revision that asks
//	one that stands                           brought up to date
//	resolved because it no longer matched     another episode
//	settled: by hand, by its callback, or     another episode if it is worse than what was
//	by time                                   settled; else the revision is noted
//	none, or another episode, but its time    it is resolved at once: nobody is told of what
//	is over                                   is long past
func raised(now *alert, e *eventsv1.AlertRaised, sequence uint64, at time.Time) *change {
	to := orderOfScored(e.GetScored())
	if order := to.compare(orderOf(now)); now != nil && (order < 0 || order == 0 && !asksAfterAll(now, e)) {
		return nil
	}
	next := copied(now)
	next.Revision, next.Correction, next.AlertSequence = to.revision, to.correction, sequence
	if now != nil && !stands(now) && isSettled(now) && severity(e.GetSeverity()) <= severity(now.GetSeverity()) {
		return happened(eventsv1.AlertChanged_UPDATED, next, "", at)
	}
	describe(next, e)
	if stands(now) {
		return happened(eventsv1.AlertChanged_UPDATED, next, "", at)
	}
	begin(next, e.GetRaisedAt())
	if isOver(next, at) {
		end(next, eventsv1.AlertState_EXPIRED, at)
		return happened(eventsv1.AlertChanged_RESOLVED, next, "", at)
	}
	return happened(eventsv1.AlertChanged_RAISED, next, "", at)
}

// asksAfterAll reports whether an event asks for the callback of an alert that stands without
// one, as when the fallback has ended that held it back.
func asksAfterAll(now *alert, e *eventsv1.AlertRaised) bool {
	return stands(now) && !now.GetCallback() && e.GetCallback() != nil
}

// isSettled reports whether an alert that is resolved was dealt with: the same again is no
// news.
func isSettled(a *alert) bool {
	switch a.GetResolution() {
	case eventsv1.AlertState_BY_HAND, eventsv1.AlertState_CALLBACK_CLOSED, eventsv1.AlertState_EXPIRED:
		return true
	case eventsv1.AlertState_NO_LONGER_MATCHES, eventsv1.AlertState_RESOLUTION_UNSPECIFIED:
	}
	return false
}

// describe writes into an alert all that an AlertRaised says of it. What a fallback holds back
// was asked for before where the alert has a callback: that stays as it was, in its queue.
func describe(next *alert, e *eventsv1.AlertRaised) {
	received := e.GetScored().GetReceived()
	stays := stands(next) && next.GetCallback() && e.GetCallback() == nil && e.GetFallback() != ""
	queue := next.GetLabels()["queue"]
	next.Id, next.Rule, next.RulesVersion, next.Team = e.GetAlertId(), e.GetRule(), e.GetRulesVersion(), e.GetTeam()
	next.Severity, next.Labels, next.Notify = severity(e.GetSeverity()), labels(e), e.GetNotify()
	next.CustomerKey, next.Bucket = received.GetCustomerKey(), received.GetBucket()
	next.Survey, next.ResponseId = received.GetResponse().GetSurvey(), received.GetResponse().GetId()
	next.Callback, next.Answer = e.GetCallback() != nil || stays, nil
	if stays {
		set(next.Labels, "queue", queue)
	}
	if a := e.GetAnswer(); a != nil {
		next.Answer = &eventsv1.AnswerCited{Metric: a.GetMetric(), Value: a.GetValue(), Class: a.GetClass().String()}
	}
	next.ExpiresAt = timestamppb.New(e.GetRaisedAt().AsTime().Add(standsFor(e, next.GetCallback())))
}

// standsFor is how long an alert of a response stands if nothing else ends it, from when the
// response that raised it last was received.
func standsFor(e *eventsv1.AlertRaised, callback bool) time.Duration {
	said := e.GetResolvesAfter().AsDuration()
	switch {
	case said > 0:
		return min(said, Longest)
	case callback:
		return Longest
	}
	return Usual
}

// lapsed is what an AlertResolved makes of an alert; nil for nothing. An alert that was not
// heard of is stored as resolved, so that no revision before raises it.
func lapsed(now *alert, e *eventsv1.AlertResolved, at time.Time) *change {
	to := orderOfScored(e.GetScored())
	if now != nil && to.compare(orderOf(now)) <= 0 {
		return nil
	}
	next := copied(now)
	next.Revision, next.Correction = to.revision, to.correction
	switch {
	case now == nil:
		received := e.GetScored().GetReceived()
		outline(next, e.GetAlertId(), e.GetRule(), received.GetCustomerKey(), received.GetBucket())
		next.RulesVersion, next.Survey, next.ResponseId = e.GetRulesVersion(), received.GetResponse().GetSurvey(), received.GetResponse().GetId()
	case !stands(now):
		return happened(eventsv1.AlertChanged_UPDATED, next, "", at)
	}
	end(next, eventsv1.AlertState_NO_LONGER_MATCHES, at)
	return happened(eventsv1.AlertChanged_RESOLVED, next, "", at)
}

// outline writes what is known of an alert that is heard of before it was raised.
func outline(next *alert, id, rule, customerKey, bucket string) {
	next.Id, next.Rule, next.CustomerKey, next.Bucket = id, rule, customerKey, bucket
	next.Labels = map[string]string{}
	set(next.Labels, "kind", KindResponse)
	set(next.Labels, "rule", rule)
	set(next.Labels, "customer", customerKey)
}

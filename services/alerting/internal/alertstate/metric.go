package alertstate

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"math"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Metric is what a metric rule says of one of its series that is out of bounds.
type Metric struct {
	// Rule is the rule's name, RulesVersion what it was read in, Team whose it is.
	Rule, RulesVersion, Team string
	// Severity is how bad it is; unspecified counts as MEDIUM.
	Severity eventsv1.Severity
	// Labels are what the rule marks its alerts with.
	Labels map[string]string
	// Notify says that the rule asks for people to be told.
	Notify bool
	// ResolvesAfter is how long the alert stands when no rule speaks of it any more, as when
	// its rule is gone; 0 is Usual, and Longest the most.
	ResolvesAfter time.Duration
	// Movement is how the metric moved; required, with Until and, where the rule is split,
	// Series.
	Movement *eventsv1.Movement
}

// ID is the id of the series' alert.
func (m Metric) ID() string { return MetricID(m.Rule, m.Movement.GetSeries()) }

// MetricID is the id of the alert of a metric rule's series: the same whatever else the rule
// says.
func MetricID(rule string, series map[string]string) string {
	h := sha256.New()
	h.Write([]byte(rule))
	for _, name := range slices.Sorted(maps.Keys(series)) {
		h.Write([]byte("\x00" + name + "\x00" + series[name]))
	}
	return "m-" + hex.EncodeToString(h.Sum(nil)[:12])
}

func (m Metric) standsFor() time.Duration {
	if m.ResolvesAfter <= 0 {
		return Usual
	}
	return min(m.ResolvesAfter, Longest)
}

// labels are the rule's own, and those that are always there, which win.
func (m Metric) labels() map[string]string {
	all := make(map[string]string, len(m.Labels)+len(m.Movement.GetSeries())+5)
	for _, from := range []map[string]string{m.Labels, m.Movement.GetSeries()} {
		for name, text := range from {
			set(all, name, text)
		}
	}
	set(all, "kind", KindMetric)
	set(all, "rule", m.Rule)
	set(all, "severity", SeverityWord(m.Severity))
	set(all, "team", m.Team)
	set(all, "metric", m.Movement.GetMeasure())
	return all
}

// moved is what a metric that is out of bounds makes of its alert; nil for nothing.
//
//	no alert                               it stands
//	one that knows of a later window       nothing: somebody is behind
//	one that stands                        brought up to date, where that is worth an event
//	resolved by hand                       another episode if it is worse; else nothing,
//	                                       until it was back within bounds
//	resolved otherwise                     another episode, if the window is a later one
func moved(now *alert, m Metric, at time.Time) *change {
	if now != nil && !isNews(now, m, at) {
		return nil
	}
	next := copied(now)
	next.Id, next.Rule, next.RulesVersion, next.Team = m.ID(), m.Rule, m.RulesVersion, m.Team
	next.Severity, next.Labels, next.Notify, next.Movement = severity(m.Severity), m.labels(), m.Notify, m.Movement
	next.Survey = m.Movement.GetSeries()["survey"]
	next.ExpiresAt = timestamppb.New(at.Add(m.standsFor()))
	if stands(now) {
		return happened(eventsv1.AlertChanged_UPDATED, next, "", at)
	}
	begin(next, timestamppb.New(at))
	return happened(eventsv1.AlertChanged_RAISED, next, "", at)
}

// isNews reports whether what is said of a series changes its alert.
func isNews(now *alert, m Metric, at time.Time) bool {
	switch until, known := m.Movement.GetUntil().AsTime(), now.GetMovement().GetUntil().AsTime(); {
	case until.Before(known):
		return false
	case stands(now):
		return isOther(now, m) || isFading(now, m, at)
	case now.GetResolution() == eventsv1.AlertState_BY_HAND:
		return severity(m.Severity) > severity(now.GetSeverity())
	default:
		return until.After(known)
	}
}

// Noticeable is by how much a figure must differ from the one that is stored to be worth an
// event: a point, or a tenth of its distance from what it is compared with, whichever is
// more. A rule looks every minute, and an alert that stands for a day is not to be written a
// thousand times.
const (
	leastNoticed = 1.0
	partNoticed  = 0.1
)

func isOther(now *alert, m Metric) bool {
	was := now.GetMovement()
	noticed := max(leastNoticed, partNoticed*math.Abs(was.GetFigure()-was.GetReference()))
	return severity(m.Severity) != now.GetSeverity() || m.Notify != now.GetNotify() || !maps.Equal(m.labels(), now.GetLabels()) ||
		math.Abs(m.Movement.GetFigure()-was.GetFigure()) >= noticed
}

// isFading reports whether half of the time is over after which the alert expires that
// nobody speaks of.
func isFading(now *alert, m Metric, at time.Time) bool {
	return now.GetExpiresAt().AsTime().Sub(at) <= m.standsFor()/2
}

// back is what a metric that is within bounds makes of its alert; nil for nothing. A nil
// movement resolves it whatever window it knows of, as when its rule is gone. One that was
// resolved by hand is from now on as any other: the next time is another episode.
func back(now *alert, m *eventsv1.Movement, at time.Time) *change {
	byHand := now.GetResolution() == eventsv1.AlertState_BY_HAND
	if now == nil || !stands(now) && !byHand {
		return nil
	}
	if m != nil && !m.GetUntil().AsTime().After(now.GetMovement().GetUntil().AsTime()) {
		return nil
	}
	next := copied(now)
	if m != nil {
		next.Movement = m
	}
	if byHand {
		next.Resolution = eventsv1.AlertState_NO_LONGER_MATCHES
		return happened(eventsv1.AlertChanged_UPDATED, next, "", at)
	}
	end(next, eventsv1.AlertState_NO_LONGER_MATCHES, at)
	return happened(eventsv1.AlertChanged_RESOLVED, next, "", at)
}

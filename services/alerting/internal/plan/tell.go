package plan

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// mostListed is how many alerts a notification lists.
const mostListed = 20

// tell makes what is stored when people are told.
func (d *decision) tell(kind eventsv1.Notification_Kind, s stand) *eventsv1.GroupNotified {
	state := d.state()
	at := timestamppb.New(d.now)
	state.NotifiedAt, state.StepAt = at, d.told.GetStepAt()
	state.Step, state.Round = uint32(s.step), uint32(s.round)
	begins := kind == eventsv1.Notification_NEW && len(d.active) == 0
	switch {
	case s.step == 0:
		state.StepAt = nil
	case kind == eventsv1.Notification_ESCALATED, begins:
		state.StepAt = at
	case state.StepAt == nil:
		state.StepAt = d.told.GetNotifiedAt()
	}
	ended := d.ended
	keep := d.stillKnown()
	if kind == eventsv1.Notification_ESCALATED { // who is told for the first time knows of none that ended
		ended = nil
		for _, a := range d.ended {
			keep = append(keep, d.entryOf(a))
		}
	}
	d.remember(state, keep)
	worstFirst(d.visible)
	worstFirst(ended)
	n := &eventsv1.Notification{
		Id: eventID(state), Kind: kind, Group: state.GetKey(), Route: state.GetRoute(), Labels: state.GetLabels(), At: at,
		Severity: Worst(d.visible), Step: state.GetStep(),
	}
	n.Firing, n.MoreFiring = listed(d.visible)
	n.Resolved, n.MoreResolved = listed(ended)
	return &eventsv1.GroupNotified{EventId: n.GetId(), Group: state, Receivers: d.receivers(kind, s), Notification: n}
}

// receivers are who is told.
func (d *decision) receivers(kind eventsv1.Notification_Kind, s stand) []string {
	switch {
	case kind == eventsv1.Notification_ESCALATED && len(d.news) == 0:
		return union(nil, d.route.Chain.Steps[s.step-1].Tell)
	case kind == eventsv1.Notification_RESOLVED: // whoever was told that it stood
		return union(nil, d.route.reach(int(d.told.GetStep()), int(d.told.GetRound())))
	case kind == eventsv1.Notification_NEW && len(d.active) == 0 && len(d.ended) > 0:
		return union(d.route.reach(s.step, s.round), d.route.reach(int(d.told.GetStep()), int(d.told.GetRound())))
	default:
		return union(nil, d.route.reach(s.step, s.round))
	}
}

// closing makes what is stored when nothing stands that people know of, and they are not to
// be told.
func (d *decision) closing() *eventsv1.GroupNotified {
	state := d.state()
	state.NotifiedAt = d.told.GetNotifiedAt()
	return &eventsv1.GroupNotified{EventId: eventID(state), Group: state}
}

// state is the group after the next change, with nothing that is known of it.
func (d *decision) state() *eventsv1.GroupState {
	return &eventsv1.GroupState{Key: d.g.Key, Route: d.route.Name, Labels: d.g.Labels, Number: d.told.GetNumber() + 1}
}

func eventID(s *eventsv1.GroupState) string {
	return s.GetKey() + "-" + strconv.FormatUint(s.GetNumber(), 10)
}

// stillKnown are the entries that stay whatever is told: of alerts that are held back, or
// are in another group.
func (d *decision) stillKnown() []string { return slices.Concat(d.known, d.keep) }

// entryOf is the entry that people know an alert by.
func (d *decision) entryOf(a *eventsv1.AlertState) string {
	for _, key := range d.told.GetFiring() {
		if sameEpisode(key, a) {
			return key
		}
	}
	return AlertKey(a)
}

// remember puts down what people know after they were told: what is visible, and some
// entries more.
func (d *decision) remember(state *eventsv1.GroupState, keep []string) {
	told := make(map[string]bool, len(d.visible)+len(keep))
	newest := slices.Clone(d.visible)
	slices.SortFunc(newest, func(a, b *eventsv1.AlertState) int {
		return cmp.Or(newer(came(a), came(b)), cmp.Compare(a.GetId(), b.GetId()))
	})
	var all []string
	seen := map[string]bool{}
	for _, a := range newest {
		told[AlertKey(a)], seen[a.GetId()] = true, true
		all = append(all, AlertKey(a))
	}
	for _, key := range keep {
		if !told[key] && !seen[AlertID(key)] {
			told[key] = true
			all = append(all, key)
		}
	}
	if more := len(all) - mostRemembered; more > 0 {
		state.MoreFiring = uint32(more)
		all = all[:mostRemembered]
	}
	slices.Sort(all)
	state.Firing, state.Open = all, len(all) > 0
}

// worstFirst sorts alerts: the worst, then the newest, first.
func worstFirst(alerts []*eventsv1.AlertState) {
	slices.SortFunc(alerts, func(a, b *eventsv1.AlertState) int {
		return cmp.Or(cmp.Compare(SeverityOf(b), SeverityOf(a)), newer(a.GetRaisedAt().AsTime(), b.GetRaisedAt().AsTime()), cmp.Compare(a.GetId(), b.GetId()))
	})
}

func newer(a, b time.Time) int { return b.Compare(a) }

// SeverityOf is an alert's: one that does not say counts as medium.
func SeverityOf(a *eventsv1.AlertState) eventsv1.Severity {
	if s := a.GetSeverity(); s != eventsv1.Severity_SEVERITY_UNSPECIFIED {
		return s
	}
	return eventsv1.Severity_MEDIUM
}

// Worst is the worst severity of some alerts; unspecified of none.
func Worst(alerts []*eventsv1.AlertState) eventsv1.Severity {
	worst := eventsv1.Severity_SEVERITY_UNSPECIFIED
	for _, a := range alerts {
		worst = max(worst, SeverityOf(a))
	}
	return worst
}

// listed are the first of some alerts, and how many there are beside those.
func listed(alerts []*eventsv1.AlertState) ([]*eventsv1.AlertState, uint32) {
	if len(alerts) <= mostListed {
		return alerts, 0
	}
	return alerts[:mostListed:mostListed], uint32(len(alerts) - mostListed)
}

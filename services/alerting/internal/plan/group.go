package plan

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// mostRemembered is how many alerts of a group are remembered one by one.
const mostRemembered = 1000

// Reason is why an alert is held back.
type Reason int

// The reasons.
const (
	Silenced Reason = iota + 1
	Inhibited
	Muted
)

// Hold is one thing that holds an alert back.
type Hold struct {
	Reason Reason
	// By is the silence's id, the other alert's, or the hours' name.
	By string
	// Until is when that may end; zero when time alone does not end it.
	Until time.Time
}

// Member is an alert, and what holds it back; the hours of the route are not among that.
type Member struct {
	Alert *eventsv1.AlertState
	Held  []Hold
}

// Group is the alerts that a route puts together.
type Group struct {
	Key    string
	Route  *Route
	Labels map[string]string
	// Standing are its alerts that stand, in any order.
	Standing []Member
	// Lookup finds any alert by its id, with what holds it back but other alerts: the group
	// may have lost it. ok is false for what is not known any more.
	Lookup func(id string) (Member, bool)
}

// Verdict is what is to be done about a group.
type Verdict struct {
	// Store is what is to be stored now; nil when there is nothing. Where nobody is to be told
	// it has no receivers.
	Store *eventsv1.GroupNotified
	// Next is when to look again, if nothing changes before; zero for never. It is only given
	// where there is nothing to store.
	Next time.Time
}

// AlertKey is an alert's entry among those that people were told of.
func AlertKey(a *eventsv1.AlertState) string {
	key := a.GetId() + "/" + strconv.FormatUint(uint64(a.GetEpisode()), 10)
	if n := a.GetUnacknowledged(); n > 0 {
		key += "/" + strconv.FormatUint(uint64(n), 10)
	}
	return key
}

// AlertID is the id in an entry.
func AlertID(key string) string {
	id, _, _ := strings.Cut(key, "/")
	return id
}

// sameEpisode reports whether an entry is of this episode of an alert, however often it was
// looked after.
func sameEpisode(key string, a *eventsv1.AlertState) bool {
	rest, found := strings.CutPrefix(key, a.GetId()+"/")
	if !found {
		return false
	}
	episode, _, _ := strings.Cut(rest, "/")
	return episode == strconv.FormatUint(uint64(a.GetEpisode()), 10)
}

// Decide works out what is to be done about a group now, on what people were told last; told
// is nil when that is nothing.
func Decide(g *Group, told *eventsv1.GroupState, now time.Time) Verdict {
	d := decision{g: g, route: g.Route, told: told, now: now}
	d.sort()
	muted := d.route.muted(now)
	if len(muted) > 0 {
		v := Verdict{}
		if len(g.Standing) > 0 || told.GetOpen() {
			v.Next = latest(muted)
		}
		return v
	}
	v := Verdict{}
	if kind, step := d.due(); kind != eventsv1.Notification_KIND_UNSPECIFIED {
		v.Store = d.tell(kind, step)
		return v
	}
	if told.GetOpen() && len(d.stillKnown()) == 0 && len(d.active) == 0 && len(d.ended) == 0 {
		v.Store = d.closing()
		return v
	}
	v.Next = d.next
	return v
}

// latest is when all of several holds have ended.
func latest(holds []Hold) time.Time {
	var t time.Time
	for _, h := range holds {
		if h.Until.IsZero() {
			return time.Time{}
		}
		if h.Until.After(t) {
			t = h.Until
		}
	}
	return t
}

// decision is a group while it is being decided.
type decision struct {
	g     *Group
	route *Route
	told  *eventsv1.GroupState
	now   time.Time

	news    []*eventsv1.AlertState // stand, held back by nothing, looked after by nobody, not known
	active  []*eventsv1.AlertState // the same, and known
	visible []*eventsv1.AlertState // both, and those that somebody looks after
	known   []string               // entries of alerts that stand and are known, whatever holds them
	ended   []*eventsv1.AlertState // known, and stand no more; held back by nothing
	keep    []string               // entries that stay as they are: of ended ones that are held back, and of lost ones that stand
	next    time.Time
}

// sort puts the group's alerts where they belong.
func (d *decision) sort() {
	entries := make(map[string]bool, len(d.told.GetFiring()))
	for _, key := range d.told.GetFiring() {
		entries[key] = true
	}
	standing := make(map[string]*eventsv1.AlertState, len(d.g.Standing))
	var unknown []*eventsv1.AlertState
	for _, m := range d.g.Standing {
		a := m.Alert
		standing[a.GetId()] = a
		if entries[AlertKey(a)] {
			d.known = append(d.known, AlertKey(a))
		}
		if len(m.Held) > 0 {
			d.wake(m.Held)
			continue
		}
		d.visible = append(d.visible, a)
		switch {
		case a.GetState() == eventsv1.AlertState_ACKNOWLEDGED:
		case entries[AlertKey(a)]:
			d.active = append(d.active, a)
		default:
			unknown = append(unknown, a)
		}
	}
	d.unremembered(unknown)
	d.findEnded(standing)
}

// unremembered takes as many for known as are known and not remembered one by one.
func (d *decision) unremembered(unknown []*eventsv1.AlertState) {
	more := int(d.told.GetMoreFiring())
	if more == 0 {
		d.news = unknown
		return
	}
	slices.SortFunc(unknown, func(a, b *eventsv1.AlertState) int {
		return cmp.Or(came(a).Compare(came(b)), cmp.Compare(a.GetId(), b.GetId()))
	})
	last := d.told.GetNotifiedAt().AsTime()
	for _, a := range unknown {
		if more > 0 && !came(a).After(last) && a.GetUnacknowledged() == 0 {
			more--
			d.active = append(d.active, a)
			continue
		}
		d.news = append(d.news, a)
	}
}

// findEnded looks for what people know of and stands no more.
func (d *decision) findEnded(standing map[string]*eventsv1.AlertState) {
	for _, key := range d.told.GetFiring() {
		if a := standing[AlertID(key)]; a != nil {
			if sameEpisode(key, a) && key != AlertKey(a) {
				d.keep = append(d.keep, key) // it stands, was looked after since, and is news again
			}
			continue // or it is another episode: that it had ended in between is no use any more
		}
		m, ok := d.g.Lookup(AlertID(key))
		switch {
		case !ok || !sameEpisode(key, m.Alert):
			// Nothing is known of its end.
		case m.Alert.GetState() != eventsv1.AlertState_RESOLVED:
			d.keep = append(d.keep, key) // it stands, in another group
		case len(m.Held) > 0:
			d.keep = append(d.keep, key)
			d.wake(m.Held)
		case d.route.SendResolved:
			d.ended = append(d.ended, m.Alert)
		}
	}
}

// wake looks again when a hold may end.
func (d *decision) wake(holds []Hold) {
	for _, h := range holds {
		d.at(h.Until)
	}
}

// at looks again then, unless it does before.
func (d *decision) at(t time.Time) {
	if !t.IsZero() && t.After(d.now) && (d.next.IsZero() || t.Before(d.next)) {
		d.next = t
	}
}

// reached reports whether a time has come; else it is looked at again then.
func (d *decision) reached(t time.Time) bool {
	d.at(t)
	return !t.After(d.now)
}

// stand is where a group's escalation is.
type stand struct{ step, round int }

// due says what people are to be told of now, and which step of the chain they are told by;
// KIND_UNSPECIFIED for nothing.
func (d *decision) due() (eventsv1.Notification_Kind, stand) {
	var floor time.Time // nothing but an escalation is told sooner
	if d.told.GetNotifiedAt() != nil {
		floor = d.told.GetNotifiedAt().AsTime().Add(d.route.Interval)
	}
	climbed, climbs := d.escalates()
	news := len(d.news) > 0 && d.reached(d.newsAt(floor))
	ended := len(d.ended) > 0 && d.reached(floor)
	repeats := len(d.active) > 0 && d.reached(d.told.GetNotifiedAt().AsTime().Add(d.route.Repeat))
	switch {
	case climbs:
		return eventsv1.Notification_ESCALATED, climbed
	case len(d.news) > 0 && (news || ended || repeats):
		return eventsv1.Notification_NEW, d.joins()
	case repeats, ended && len(d.visible) > 0:
		return eventsv1.Notification_REPEATED, d.present()
	case ended:
		return eventsv1.Notification_RESOLVED, stand{}
	default:
		return eventsv1.Notification_KIND_UNSPECIFIED, stand{}
	}
}

// came is when an alert came. One that is as it first was came when it was stored, which may
// be long after what it is about: what waited long is put together, too.
func came(a *eventsv1.AlertState) time.Time {
	if a.GetChanges() == 1 && a.GetUpdatedAt() != nil {
		return a.GetUpdatedAt().AsTime()
	}
	return a.GetRaisedAt().AsTime()
}

// newsAt is when news is told, if nothing may be told before floor.
func (d *decision) newsAt(floor time.Time) time.Time {
	first := came(d.news[0])
	for _, a := range d.news {
		if t := came(a); t.Before(first) {
			first = t
		}
	}
	alone := first.Add(d.route.Wait)
	switch {
	case floor.IsZero():
		return alone
	case len(d.known) == 0 && len(d.active) == 0: // nobody knows of anything that stands
		if alone.After(floor) {
			return alone
		}
		return floor
	case first.Before(floor):
		return floor
	default:
		return alone
	}
}

// present is where the escalation is now. A chain that was configured since the group was told
// begins with that telling.
func (d *decision) present() stand {
	if d.route.Chain == nil {
		return stand{}
	}
	s := stand{int(d.told.GetStep()), int(d.told.GetRound())}
	return stand{min(max(s.step, 1), len(d.route.Chain.Steps)), max(s.round, 1)}
}

// joins is where the escalation is when news is told: where it was, or, when it is over or
// has not begun, at the first step.
func (d *decision) joins() stand {
	if d.route.Chain != nil && len(d.active) == 0 {
		return stand{1, 1}
	}
	return d.present()
}

// escalates reports whether the next step is to be taken now, and which that is.
func (d *decision) escalates() (stand, bool) {
	chain := d.route.Chain
	if chain == nil || len(d.active) == 0 {
		return stand{}, false
	}
	s := d.present()
	since := d.told.GetStepAt()
	if since == nil {
		since = d.told.GetNotifiedAt()
	}
	next := stand{s.step + 1, s.round}
	if s.step == len(chain.Steps) {
		next = stand{1, s.round + 1}
	}
	if next.round > chain.Rounds {
		return stand{}, false
	}
	return next, d.reached(since.AsTime().Add(chain.Steps[s.step-1].Wait))
}

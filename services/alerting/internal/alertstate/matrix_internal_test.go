package alertstate

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

var t0 = time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)

const id = "a-0123456789abcdef01234567"

func scoredAt(revision, correction uint32) *eventsv1.ResponseScored {
	return &eventsv1.ResponseScored{Correction: correction, Received: &eventsv1.ResponseReceived{
		Revision: revision, CustomerKey: strings.Repeat("a", 26), Bucket: "0af", ReceivedAt: timestamppb.New(t0),
		Response: &eventsv1.Response{Id: "r-1", Survey: "apres-livraison", Channel: "email", Touchpoint: "delivery"},
	}}
}

func raise(revision, correction uint32, s eventsv1.Severity) *eventsv1.AlertRaised {
	return &eventsv1.AlertRaised{
		AlertId: id, RaisedAt: timestamppb.New(t0), Rule: "detractor", RulesVersion: "1+00000000", Severity: s,
		Scored: scoredAt(revision, correction), Callback: &eventsv1.CallbackPlan{Queue: "default"},
	}
}

func lapse(revision, correction uint32) *eventsv1.AlertResolved {
	return &eventsv1.AlertResolved{AlertId: id, ResolvedAt: timestamppb.New(t0), Rule: "detractor", Scored: scoredAt(revision, correction)}
}

func closed(revision, correction uint32, s eventsv1.Severity) closing {
	return closing{alertID: id, rule: "detractor", survey: "apres-livraison", responseID: "r-1", severity: s, order: order{revision, correction}}
}

// must is the alert after a change that there is.
func must(c *change, errs ...error) *alert {
	if c == nil || len(errs) > 0 && errs[0] != nil {
		panic(fmt.Sprint("no change: ", errs))
	}
	return c.GetAlert()
}

// The states that an alert can be in, at revision 5, correction 2, of medium severity.
func states() map[string]*alert {
	fires := must(raised(nil, raise(5, 2, eventsv1.Severity_MEDIUM), 7, t0))
	return map[string]*alert{
		"none":         nil,
		"firing":       fires,
		"acknowledged": must(acknowledged(fires, Hold{By: "amina", For: time.Hour}, t0)),
		"lapsed":       must(lapsed(must(raised(nil, raise(5, 1, eventsv1.Severity_MEDIUM), 7, t0)), lapse(5, 2), t0)),
		"by hand":      must(resolved(fires, "amina", "spoken to", t0)),
		"called":       must(called(fires, closed(5, 2, eventsv1.Severity_MEDIUM), t0)),
		"expired":      must(elapsed(fires, t0.Add(Longest))),
	}
}

// what are the things that happen to it.
func happenings() map[string]func(now *alert) (*change, error) {
	plain := func(do func(now *alert) *change) func(*alert) (*change, error) {
		return func(now *alert) (*change, error) { return do(now), nil }
	}
	raising := func(revision, correction uint32, s eventsv1.Severity) func(*alert) (*change, error) {
		return plain(func(now *alert) *change { return raised(now, raise(revision, correction, s), 9, t0) })
	}
	lapsing := func(revision, correction uint32) func(*alert) (*change, error) {
		return plain(func(now *alert) *change { return lapsed(now, lapse(revision, correction), t0) })
	}
	calling := func(revision uint32, s eventsv1.Severity) func(*alert) (*change, error) {
		return plain(func(now *alert) *change { return called(now, closed(revision, 0, s), t0) })
	}
	return map[string]func(*alert) (*change, error){
		"raised, older":         raising(4, 9, eventsv1.Severity_CRITICAL),
		"raised, older correct": raising(5, 1, eventsv1.Severity_CRITICAL),
		"raised, same":          raising(5, 2, eventsv1.Severity_CRITICAL),
		"raised, later":         raising(6, 0, eventsv1.Severity_MEDIUM),
		"raised, corrected":     raising(5, 3, eventsv1.Severity_MEDIUM),
		"raised, worse":         raising(6, 0, eventsv1.Severity_HIGH),
		"lapsed, older":         lapsing(4, 0),
		"lapsed, same":          lapsing(5, 2),
		"lapsed, later":         lapsing(6, 0),
		"called, older":         calling(4, eventsv1.Severity_MEDIUM),
		"called, older, milder": calling(4, eventsv1.Severity_LOW),
		"called, later":         calling(6, eventsv1.Severity_MEDIUM),
		"acknowledged":          func(now *alert) (*change, error) { return acknowledged(now, Hold{By: "amina"}, t0) },
		"acknowledged, other":   func(now *alert) (*change, error) { return acknowledged(now, Hold{By: "bruno"}, t0) },
		"unacknowledged":        func(now *alert) (*change, error) { return unacknowledged(now, "bruno", t0) },
		"resolved":              func(now *alert) (*change, error) { return resolved(now, "bruno", "", t0) },
		"an hour":               plain(func(now *alert) *change { return elapsed(now, t0.Add(time.Hour)) }),
		"a month":               plain(func(now *alert) *change { return elapsed(now, t0.Add(Longest)) }),
		"a minute":              plain(func(now *alert) *change { return elapsed(now, t0.Add(time.Minute)) }),
	}
}

// outcome is a change in few words: what it is called, and the alert after it.
func outcome(c *change, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case c == nil:
		return "-"
	}
	a := c.GetAlert()
	out := fmt.Sprintf("%s: %s", c.GetType(), a.GetState())
	if a.GetResolution() != 0 {
		out += " " + a.GetResolution().String()
	}
	return fmt.Sprintf("%s, episode %d, %d.%d", out, a.GetEpisode(), a.GetRevision(), a.GetCorrection())
}

// The whole matrix: what happens, by the state the alert is in.
var matrix = map[string]map[string]string{
	"none": {
		"raised, older": "RAISED: FIRING, episode 1, 4.9", "raised, older correct": "RAISED: FIRING, episode 1, 5.1",
		"raised, same": "RAISED: FIRING, episode 1, 5.2", "raised, later": "RAISED: FIRING, episode 1, 6.0",
		"raised, corrected": "RAISED: FIRING, episode 1, 5.3", "raised, worse": "RAISED: FIRING, episode 1, 6.0",
		"lapsed, older": "RESOLVED: RESOLVED NO_LONGER_MATCHES, episode 0, 4.0", "lapsed, same": "RESOLVED: RESOLVED NO_LONGER_MATCHES, episode 0, 5.2",
		"lapsed, later": "RESOLVED: RESOLVED NO_LONGER_MATCHES, episode 0, 6.0",
		"called, older": "RESOLVED: RESOLVED CALLBACK_CLOSED, episode 0, 4.0", "called, older, milder": "RESOLVED: RESOLVED CALLBACK_CLOSED, episode 0, 4.0",
		"called, later": "RESOLVED: RESOLVED CALLBACK_CLOSED, episode 0, 6.0",
		"acknowledged":  "no such alert", "acknowledged, other": "no such alert", "unacknowledged": "no such alert", "resolved": "no such alert",
		"an hour": "-", "a month": "-", "a minute": "-",
	},
	"firing": {
		"raised, older": "-", "raised, older correct": "-", "raised, same": "-",
		"raised, later": "UPDATED: FIRING, episode 1, 6.0", "raised, corrected": "UPDATED: FIRING, episode 1, 5.3", "raised, worse": "UPDATED: FIRING, episode 1, 6.0",
		"lapsed, older": "-", "lapsed, same": "-", "lapsed, later": "RESOLVED: RESOLVED NO_LONGER_MATCHES, episode 1, 6.0",
		"called, older": "RESOLVED: RESOLVED CALLBACK_CLOSED, episode 1, 5.2", "called, older, milder": "-",
		"called, later": "RESOLVED: RESOLVED CALLBACK_CLOSED, episode 1, 6.0",
		"acknowledged":  "ACKNOWLEDGED: ACKNOWLEDGED, episode 1, 5.2", "acknowledged, other": "ACKNOWLEDGED: ACKNOWLEDGED, episode 1, 5.2", "unacknowledged": "-",
		"resolved": "RESOLVED: RESOLVED BY_HAND, episode 1, 5.2",
		"an hour":  "-", "a month": "RESOLVED: RESOLVED EXPIRED, episode 1, 5.2", "a minute": "-",
	},
	"acknowledged": {
		"raised, older": "-", "raised, older correct": "-", "raised, same": "-",
		"raised, later": "UPDATED: ACKNOWLEDGED, episode 1, 6.0", "raised, corrected": "UPDATED: ACKNOWLEDGED, episode 1, 5.3", "raised, worse": "UPDATED: ACKNOWLEDGED, episode 1, 6.0",
		"lapsed, older": "-", "lapsed, same": "-", "lapsed, later": "RESOLVED: RESOLVED NO_LONGER_MATCHES, episode 1, 6.0",
		"called, older": "RESOLVED: RESOLVED CALLBACK_CLOSED, episode 1, 5.2", "called, older, milder": "-",
		"called, later": "RESOLVED: RESOLVED CALLBACK_CLOSED, episode 1, 6.0",
		"acknowledged":  "-", "acknowledged, other": "ACKNOWLEDGED: ACKNOWLEDGED, episode 1, 5.2", "unacknowledged": "UNACKNOWLEDGED: FIRING, episode 1, 5.2",
		"resolved": "RESOLVED: RESOLVED BY_HAND, episode 1, 5.2",
		"an hour":  "UNACKNOWLEDGED: FIRING, episode 1, 5.2", "a month": "RESOLVED: RESOLVED EXPIRED, episode 1, 5.2", "a minute": "-",
	},
	"lapsed": {
		"raised, older": "-", "raised, older correct": "-", "raised, same": "-",
		"raised, later": "RAISED: FIRING, episode 2, 6.0", "raised, corrected": "RAISED: FIRING, episode 2, 5.3", "raised, worse": "RAISED: FIRING, episode 2, 6.0",
		"lapsed, older": "-", "lapsed, same": "-", "lapsed, later": "UPDATED: RESOLVED NO_LONGER_MATCHES, episode 1, 6.0",
		"called, older": "UPDATED: RESOLVED CALLBACK_CLOSED, episode 1, 5.2", "called, older, milder": "-", "called, later": "UPDATED: RESOLVED CALLBACK_CLOSED, episode 1, 6.0",
		"acknowledged": "the alert stands no more", "acknowledged, other": "the alert stands no more", "unacknowledged": "the alert stands no more", "resolved": "-",
		"an hour": "-", "a month": "-", "a minute": "-",
	},
	"by hand": settled("BY_HAND"),
	"called":  settled("CALLBACK_CLOSED"),
	"expired": settled("EXPIRED"),
}

// settled is the row of an alert that was dealt with.
func settled(why string) map[string]string {
	noted := "UPDATED: RESOLVED " + why + ", episode 1, "
	return map[string]string{
		"raised, older": "-", "raised, older correct": "-", "raised, same": "-",
		"raised, later": noted + "6.0", "raised, corrected": noted + "5.3", "raised, worse": "RAISED: FIRING, episode 2, 6.0",
		"lapsed, older": "-", "lapsed, same": "-", "lapsed, later": noted + "6.0",
		"called, older": "-", "called, older, milder": "-", "called, later": noted + "6.0",
		"acknowledged": "the alert stands no more", "acknowledged, other": "the alert stands no more", "unacknowledged": "the alert stands no more", "resolved": "-",
		"an hour": "-", "a month": "-", "a minute": "-",
	}
}

func TestWhatBecomesOfAnAlert(t *testing.T) {
	t.Parallel()
	all, things := states(), happenings()
	require.Len(t, matrix, len(all))
	for state, row := range matrix {
		require.Len(t, row, len(things), state)
		for thing, want := range row {
			before := proto.CloneOf(all[state])
			c, err := things[thing](all[state])
			require.Equal(t, want, outcome(c, err), "%s, %s", state, thing)
			require.True(t, proto.Equal(before, all[state]), "what is kept is not written to")
			if c == nil {
				continue
			}
			a := c.GetAlert()
			require.Equal(t, before.GetChanges()+1, a.GetChanges())
			require.Equal(t, a.GetState() == eventsv1.AlertState_RESOLVED, a.GetResolvedAt() != nil, "%s, %s", state, thing)
			require.Equal(t, a.GetState() == eventsv1.AlertState_ACKNOWLEDGED, a.GetAcknowledgement() != nil)
			require.Equal(t, a.GetResolution() == eventsv1.AlertState_BY_HAND, a.GetResolvedBy() != "")
			again, err := things[thing](a)
			require.NotEqual(t, eventsv1.AlertChanged_RAISED, again.GetType(), "%s, %s: once", state, thing)
			if !strings.HasPrefix(thing, "acknowledged") && thing != "unacknowledged" {
				require.NoError(t, err)
				require.Nil(t, again, "%s, %s: again changes nothing", state, thing)
			}
		}
	}
}

// Whatever order the facts about a response come in, the alert stands or not as it does in
// the order in which they happened.
func TestTheOrderInWhichFactsComeDoesNotMatter(t *testing.T) {
	t.Parallel()
	type fact func(*alert) *change
	r := func(revision uint32, s eventsv1.Severity) fact {
		return func(now *alert) *change { return raised(now, raise(revision, 0, s), uint64(revision), t0) }
	}
	l := func(revision uint32) fact {
		return func(now *alert) *change { return lapsed(now, lapse(revision, 0), t0) }
	}
	c := func(revision uint32, s eventsv1.Severity) fact {
		return func(now *alert) *change { return called(now, closed(revision, 0, s), t0) }
	}
	for name, story := range map[string][]fact{
		"corrected":                 {r(1, 2), l(2)},
		"corrected and bad again":   {r(1, 2), l(2), r(3, 2)},
		"called":                    {r(1, 2), c(1, 2)},
		"called, and the same":      {r(1, 2), c(1, 2), r(2, 2)},
		"called, and worse":         {r(1, 2), c(1, 2), r(2, 3)},
		"worse, and called":         {r(1, 2), r(2, 3), c(2, 3)},
		"called, good, bad again":   {r(1, 2), c(1, 2), l(2), r(3, 2)},
		"called, good, worse":       {r(1, 2), c(1, 2), l(2), r(3, 3)},
		"worse, then milder, ended": {r(1, 3), r(2, 1), c(2, 1)},
	} {
		play := func(order []int) *alert {
			var now *alert
			for _, i := range order {
				if e := story[i](now); e != nil {
					now = e.GetAlert()
				}
			}
			return now
		}
		order := make([]int, len(story))
		for i := range order {
			order[i] = i
		}
		want := play(order)
		for _, order := range permutations(len(story)) {
			got := play(order)
			require.Equal(t, stands(want), stands(got), "%s, in the order %v", name, order)
			require.Equal(t, orderOf(want), orderOf(got), "%s, in the order %v", name, order)
			for _, i := range order { // and all of it again
				if e := story[i](got); e != nil {
					got = e.GetAlert()
				}
			}
			require.Equal(t, stands(want), stands(got), "%s, twice in the order %v", name, order)
		}
	}
}

func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var all [][]int
	for _, p := range permutations(n - 1) {
		for at := range n {
			q := append(append(append([]int{}, p[:at]...), n-1), p[at:]...)
			all = append(all, q)
		}
	}
	return all
}

func TestHowLongAnAlertStands(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		said     time.Duration
		callback bool
		want     time.Duration
	}{
		"nothing said":            {want: Usual},
		"a callback":              {callback: true, want: Longest},
		"said":                    {said: time.Hour, want: time.Hour},
		"said, with a callback":   {said: time.Hour, callback: true, want: time.Hour},
		"said more than there is": {said: 2 * Longest, want: Longest},
	} {
		e := raise(1, 0, eventsv1.Severity_LOW)
		if !c.callback {
			e.Callback = nil
		}
		if c.said > 0 {
			e.ResolvesAfter = durationpb.New(c.said)
		}
		a := must(raised(nil, e, 1, t0))
		require.Equal(t, t0.Add(c.want), a.GetExpiresAt().AsTime(), name)
		late := raised(nil, e, 1, t0.Add(c.want))
		require.Equal(t, "RESOLVED: RESOLVED EXPIRED, episode 1, 1.0", outcome(late, nil), "nobody is told of what is long past")
	}
}

func TestEachTimeNobodyLooksAfterAnAlertAnyMoreIsCounted(t *testing.T) {
	t.Parallel()
	a := states()["firing"]
	for n := uint32(1); n <= 3; n++ {
		a = must(acknowledged(a, Hold{By: "amina", For: time.Minute}, t0))
		a = must(elapsed(a, t0.Add(time.Minute)))
		require.Equal(t, n, a.GetUnacknowledged())
	}
	a = must(lapsed(a, lapse(6, 0), t0))
	a = must(raised(a, raise(7, 0, eventsv1.Severity_LOW), 1, t0))
	require.Zero(t, a.GetUnacknowledged(), "of one episode")
}

func TestTwoDifferentChangesNeverShareAnID(t *testing.T) {
	t.Parallel()
	a := states()["firing"]
	one, err := acknowledged(a, Hold{By: "amina"}, t0)
	require.NoError(t, err)
	other, err := acknowledged(a, Hold{By: "bruno"}, t0)
	require.NoError(t, err)
	again, err := acknowledged(a, Hold{By: "amina"}, t0)
	require.NoError(t, err)
	require.NotEqual(t, one.GetEventId(), other.GetEventId(), "the store tells by it whose was stored")
	require.Equal(t, one.GetEventId(), again.GetEventId())
	require.Regexp(t, "^"+id+"-2-[0-9a-f]{16}$", one.GetEventId())
}

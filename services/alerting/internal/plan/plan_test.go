package plan_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/plan"
	"github.com/rappel-loop/rappel/services/internal/calendar"
)

const (
	minute = time.Minute
	hour   = time.Hour
)

func one(routes ...*plan.Route) *plan.Config { return &plan.Config{Routes: routes} }

func TestAGroupIsToldAfterItsWaitAndThenEachInterval(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one(route("all", "chat")))
	w.raise("a", "theme=price")
	w.until(10 * time.Second)
	w.raise("b", "theme=price")
	w.raise("c", "theme=delivery")
	w.until(minute)
	w.raise("d", "theme=price")
	w.until(2 * minute)
	w.raise("e", "theme=price")
	w.until(20 * minute)
	w.raise("f", "theme=price") // the interval is over: others may be about to come
	w.until(20*minute + 10*time.Second)
	w.raise("g", "theme=price")
	w.until(21 * minute)
	w.expect(
		"30s chat NEW firing a,b",
		"40s chat NEW firing c",
		"5m30s chat NEW firing a,b,d,e",
		"20m30s chat NEW firing a,b,d,e,f,g",
	)
}

func TestWhatStandsIsRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one(route("all", "chat")))
	w.raise("a")
	w.until(hour)
	w.raise("b")
	w.until(10 * hour)
	w.expect("30s chat NEW firing a", "1h0m30s chat NEW firing a,b", "5h0m30s chat REPEATED firing a,b", "9h0m30s chat REPEATED firing a,b")
}

func TestTheEndIsToldOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one(route("all", "chat")))
	w.raise("a")
	w.raise("b")
	w.until(minute)
	w.resolve("a")
	w.raise("unknown")
	w.until(2 * minute)
	w.resolve("unknown") // nobody knew of it
	w.until(hour)
	w.resolve("b")
	w.until(20 * hour)
	w.expect("30s chat NEW firing a,b", "5m30s chat REPEATED firing b resolved a", "1h0m0s chat RESOLVED resolved b")
	require.False(t, only(t, w).GetOpen())
	w.log = nil
	w.raise("b")
	w.until(20*hour + minute)
	w.resolve("b")
	w.until(20*hour + 2*minute)
	w.raise("b") // before people were told that it had ended
	w.until(21 * hour)
	w.expect("20h0m30s chat NEW firing b", "20h5m30s chat NEW firing b")
}

func only(t *testing.T, w *world) *eventsv1.GroupState {
	t.Helper()
	require.Len(t, w.told, 1)
	for _, s := range w.told {
		return s
	}
	return nil
}

func TestTheEndIsNotToldWhereNobodyWantsToKnow(t *testing.T) {
	t.Parallel()
	r := route("all", "chat")
	r.SendResolved = false
	w := newWorld(t, one(r))
	w.raise("a")
	w.until(minute)
	w.resolve("a")
	w.until(hour)
	w.expect("30s chat NEW firing a")
	require.False(t, only(t, w).GetOpen(), "it is forgotten all the same")
	require.EqualValues(t, 2, only(t, w).GetNumber())
	w.raise("a")
	w.until(2 * hour)
	w.expect("30s chat NEW firing a", "1h0m30s chat NEW firing a")
}

func TestWhatSomebodyLooksAfterIsNoNews(t *testing.T) {
	t.Parallel()
	r := route("all", "chat")
	w := newWorld(t, one(r))
	w.raise("a")
	w.until(20 * time.Second)
	w.ack("a") // before anybody was told
	w.until(hour)
	w.expect()
	w.unack("a")
	w.until(hour + minute)
	w.ack("a")
	w.until(9 * hour) // no repeat
	w.expect("1h0m0s chat NEW firing a")
	w.unack("a") // somebody let it go: news again
	w.until(9*hour + minute)
	w.ack("a")
	w.raise("b")
	w.until(10 * hour)
	w.resolve("a")
	w.until(11 * hour)
	w.expect("1h0m0s chat NEW firing a", "9h0m0s chat NEW firing a", "9h5m0s chat NEW firing a,b", "10h0m0s chat REPEATED firing b resolved a")
}

func TestASilenceHoldsBackAndThenNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one(route("all", "chat")))
	w.silence("s", 0, 2*hour, "theme=price")
	w.raise("a", "theme=price", "n=1")
	w.raise("b", "theme=delivery")
	w.until(hour)
	w.raise("gone", "theme=price")
	w.until(hour + minute)
	w.resolve("gone")
	w.until(3 * hour)
	w.silence("t", 3*hour, 8*hour, "n=1")
	w.resolve("a") // its end waits
	w.until(7 * hour)
	w.resolve("b")
	w.until(9 * hour)
	w.expect("30s chat NEW firing b", "2h0m0s chat NEW firing a", "4h0m30s chat REPEATED firing b", "7h0m0s chat RESOLVED resolved b", "8h0m0s chat RESOLVED resolved a")
}

func TestWhatPeopleKnowStaysKnownWhileItIsHeldBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one(route("all", "chat")))
	w.raise("a", "n=1")
	w.raise("b", "n=2")
	w.raise("c", "n=3")
	w.until(minute)
	w.silence("s", 0, 5*hour, "n!=2")
	w.resolve("c")
	w.until(6 * hour)
	w.expect("30s chat NEW firing a,b,c", "4h0m30s chat REPEATED firing b", "5h0m0s chat REPEATED firing a,b resolved c")
}

func TestMuteHours(t *testing.T) {
	t.Parallel()
	week, err := calendar.ParseWeek(map[string][]string{"mon-sun": {"22:00-08:00"}})
	require.NoError(t, err)
	r := route("all", "chat")
	r.Mute = []plan.Hours{{Name: "nights", Window: calendar.Hours{Week: week}}}
	w := newWorld(t, one(r, route("none", "nobody")))
	w.until(12*hour + 59*minute) // 21:59
	w.raise("a", "theme=price")
	w.until(14 * hour)
	w.raise("b", "theme=price")
	w.until(30 * hour)
	w.resolve("a")
	w.raise("c", "theme=other")
	w.until(39 * hour)
	w.resolve("c") // at night: told in the morning
	w.until(48 * hour)
	w.expect("12h59m30s chat NEW firing a", "23h0m0s chat NEW firing a,b", "27h0m0s chat REPEATED firing a,b",
		"30h0m0s chat REPEATED firing b resolved a", "30h0m30s chat NEW firing c", "34h0m0s chat REPEATED firing b", "34h0m30s chat REPEATED firing c",
		"47h0m0s chat REPEATED firing b", "47h0m0s chat RESOLVED resolved c")
}

func TestInhibition(t *testing.T) {
	t.Parallel()
	cfg := one(route("all", "chat"))
	cfg.Inhibit = []*plan.Inhibition{{By: match(t, "kind=metric"), Held: match(t, "kind=response"), Equal: []string{"team"}}}
	w := newWorld(t, cfg)
	w.raise("m", "kind=metric", "team=care", "theme=m")
	w.find("m").Notify = false // nobody is told of it, and it explains all the same
	w.raise("a", "kind=response", "team=care")
	w.raise("b", "kind=response", "team=it", "theme=b")
	w.raise("c", "kind=response", "theme=c") // no team is no equal team
	w.until(minute)
	w.ack("m")
	w.until(hour)
	w.silence("s", 0, 90*minute, "kind=metric")
	w.until(2 * hour)
	w.resolve("m")
	w.until(3 * hour)
	w.expect("30s chat NEW firing c", "30s chat NEW firing b", "2h0m0s chat NEW firing a")
}

func TestAlertsThatExplainEachOtherHoldNothingBack(t *testing.T) {
	t.Parallel()
	cfg := one(route("all", "chat"))
	cfg.Inhibit = []*plan.Inhibition{{By: match(t, "severity=high"), Held: match(t, "severity=~high|low")}}
	w := newWorld(t, cfg)
	w.raise("a", "severity=high")
	w.raise("b", "severity=high")
	w.raise("c", "severity=low")
	w.until(minute)
	w.expect("30s chat NEW firing a,b")
}

func chained(rounds int, steps ...plan.Step) *plan.Route {
	r := route("all")
	r.Chain = &plan.Chain{Name: "on-call", Steps: steps, Rounds: rounds}
	return r
}

func step(wait time.Duration, tell ...string) plan.Step { return plan.Step{Tell: tell, Wait: wait} }

func TestAChainIsClimbedUntilSomebodyLooksAfterIt(t *testing.T) {
	t.Parallel()
	r := chained(2, step(10*minute, "one"), step(15*minute, "two", "both"), step(20*minute, "three", "both"))
	w := newWorld(t, one(r))
	w.raise("a")
	w.until(20 * minute)
	w.raise("b") // on the way: to the steps so far
	w.until(40 * minute)
	w.raise("c")
	w.until(2 * hour)
	w.resolve("a")
	w.until(2*hour + 10*minute)
	w.expect(
		"30s one NEW step 1 round 1 firing a",
		"10m30s two,both ESCALATED step 2 round 1 firing a",
		"20m30s one,two,both NEW step 2 round 1 firing a,b",
		"25m30s three,both ESCALATED step 3 round 1 firing a,b",
		"40m30s one,two,both,three NEW step 3 round 1 firing a,b,c",
		"45m30s one ESCALATED step 1 round 2 firing a,b,c",
		"55m30s two,both ESCALATED step 2 round 2 firing a,b,c",
		"1h10m30s three,both ESCALATED step 3 round 2 firing a,b,c",
		"2h0m0s one,two,both,three REPEATED step 3 round 2 firing b,c resolved a",
	)
	w.log = nil
	w.ack("b")
	w.ack("c")
	w.until(20 * hour)
	w.expect()
	w.unack("b") // the chain begins anew
	w.until(20*hour + 11*minute)
	w.ack("b")
	w.until(21 * hour)
	w.resolve("b")
	w.resolve("c")
	w.until(22 * hour)
	w.expect("20h0m0s one NEW step 1 round 1 firing b,c", "20h10m0s two,both ESCALATED step 2 round 1 firing b,c", "21h0m0s one,two,both RESOLVED resolved b,c")
}

func TestAnAlertLookedAfterStopsTheNextStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one(chained(1, step(10*minute, "one"), step(10*minute, "two"))))
	w.raise("a")
	w.raise("b")
	w.until(minute)
	w.ack("a")
	w.until(9 * minute)
	w.ack("b")
	w.until(3 * hour)
	w.expect("30s one NEW step 1 round 1 firing a,b")
	w.raise("c") // the chain was over: it begins anew
	w.until(4 * hour)
	w.expect("30s one NEW step 1 round 1 firing a,b", "3h0m30s one NEW step 1 round 1 firing a,b,c", "3h10m30s two ESCALATED step 2 round 1 firing a,b,c")
}

func TestOneAlertLeftClimbs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one(chained(1, step(3*minute, "one"), step(3*minute, "two"))))
	w.raise("a")
	w.raise("b")
	w.until(minute)
	w.ack("a")
	w.raise("c") // news that the escalation takes along: nobody is told twice
	w.until(hour)
	w.expect("30s one NEW step 1 round 1 firing a,b", "3m30s one,two ESCALATED step 2 round 1 firing a,b,c")
}

func TestRoutesAreNestedAndGoOn(t *testing.T) {
	t.Parallel()
	inner := route("inner", "inner")
	inner.Match = match(t, "severity=high")
	outer := route("outer", "outer")
	outer.Match, outer.Routes = match(t, "team=care"), []*plan.Route{inner}
	also := route("also", "also")
	also.Match, also.Continue = match(t, "severity=high"), true
	nobody := route("nobody")
	nobody.Match, nobody.Nobody = match(t, "severity=low"), true
	cfg := one(also, nobody, outer, route("rest", "rest"))
	names := func(labels map[string]string) (out []string) {
		for _, r := range cfg.Takers(labels) {
			out = append(out, r.Name)
		}
		return out
	}
	require.Equal(t, []string{"also", "inner"}, names(map[string]string{"team": "care", "severity": "high"}))
	require.Equal(t, []string{"outer"}, names(map[string]string{"team": "care"}))
	require.Equal(t, []string{"also", "rest"}, names(map[string]string{"severity": "high"}))
	require.Empty(t, names(map[string]string{"team": "care", "severity": "low"}))
	require.Equal(t, "inner", cfg.Route("inner").Name)
	require.Nil(t, cfg.Route("other"))
	inner.UnacknowledgeAfter, also.UnacknowledgeAfter = hour, 2*hour
	require.Equal(t, hour, cfg.UnacknowledgeAfter(map[string]string{"team": "care", "severity": "high"}))
	require.Zero(t, cfg.UnacknowledgeAfter(map[string]string{}))
}

func TestEachAlertAlone(t *testing.T) {
	t.Parallel()
	r := route("all", "chat")
	r.Each = true
	w := newWorld(t, one(r))
	w.raise("a")
	w.raise("b")
	w.until(minute)
	require.Len(t, w.told, 2)
	require.Len(t, w.log, 2)
}

func TestAnAlertThatGoesToAnotherGroupHasNotEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one(route("all", "chat")))
	w.raise("a", "theme=price")
	w.until(minute)
	w.find("a").Labels["theme"] = "delivery"
	w.until(hour)
	w.resolve("a")
	w.until(2 * hour)
	w.expect("30s chat NEW firing a", "1m0s chat NEW firing a", "1h0m0s chat RESOLVED resolved a", "1h0m0s chat RESOLVED resolved a")
}

func TestAHugeGroupIsRememberedByItsNewest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one(route("all", "chat")))
	for i := range 1500 {
		w.raise(fmt.Sprintf("a%04d", i))
	}
	w.until(minute)
	require.Len(t, only(t, w).GetFiring(), 1000)
	require.EqualValues(t, 500, only(t, w).GetMoreFiring())
	w.until(hour)
	require.Len(t, w.log, 1, "those that are not remembered are no news")
	w.raise("b")
	w.until(2 * hour)
	require.Len(t, w.log, 2)
	require.Contains(t, only(t, w).GetFiring(), "b/1")
	w.until(3 * hour)
	require.Len(t, w.log, 2)
	w.raise("late") // of an answer that waited long
	w.find("late").RaisedAt, w.find("late").UpdatedAt, w.find("late").Changes = timestamppb.New(start.Add(-hour)), timestamppb.New(w.now), 1
	w.until(3*hour + 10*minute)
	require.Len(t, w.log, 3)
	w.until(7 * hour)
	require.Len(t, w.log, 3)
	for _, a := range w.alerts {
		a.State = eventsv1.AlertState_RESOLVED
	}
	w.until(7*hour + minute)
	require.Len(t, w.log, 4)
	require.False(t, only(t, w).GetOpen())
}

func TestWhatANotificationSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one(route("all", "chat", "chat", "mail")))
	var got *eventsv1.GroupNotified
	w.stored = func(_ plan.Planned, e *eventsv1.GroupNotified) { got = e }
	for i := range 25 {
		w.raise(fmt.Sprintf("a%02d", i), "theme=price")
	}
	w.find("a03").Severity = eventsv1.Severity_CRITICAL
	w.until(minute)
	n := got.GetNotification()
	require.Equal(t, []string{"chat", "mail"}, got.GetReceivers())
	require.Equal(t, got.GetGroup().GetKey()+"-1", n.GetId())
	require.Equal(t, n.GetId(), got.GetEventId())
	require.Len(t, n.GetFiring(), 20)
	require.EqualValues(t, 5, n.GetMoreFiring())
	require.Equal(t, "a03", n.GetFiring()[0].GetId())
	require.Equal(t, eventsv1.Severity_CRITICAL, n.GetSeverity())
	require.Equal(t, map[string]string{"theme": "price"}, n.GetLabels())
	require.Regexp(t, `^g-[0-9a-f]{24}$`, n.GetGroup())
	require.Equal(t, start.Add(30*time.Second), n.GetAt().AsTime())
	for _, a := range w.alerts {
		a.State = eventsv1.AlertState_RESOLVED
	}
	w.until(hour)
	require.Len(t, got.GetNotification().GetResolved(), 20)
	require.EqualValues(t, 5, got.GetNotification().GetMoreResolved())
}

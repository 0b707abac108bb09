package callback

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

// step is one move of a random story: four bytes, so that a fuzzer can write it.
type step struct{ op, who, what, wait byte }

// steps reads a script, four bytes a step.
func steps(script []byte) []step {
	var out []step
	for ; len(script) >= 4; script = script[4:] {
		out = append(out, step{script[0], script[1], script[2], script[3]})
	}
	return out
}

var (
	agents   = []string{amina, bruno, "chloe"}
	outcomes = []AttemptOutcome{
		Reached, NoAnswer, Busy, VoicemailLeft, WrongNumber, Refused, CallLater, TechnicalFailure, "NONSENSE",
	}
	results = []Outcome{Resolved, PartlyResolved, Unresolved, NoActionNeeded, Unreachable}
	waits   = []time.Duration{
		0, time.Second, 30 * time.Second, 10 * time.Minute, 40 * time.Minute, time.Hour, 9 * time.Hour, 50 * time.Hour, 40 * 24 * time.Hour,
	}
)

// slas are the stories' promises, with every kind of step.
var slas = []SLAPolicy{
	{
		Name: "critical", Severities: []Severity{Critical}, FirstAttemptWithin: time.Hour, ResolvedWithin: 8 * time.Hour, WarnAt: 0.5,
		Steps: []Step{
			{Target: FirstAttempt, Since: Warning, Points: 15, Role: "lead"},
			{Target: FirstAttempt, Since: Breach, After: time.Hour, Queue: "experts", Widen: true, WidenTo: []Skill{{"billing", 2}}},
			{Target: Resolution, Since: Breach, Role: "director"},
		},
	},
	{Name: "vip", Queues: []string{"vip"}, ResolvedWithin: 50 * time.Hour},
	{
		Name: "usual", Severities: []Severity{Medium, High}, ResolvedWithin: 9 * time.Hour, WarnAt: 0.8,
		Steps: []Step{{Target: Resolution, Since: Breach, After: 10 * time.Minute, Points: 50}},
	},
}

// player plays a script on one customer and checks every invariant on the way.
type player struct {
	*story
	// past is every aggregate so far, and how it looked when it was made.
	past   []Aggregate
	looked []string
	// seen counts the events.
	seen map[EventType]int
	// listed says that the customer is not to be called, by an alias.
	listed bool
	// role is of whoever last wrote a wrap-up.
	role string
}

func play(t testing.TB, script []step, settings ...func(testing.TB, *Policy)) *player {
	p := &player{story: newStory(t), seen: map[EventType]int{}}
	for _, set := range settings {
		set(t, &p.policy)
	}
	p.policy.SLAs = slas
	p.policy.DoNotCall = func(keys ...string) bool { return p.listed && slices.Contains(keys, alias) }
	p.policy.FollowUp.Survey, p.policy.FollowUp.After = "apres-rappel", time.Hour
	p.keep()
	for _, st := range script {
		p.step(st)
	}
	for i, a := range p.past {
		p.hold(look(a) == p.looked[i], "aggregate %d was changed later", i)
	}
	return p
}

// step gives one command, and the same once more.
func (p *player) step(st step) {
	p.pass(waits[int(st.wait)%len(waits)])
	before, cmd := p.agg, p.command(st)
	ev, err := p.try(cmd)
	if err != nil {
		p.known(err)
		return
	}
	p.seen[ev.Type]++
	p.keep()
	p.rivals(before)
	p.invariants(before, ev)
	if _, rings := cmd.(CheckSLA); rings {
		return // the next bell may be due too
	}
	if _, again := p.policy.Decide(p.agg, cmd, p.now); !errors.Is(again, ErrNoChange) {
		p.t.Fatalf("%#v repeated: %v", cmd, again)
	}
}

// rivals decides otherwise on what a decision was just taken on, as another
// process would: neither may reach into the other's aggregate.
func (p *player) rivals(before Aggregate) {
	later := p.now.Add(time.Second)
	_, _ = p.policy.Decide(before, take("rival"), later)
	if before.Callback != nil && before.Callback.Holder != nil {
		_, _ = p.policy.Decide(before, StartAttempt{AgentID: before.Callback.Holder.AgentID}, later)
	}
}

// command is what a step says: in half of the steps the work's next move, so that
// stories get far; else any command, by anyone, with any kind of token.
func (p *player) command(st step) Command {
	switch {
	case st.op < 128:
		return p.anyMove(st)
	case p.cb() != nil && p.cb().State == Completed && st.what%4 == 1 && p.cb().DueCommand() != nil:
		p.now = later(p.now, p.cb().DueAt())
		return p.cb().DueCommand()
	case p.cb() != nil && p.cb().State.Terminal() && st.what%4 < 2:
		return Reopen{Reason: fmt.Sprintf("n%d", p.seq), By: agents[0]}
	case p.cb() == nil || p.cb().State.Terminal():
		al := p.alert(int(st.what))
		al.AlertID = fmt.Sprintf("n%d", p.seq)
		return TakeAlert{Alert: al}
	default:
		return p.nextMove(st)
	}
}

// nextMove is a command that the state allows, by whom it may be given.
func (p *player) nextMove(st step) Command {
	cb, what := p.cb(), int(st.what)
	if st.op%8 == 0 && cb.DueCommand() != nil {
		p.now = later(p.now, cb.DueAt())
		return cb.DueCommand()
	}
	if cb.State >= Attempting && what%17 == 0 {
		return Requeue{Reason: fmt.Sprintf("n%d", p.seq), By: agents[0]}
	}
	switch cb.State {
	case Pending:
		if !cb.UnattendedSince.IsZero() && what%2 == 0 {
			return NoteAttended{}
		}
		p.now = p.policy.CallableAt(cb, later(p.now, cb.ReadyAt()))
		agent, request := agents[int(st.who)%len(agents)], fmt.Sprintf("n%d", p.seq)
		if what%3 == 0 {
			return Offer{AgentID: agent, RequestID: request}
		}
		return Claim{AgentID: agent, RequestID: request}
	case Reserved:
		if what%4 == 0 {
			return Reject{AgentID: cb.Holder.AgentID}
		}
		return Accept{AgentID: cb.Holder.AgentID, Token: p.token()}
	case Assigned:
		if what%6 == 0 {
			return Release{AgentID: cb.Holder.AgentID, Token: p.token()}
		}
		p.now = p.policy.CallableAt(cb, p.now)
		return StartAttempt{AgentID: cb.Holder.AgentID, Token: p.token()}
	case Attempting:
		return p.endAttempt(cb.Holder.AgentID, p.token(), what)
	default:
		if cb.WrapUpOverdue() && what%3 > 0 {
			al := p.alert(what)
			al.AlertID = fmt.Sprintf("n%d", p.seq)
			return TakeAlert{Alert: al}
		}
		return p.close(cb.Holder.AgentID, 0, results[what%4], what)
	}
}

// answer is one to a follow-up survey, of this callback or another.
func (p *player) answer(what int) Command {
	id := ID(key, 1)
	if cb := p.cb(); cb != nil && what%5 > 0 {
		id = cb.ID
	}
	class := []Class{Detractor, Promoter, Passive}[what%3]
	return TakeFollowUp{
		CallbackID: id, Survey: "apres-rappel", ResponseID: fmt.Sprintf("f%d", what%4), Revision: uint32(what / 4 % 5),
		Scores: []Score{{Metric: NPS, Class: class, Satisfaction: float64(what % 100)}},
	}
}

func (p *player) endAttempt(agent string, token uint64, what int) Command {
	cmd := EndAttempt{AgentID: agent, Token: token, Outcome: outcomes[what%len(outcomes)]}
	if cmd.Outcome == CallLater {
		cmd.CallAgainAt = p.now.Add(time.Duration(what) * time.Hour)
	}
	return cmd
}

func (p *player) anyMove(st step) Command {
	agent, what := agents[int(st.who)%len(agents)], int(st.what)
	token := map[int]uint64{0: 0, 1: p.token(), 2: p.seq - 1, 3: 1 << 60}[int(st.who)/4%4]
	request := fmt.Sprintf("q%d", what%4)
	switch st.op % 29 {
	case 28:
		return Requeue{Reason: request, By: agent}
	case 27:
		return NoteAttended{}
	case 26:
		return OpenNext{}
	case 25:
		p.listed = what%3 == 0
		return Forbid{}
	case 24:
		return NoteUnattended{}
	case 22:
		return AskFollowUp{}
	case 23:
		return p.answer(what)
	case 21:
		return EndSlot{}
	case 20:
		return CheckSLA{}
	case 18:
		return AgentLost{AgentID: agent}
	case 19:
		return EndPreference{}
	case 16:
		return Transfer{Queue: []string{"care", "experts", "vip"}[what%3], Reason: "r", By: agent}
	case 17:
		return Escalate{Points: 1 + what%100, Reason: "r", By: agent}
	case 14:
		return Reopen{Reason: "r", By: agent}
	case 15:
		return Reschedule{NotBefore: p.now.Add(time.Duration(what-60) * time.Hour), CustomerAsked: what%2 == 0, By: agent}
	case 0, 1:
		return TakeAlert{Alert: p.alert(what)}
	case 2:
		return WithdrawAlert{AlertID: fmt.Sprintf("a%d", what%5), Revision: uint32(what / 5 % 6)}
	case 3:
		return Offer{AgentID: agent, RequestID: request}
	case 4:
		return Accept{AgentID: agent, Token: token}
	case 5:
		return Reject{AgentID: agent, Token: token}
	case 6:
		return ExpireReservation{}
	case 7:
		return Claim{AgentID: agent, RequestID: request}
	case 8:
		return StartAttempt{AgentID: agent, Token: token}
	case 9:
		return p.endAttempt(agent, token, what)
	case 10:
		return p.close(agent, token, results[what%len(results)], what)
	case 11:
		return Release{AgentID: agent, Token: token, Reason: "r"}
	case 12:
		return ExpireLease{}
	default:
		if what > 40 { // seldom, so that stories get long
			return ExpireLease{}
		}
		return Cancel{Reason: "r", By: agent}
	}
}

func (p *player) alert(what int) Alert {
	al := alert(fmt.Sprintf("a%d", what%5)).at(uint32(what / 5 % 6))
	al.RaisedAt = p.now.Add(time.Duration(what%7-5) * time.Minute)
	al.Reason.Priority = what % 101
	al.Aliases = []string{alias}
	al.Customer.Phone, al.Customer.TimeZone = phones[what%len(phones)], clocks[what/7%len(clocks)]
	al.Severity = Severity(what % 5)
	if cb := p.cb(); cb != nil && what%6 == 0 {
		al.FollowsUp = cb.ID
	}
	if what%3 == 0 {
		al.Skills = []string{"billing:4", "vip"}
	}
	al.Queue = []string{"care", "", "experts"}[what%3]
	al.Reason.Satisfaction = float64(what % 100)
	if what%11 == 0 {
		from := p.now.Add(time.Duration(what-20) * time.Hour)
		al.Slots = []Slot{{From: from.Add(30 * time.Hour), To: from.Add(34 * time.Hour)}, {From: from, To: from.Add(2 * time.Hour)}}
	}
	return al
}

// keep takes a picture of the aggregate, to be compared at the end.
func (p *player) keep() {
	p.past, p.looked = append(p.past, p.agg), append(p.looked, look(p.agg))
}

func look(a Aggregate) string {
	body, err := json.Marshal(a)
	if err != nil {
		panic(err)
	}
	return string(body)
}

// hold fails the story unless ok.
func (p *player) hold(ok bool, format string, args ...any) {
	if !ok {
		p.t.Fatalf(format+"\nnow: %s", append(args, look(p.agg))...)
	}
}

// known fails on an error that Decide does not promise.
func (p *player) known(err error) {
	var te *TransitionError
	var ve *ValidationError
	for _, sentinel := range []error{
		ErrNoChange, ErrNoCallback, ErrNotHolder, ErrStaleToken, ErrNotReady, ErrTooLate, ErrDeclined, ErrDoNotCall,
	} {
		if errors.Is(err, sentinel) {
			return
		}
	}
	var ge *GoodwillError
	p.hold(errors.As(err, &te) || errors.As(err, &ve) || errors.As(err, &ge), "an error nobody promised: %v", err)
}

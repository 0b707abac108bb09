package cli

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	callbackqueue "github.com/rappel-loop/rappel/services/callback-queue"
)

func TestAMorningAtWork(t *testing.T) {
	t.Parallel()
	for lang, w := range map[string]*words{"fr": &french, "en": &english} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, lang)
			s := o.works(o.env, "amina")
			s.sees(w.NothingInHand)
			s.types("?")
			s.sees(w.WorkHelp)
			s.types("a")
			s.sees(w.NoOffer)
			s.types("bonjour")
			s.sees(first(strings.TrimPrefix(w.NoOrder, "%s")))

			o.calls(1, "detractor")
			s.sees(first(w.Answer))
			s.types("a")
			s.sees(w.Claimed)
			s.sees(w.NextRelease)
			o.calls(1, "callback_requested")
			s.sees(w.Changed)
			s.sees(w.NextRelease)
			o.does("start", customer(1)+"-1", "--agent", "amina")
			s.sees(w.NextNoAnswer)
			o.does("end", customer(1)+"-1", "--agent", "amina", "--outcome", "reached")
			s.sees(w.NextComplete)
			o.does("complete", customer(1)+"-1", "--agent", "amina", "--outcome", "resolved", "--root-cause", "x", "--note", "y")
			s.sees(first(strings.TrimPrefix(w.Gone[3], "%s")))

			o.calls(2, "detractor")
			s.sees(first(w.Answer))
			s.types("r je déjeune")
			s.sees(first(strings.TrimPrefix(w.Gone[2], "%s")))
			s.types("p")
			s.sees(w.OnBreak)
			s.types("p")
			s.sees(w.OnBreak)
			o.calls(3, "detractor")
			s.types("c")
			s.sees(w.BackAtWork)
			s.sees(first(w.Answer))
			o.does("cancel", customer(3)+"-1", "--by", "sam", "--reason", "réglé")
			s.sees(first(strings.TrimPrefix(w.Gone[4], "%s")))
			s.types("q")
			require.NoError(t, s.ends())
			require.Empty(t, s.errs.String())
			require.NotContains(t, s.out.String(), "␛", "no terminal")
			golden(t, "work."+lang, s.out.String())

			help, _, err := run(t, o.env, workCommand, "work", "--help")
			require.NoError(t, err)
			golden(t, "work-help."+lang, help)
		})
	}
}

// Two at a time, at a terminal: each can be named, and who comes back finds them.
func TestSeveralOffersAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "en")
	s := o.works(o.on(100), "amina", "--capacity", "3")
	s.sees("3 in hand at most")
	o.calls(1, "detractor")
	s.sees("To answer within 30 s")
	o.calls(2, "detractor")
	s.sees("To answer within 30 s")
	s.types("accepter cccc")
	s.sees(customer(2) + "-1, Camille [31mInventée 2")
	s.sees("This callback is yours.")
	o.calls(3, "detractor")
	s.sees("To answer within 30 s")

	list, _, err := run(t, o.on(130), agentsCommand, "agents", "list")
	require.NoError(t, err)
	require.Contains(t, list, "No agents.", "she is in no roster")

	// She comes in elsewhere, and finds what she has in hand.
	again := o.works(o.env, "amina", "--capacity", "3")
	again.sees("To answer within 30 s")
	again.sees(customer(2) + "-1, Camille [31mInventée 2: assigned")
	require.NoError(t, again.keys.Close(), "the end of the input leaves")
	require.NoError(t, again.ends())
	require.Contains(t, again.out.String(), english.Left)
}

func TestAWorkingRosterIsListed(t *testing.T) {
	t.Parallel()
	for lang, w := range map[string]*words{"fr": &french, "en": &english} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, lang)
			_, _, err := run(t, o.env, agentsCommand, "agents", "set", sampleAgents)
			require.NoError(t, err)
			s := o.works(o.env, "agent-1")
			s.sees(w.NothingInHand)
			o.calls(1, "detractor")
			require.Eventually(t, func() bool { // her seat hears of it a moment after she does
				out, _, err := run(t, o.env, agentsCommand, "agents", "list")
				return err == nil && strings.Contains(out, "\t1/2\t")
			}, soon, 5*time.Millisecond)
			idle := o.works(o.env, "agent-2")
			idle.sees(w.NothingInHand)
			away := o.works(o.env, "agent-4")
			away.sees(w.NothingInHand)
			away.types("p")
			away.sees(w.OnBreak)
			o.clock.Advance(20 * time.Second)
			for name, args := range map[string][]string{"list": {"list"}, "show": {"show", "agent-1"}, "show-idle": {"show", "agent-2"}} {
				out, _, err := run(t, o.on(130), agentsCommand, append([]string{"agents"}, args...)...)
				require.NoError(t, err)
				golden(t, "agents-"+name+"-working."+lang, strings.ReplaceAll(out, "\x1b", "␛"))
			}
			s.types("q")
			require.NoError(t, s.ends())
		})
	}
}

// pauses is an env whose pauses last until they are let go.
func pauses(e env) (paused env, waits chan time.Duration, on chan struct{}) {
	waits, on = make(chan time.Duration), make(chan struct{})
	e.wait = func(ctx context.Context, d time.Duration) error {
		for _, step := range []func() bool{
			func() bool {
				select {
				case waits <- d:
					return true
				case <-ctx.Done():
					return false
				}
			},
			func() bool {
				select {
				case <-on:
					return true
				case <-ctx.Done():
					return false
				}
			},
		} {
			if !step() {
				return ctx.Err()
			}
		}
		return nil
	}
	return e, waits, on
}

func TestWorkGoesOnWithTheNextServer(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "en")
	e, waits, on := pauses(o.env)
	s := o.works(e, "amina")
	s.sees(english.NothingInHand)
	o.calls(1, "detractor")
	s.sees(first(english.Answer))
	o.stop()
	s.sees(english.Reasons["GOING_AWAY"] + " Trying again in 500ms.")
	require.Equal(t, 500*time.Millisecond, <-waits)
	s.types("a")
	s.sees(english.NotConnected)
	s.types("p")
	s.sees(english.OnBreak)
	for _, want := range []string{"1s", "2s", "4s", "8s", "10s", "10s"} {
		on <- struct{}{}
		s.sees(english.Broken + " Trying again in " + want + ".")
		require.Equal(t, want, (<-waits).String())
	}
	o.start()
	on <- struct{}{}
	s.sees(english.OnBreak)
	s.sees(customer(1) + "-1")
	s.sees(first(english.Answer))
	s.types("a")
	s.sees(english.Claimed)
	o.stop()
	require.Equal(t, firstPause, <-waits, "after a welcome it begins anew")
	s.types("q")
	require.NoError(t, s.ends())
	s.sees(english.Left)
}

func TestHowWorkEnds(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "en", func(c *callbackqueue.Config) {
		c.AgentLostAfter = 3 * time.Second // so that seats are reported each second
	})
	one := o.works(o.env, "amina")
	one.sees(english.NothingInHand)
	named := world(map[string]string{"RAPPEL_AGENT": "amina", "RAPPEL_GRPC": o.grpc, "LANG": "en"})
	two := o.works(named)
	two.sees("amina is at work")
	require.EqualError(t, one.ends(), english.Reasons["REPLACED"])

	// Ctrl-c says goodbye: what was offered goes to the next at once.
	o.calls(1, "detractor")
	two.sees(first(english.Answer))
	bruno := o.works(o.env, "bruno")
	bruno.sees(english.NothingInHand)
	two.interrupt()
	require.NoError(t, two.ends())
	two.sees(english.Left)
	bruno.sees(first(english.Answer))

	err := o.works(o.env, "a b").ends()
	require.ErrorContains(t, err, "The server refuses: ")
	require.ErrorContains(t, err, "hello.agentId")
	_, _, err = run(t, o.env, workCommand, "work", "amina", "bruno")
	require.EqualError(t, err, fill(english.NoArgs, "bruno"))
	_, _, err = run(t, o.env, workCommand, "work", "amina", "--grpc", "127.0.0.1:1")
	require.EqualError(t, err, fill(english.NoGRPC, "127.0.0.1:1", "rappel"))
	_, _, err = run(t, world(nil), workCommand, "work")
	require.EqualError(t, err, fill(french.NeedWorker, "rappel"))

	strict := newOffice(t, "fr", func(c *callbackqueue.Config) { c.KnownAgentsOnly = true })
	require.EqualError(t, strict.works(strict.env, "mallory").ends(), french.Reasons["UNKNOWN_AGENT"])
}

func TestWorkForAnotherProgram(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "en")
	s := o.works(o.env, "amina", "-o", "json")
	s.sees(`{"welcome":{"capacity":1}}` + "\n")
	o.calls(1, "detractor")
	s.sees(`{"offer":{"callback":{"id":"` + customer(1) + `-1",`)
	s.sees("\n")
	s.types("a")
	s.sees(`{"update":`)
	s.sees("\n")
	s.types("a")
	s.types("p")
	s.sees(`{"status":{"status":"AWAY"}}` + "\n")
	s.types("q")
	require.NoError(t, s.ends())
	for _, line := range strings.Split(strings.TrimSpace(s.out.String()), "\n") {
		require.True(t, json.Valid([]byte(line)), line)
	}
	require.Equal(t, english.NoOffer+"\n"+english.Left+"\n", s.errs.String())
}

// What the server says seldom, at a terminal.
func TestWhatWorkSays(t *testing.T) {
	t.Parallel()
	type (
		said   = callbackv1.WorkCallbacksResponse
		update = callbackv1.WorkCallbacksResponse_Update_
		gone   = callbackv1.WorkCallbacksResponse_Gone_
	)
	held := func(s eventsv1.Callback_State) *eventsv1.Callback {
		cb := noemie()
		cb.State, cb.Holder = s, &eventsv1.Holder{AgentId: "amina", Token: 7, LeaseExpiresAt: at(3)}
		return cb
	}
	for _, lang := range []string{"fr", "en"} {
		s := &shift{desk: newDesk(world(map[string]string{"LANG": lang}).on(72), "work"), away: true}
		s.group, s.agent, s.cmd = "callbacks", "amina", s.root
		var b strings.Builder
		for _, m := range []*said{
			{Message: &callbackv1.WorkCallbacksResponse_Welcome_{Welcome: &callbackv1.WorkCallbacksResponse_Welcome{
				Capacity: 3, Callbacks: []*eventsv1.Callback{held(eventsv1.Callback_RESERVED), {Id: "zyxwvutsrqponmlkjihgfedcba-12", State: eventsv1.Callback_WRAPPING}},
			}}},
			{Message: &callbackv1.WorkCallbacksResponse_Refused_{Refused: &callbackv1.WorkCallbacksResponse_Refused{Id: id, Code: "ABORTED", Reason: "STALE_TOKEN", Message: "no"}}},
			{Message: &callbackv1.WorkCallbacksResponse_Refused_{Refused: &callbackv1.WorkCallbacksResponse_Refused{Id: "x", Code: "ABORTED", Reason: "NEWER", Message: "something \x1b[2J new"}}},
			{Message: &gone{Gone: &callbackv1.WorkCallbacksResponse_Gone{Id: id, Why: callbackv1.WorkCallbacksResponse_Gone_OFFER_EXPIRED}}},
			{Message: &callbackv1.WorkCallbacksResponse_Status_{Status: &callbackv1.WorkCallbacksResponse_Status{Status: callbackv1.AgentStatus_AWAY, MissedOffers: true}}},
			{Message: &update{Update: &callbackv1.WorkCallbacksResponse_Update{Callback: held(eventsv1.Callback_ASSIGNED)}}},
			{Message: &gone{Gone: &callbackv1.WorkCallbacksResponse_Gone{Id: id}}},
			{},
		} {
			b.WriteString(s.told(m))
		}
		require.Len(t, s.hand, 1)
		golden(t, "work-seldom."+lang, strings.ReplaceAll(b.String(), "\x1b", "␛"))
	}
	for why := range callbackv1.WorkCallbacksResponse_Gone_Why_name {
		require.NotEmpty(t, french.Gone[callbackv1.WorkCallbacksResponse_Gone_Why(why)])
		require.NotEmpty(t, english.Gone[callbackv1.WorkCallbacksResponse_Gone_Why(why)])
	}
}

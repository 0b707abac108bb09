package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// hear shows what the server says, and remembers what is in hand.
func (s *shift) hear(m *callbackv1.WorkCallbacksResponse) error {
	text := s.told(m) // it takes note of the message, too
	if s.asJSON() {
		return printLine(s.cmd.OutOrStdout(), m)
	}
	_, err := io.WriteString(s.cmd.OutOrStdout(), text)
	return err
}

// printLine prints a message as one line of JSON.
func printLine(w io.Writer, m *callbackv1.WorkCallbacksResponse) error {
	body, err := protojson.Marshal(m)
	if err != nil {
		return err
	}
	var line bytes.Buffer
	if err := json.Compact(&line, body); err != nil {
		return err
	}
	line.WriteByte('\n')
	_, err = w.Write(line.Bytes())
	return err
}

// told takes note of a message, and is what a person reads of it.
func (s *shift) told(m *callbackv1.WorkCallbacksResponse) string {
	width, terminal := s.terminal(s.cmd.OutOrStdout())
	c := &card{desk: s.desk, style: style{on: terminal && s.getenv("NO_COLOR") == ""}, width: min(max(width, 40), 110)}
	switch m := m.GetMessage().(type) {
	case *callbackv1.WorkCallbacksResponse_Welcome_:
		s.hand, s.answered, s.greeted, s.pause = m.Welcome.GetCallbacks(), make(map[string]uint64), true, 0
		s.welcome(c, m.Welcome.GetCapacity())
	case *callbackv1.WorkCallbacksResponse_Offer_:
		s.put(m.Offer.GetCallback())
		s.offer(c, m.Offer.GetCallback())
	case *callbackv1.WorkCallbacksResponse_Update_:
		s.update(c, s.put(m.Update.GetCallback()), m.Update.GetCallback())
	case *callbackv1.WorkCallbacksResponse_Gone_:
		c.line("")
		c.line(c.style.yellow(fill(s.w.Gone[m.Gone.GetWhy()], s.title(m.Gone.GetId()))))
		s.hand = slices.DeleteFunc(s.hand, func(cb *eventsv1.Callback) bool { return cb.GetId() == m.Gone.GetId() })
	case *callbackv1.WorkCallbacksResponse_Status_:
		s.away = m.Status.GetStatus() == callbackv1.AgentStatus_AWAY
		c.line("")
		text := s.statusText(s.away)
		if m.Status.GetMissedOffers() {
			text = s.w.MissedOffers
		}
		c.line(c.style.yellow(text))
	case *callbackv1.WorkCallbacksResponse_Refused_:
		delete(s.answered, m.Refused.GetId())
		c.line("")
		c.line(c.style.red(s.title(m.Refused.GetId()) + s.w.Colon + s.because(m.Refused.GetReason(), m.Refused.GetMessage())))
	default: // a newer server's: nothing an agent would miss
	}
	return c.b.String()
}

// put keeps a callback as it is now, and returns it as it was.
func (s *shift) put(cb *eventsv1.Callback) (before *eventsv1.Callback) {
	i := slices.IndexFunc(s.hand, func(other *eventsv1.Callback) bool { return other.GetId() == cb.GetId() })
	if i < 0 {
		s.hand = append(s.hand, cb)
		return nil
	}
	before, s.hand[i] = s.hand[i], cb
	return before
}

// title names a callback, with its customer when that is known.
func (s *shift) title(id string) string {
	i := slices.IndexFunc(s.hand, func(cb *eventsv1.Callback) bool { return cb.GetId() == id })
	parts := []string{s.w.Callback + " " + oneLine(id)}
	if i >= 0 {
		parts = append(parts, oneLine(s.hand[i].GetCustomer().GetName()))
	}
	return strings.Join(nonEmpty(parts), ", ")
}

// welcome says who is at work, and what they have in hand.
func (s *shift) welcome(c *card, capacity uint32) {
	c.line(c.style.green(fill(s.w.AtWork, oneLine(s.agent), capacity)))
	if s.away {
		c.line(c.style.yellow(s.w.OnBreak))
	}
	c.line(c.style.dim(s.w.WorkHint))
	if len(s.hand) == 0 {
		c.line(s.w.NothingInHand)
		return
	}
	for _, cb := range s.hand {
		if cb.GetState() == eventsv1.Callback_RESERVED {
			s.offer(c, cb)
			continue
		}
		c.line("")
		c.line(c.style.bold(s.title(cb.GetId())) + s.w.Colon + s.w.States[cb.GetState()])
		c.next(s.cmd, cb)
	}
}

// offer shows a callback that waits for an answer, and how long it does.
func (s *shift) offer(c *card, cb *eventsv1.Callback) {
	c.line("")
	c.whole(cb)
	c.line("")
	left := cb.GetHolder().GetLeaseExpiresAt().AsTime().Sub(s.now())
	c.line(c.style.green(fill(s.w.Answer, s.shortSpan(left))))
}

// shortSpan is a length of time to the second, as long as seconds matter.
func (s *shift) shortSpan(left time.Duration) string {
	if left < 2*time.Minute {
		return fill(s.w.Seconds, max(0, int(left.Seconds())))
	}
	return s.span(left)
}

// update shows a callback in hand that has changed, whoever changed it.
func (s *shift) update(c *card, before, cb *eventsv1.Callback) {
	c.line("")
	switch {
	case before == nil: // claimed by another program of the agent's
		c.line(c.style.green(s.w.Arrived))
		c.line("")
		c.whole(cb)
	case onlyRang(before, cb): // the agent may be talking
		c.line(c.style.bold(s.title(cb.GetId())))
		c.rang(before, cb)
		return
	case before.GetState() == cb.GetState(): // its customer has said more
		c.line(c.style.yellow(s.w.Changed))
		c.line("")
		c.whole(cb)
	default:
		c.line(c.style.bold(s.title(cb.GetId())))
		c.line(c.style.green(s.progress(cb)))
	}
	if cb.GetState() == eventsv1.Callback_RESERVED {
		return
	}
	if before == nil || before.GetState() == cb.GetState() {
		c.line("")
	}
	c.next(s.cmd, cb)
}

// progress is what a callback's new state comes to.
func (s *shift) progress(cb *eventsv1.Callback) string {
	switch cb.GetState() {
	case eventsv1.Callback_ASSIGNED:
		return s.w.Claimed
	case eventsv1.Callback_ATTEMPTING:
		return s.w.Started
	case eventsv1.Callback_WRAPPING:
		return fill(s.w.Ended, s.w.Attempts[eventsv1.Attempt_REACHED])
	default:
		return s.w.States[cb.GetState()]
	}
}

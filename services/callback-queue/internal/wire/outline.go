package wire

import (
	"errors"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

var errMalformed = errors.New("malformed event")

// Outline reads of a stored event what an index needs, and nothing else: who,
// the event's number, the hash of the one before, and of the callback its id,
// number, state, what Needs is made of, the queue before, priority, moments, whom
// it is kept for, the customer's slots, when to ask how it went or to open the next, how its SLA stands
// and when that rings, and its holder's name and lease. An index of a million callbacks
// is read so five times as fast as with Aggregate.
func Outline(body []byte, seq uint64) (a callback.Aggregate, previous []byte, err error) {
	a.Seq = seq
	var cb []byte
	err = eachField(body, func(field protowire.Number, n uint64, b []byte) error {
		switch field {
		case 2:
			a.EventNo = n
		case 3:
			previous = b
		case 8:
			a.CustomerKey = string(b)
		case 9:
			cb = b
			a.Callback = &callback.Callback{}
		}
		return nil
	})
	if err == nil && a.Callback != nil {
		a.Callback.CustomerKey = a.CustomerKey
		err = outlineCallback(a.Callback, cb)
	}
	return a, previous, err
}

func outlineCallback(c *callback.Callback, body []byte) error {
	return eachField(body, func(field protowire.Number, n uint64, b []byte) (err error) {
		switch field {
		case 1:
			c.ID = string(b)
		case 3:
			c.Number = uint32(n)
		case 4:
			c.State = callback.State(n)
		case 5:
			err = outlineCustomer(&c.Customer, b)
		case 8:
			c.Queue = string(b)
		case 9:
			c.Skills = append(c.Skills, string(b))
		case 10:
			c.Language = string(b)
		case 11:
			c.Priority = int(int32(n))
		case 12:
			c.OpenedAt, err = outlineMoment(b)
		case 14:
			c.NotBefore, err = outlineMoment(b)
		case 15:
			c.FirstAttemptDue, err = outlineMoment(b)
		case 16:
			c.ClosedAt, err = outlineMoment(b)
		case 17:
			c.Holder = &callback.Holder{}
			err = outlineHolder(c.Holder, b)
		case 25:
			c.Moved = &callback.Move{}
			err = outlineMove(c.Moved, b)
		case 27:
			c.Preferred = &callback.Preference{}
			err = outlinePreference(c.Preferred, b)
		case 29:
			c.SLA = &callback.SLA{}
			err = outlineSLA(c.SLA, b)
		case 30:
			var s callback.Slot
			err = outlineSlot(&s, b)
			c.Slots = append(c.Slots, s)
		case 31:
			c.FollowUp = &callback.FollowUp{}
			err = outlineFollowUp(c.FollowUp, b)
		case 36:
			c.NextAt, err = outlineMoment(b)
		case 37:
			c.Country = string(b)
		case 38:
			c.Zones = append(c.Zones, string(b))
		}
		return err
	})
}

// outlineCustomer reads the clock that the customer lives by.
func outlineCustomer(c *callback.Customer, body []byte) error {
	return eachField(body, func(field protowire.Number, _ uint64, b []byte) error {
		if field == 6 {
			c.TimeZone = string(b)
		}
		return nil
	})
}

func outlineMove(m *callback.Move, body []byte) error {
	return eachField(body, func(field protowire.Number, _ uint64, b []byte) (err error) {
		switch field {
		case 1:
			m.From = string(b)
		case 2:
			m.At, err = outlineMoment(b)
		}
		return err
	})
}

func outlinePreference(p *callback.Preference, body []byte) error {
	return eachField(body, func(field protowire.Number, _ uint64, b []byte) (err error) {
		switch field {
		case 1:
			p.AgentID = string(b)
		case 2:
			p.Until, err = outlineMoment(b)
		}
		return err
	})
}

func outlineSlot(s *callback.Slot, body []byte) error {
	return eachField(body, func(field protowire.Number, _ uint64, b []byte) (err error) {
		switch field {
		case 1:
			s.From, err = outlineMoment(b)
		case 2:
			s.To, err = outlineMoment(b)
		}
		return err
	})
}

func outlineFollowUp(f *callback.FollowUp, body []byte) error {
	return eachField(body, func(field protowire.Number, _ uint64, b []byte) (err error) {
		switch field {
		case 2:
			f.AskAt, err = outlineMoment(b)
		case 3:
			f.AskedAt, err = outlineMoment(b)
		}
		return err
	})
}

func outlineSLA(s *callback.SLA, body []byte) error {
	return eachField(body, func(field protowire.Number, n uint64, b []byte) (err error) {
		switch field {
		case 6:
			s.NextAt, err = outlineMoment(b)
		case 7:
			s.State = callback.SLAState(n)
		}
		return err
	})
}

func outlineHolder(h *callback.Holder, body []byte) error {
	return eachField(body, func(field protowire.Number, _ uint64, b []byte) (err error) {
		switch field {
		case 1:
			h.AgentID = string(b)
		case 4:
			h.LeaseExpiresAt, err = outlineMoment(b)
		}
		return err
	})
}

func outlineMoment(body []byte) (time.Time, error) {
	var seconds, nanos int64
	err := eachField(body, func(field protowire.Number, n uint64, _ []byte) error {
		switch field {
		case 1:
			seconds = int64(n)
		case 2:
			nanos = int64(int32(n))
		}
		return nil
	})
	return time.Unix(seconds, nanos).UTC(), err
}

// eachField hands over each field of a message: a varint's number, or the bytes
// of what has a length.
func eachField(body []byte, each func(field protowire.Number, n uint64, b []byte) error) error {
	for len(body) > 0 {
		field, kind, size := protowire.ConsumeTag(body)
		if size < 0 {
			return errMalformed
		}
		body = body[size:]
		var n uint64
		var b []byte
		switch kind {
		case protowire.VarintType:
			n, size = protowire.ConsumeVarint(body)
		case protowire.BytesType:
			b, size = protowire.ConsumeBytes(body)
		default:
			size = protowire.ConsumeFieldValue(field, kind, body)
		}
		if size < 0 {
			return errMalformed
		}
		if err := each(field, n, b); err != nil {
			return err
		}
		body = body[size:]
	}
	return nil
}

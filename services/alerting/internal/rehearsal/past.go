package rehearsal

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/history"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// past is what a side would have known of a customer: the callbacks that this side would
// have opened, each taken to end with a call that settles it; the answers that were read;
// and the list as it is now.
type past struct {
	rehearsal *Rehearsal
	side      int
	scored    *eventsv1.ResponseScored
}

var _ rule.Past = past{}

// Callbacks are those that were opened before the response was first received. Of a
// customer the last two are remembered: a correction that comes after more has happened
// finds none.
func (p past) Callbacks() (out rule.Callbacks, _ error) {
	c := p.rehearsal.customers.byKey[p.scored.GetReceived().GetCustomerKey()]
	if c == nil || c.calls[p.side] == nil {
		return out, nil
	}
	asOf, this := alert.AsOf(p.scored).UnixNano(), history.Response(p.scored)
	out.Number = c.calls[p.side].number
	for _, one := range c.calls[p.side].last {
		switch {
		case one.opened == 0:
			return out, nil
		case one.opened >= asOf, one.response == this:
			out.Number--
			continue
		}
		closed := one.until <= asOf
		if out.Last == nil {
			out.Open, out.Last = !closed, &eventsv1.LastCallback{OpenedAt: moment(one.opened), Severity: one.severity}
			if closed {
				out.Last.ClosedAt, out.Last.CalledAt, out.Last.Outcome = moment(one.until), moment(one.until), "resolved"
			}
		}
		if closed {
			out.Called, out.CalledFor = time.Unix(0, one.until), one.severity
			return out, nil
		}
	}
	return out, nil
}

// Answers are those that were read before.
func (p past) Answers(days int) ([]*eventsv1.EarlierAnswer, error) {
	from := alert.AsOf(p.scored).AddDate(0, 0, -days)
	return p.rehearsal.seen.Earlier(p.scored, p.rehearsal.position, from), nil
}

// DoNotCall is as of now.
func (p past) DoNotCall() (bool, error) { return p.rehearsal.listed(p.scored), nil }

func moment(nanoseconds int64) *timestamppb.Timestamp {
	return timestamppb.New(time.Unix(0, nanoseconds))
}

package cli

import (
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// card writes a callback for the person who is about to call.
type card struct {
	*desk
	b     strings.Builder
	style style
	width int
}

// result prints what a command did: the API's answer, or a sentence, the card
// when it is wanted, and what to do next.
func (d *desk) result(cmd *cobra.Command, sentence string, cb *eventsv1.Callback, body []byte, whole bool) error {
	if d.asJSON() {
		return printBody(cmd.OutOrStdout(), body)
	}
	width, terminal := d.terminal(cmd.OutOrStdout())
	c := &card{desk: d, style: style{on: terminal && d.getenv("NO_COLOR") == ""}, width: min(max(width, 40), 110)}
	if sentence != "" {
		c.line(c.style.green(sentence))
		c.line("")
	}
	if whole {
		c.whole(cb)
		if resp, err := shown(body); err == nil {
			c.standing(cb, resp.GetStanding())
		}
	} else if at := d.notBefore(cb); cb.GetState() == eventsv1.Callback_PENDING && at != "" {
		c.line(d.w.NotBefore + d.w.Colon + at)
		c.line("")
	}
	c.next(cmd, cb)
	_, err := io.WriteString(cmd.OutOrStdout(), c.b.String())
	return err
}

func (c *card) line(s string) { c.b.WriteString(strings.TrimRight(s, " ") + "\n") }

func (c *card) whole(cb *eventsv1.Callback) {
	c.head(cb)
	c.customer(cb)
	c.whyAgain(cb)
	c.reasons(cb)
	c.calls(cb)
	c.closing(cb)
	c.howItWent(cb)
}

func (c *card) head(cb *eventsv1.Callback) {
	w := c.w
	parts := []string{w.States[cb.GetState()]}
	if a := cb.GetHolder().GetAgentId(); a != "" {
		parts = append(parts, fill(w.Held, oneLine(a)))
	}
	parts = append(parts, fill(w.Priority, cb.GetPriority()))
	if cb.GetOpenedAt() != nil {
		parts = append(parts, fill(w.Opened, c.age(cb.GetOpenedAt())))
	}
	if cb.GetClosedAt() != nil {
		parts = append(parts, fill(w.Closed, c.date(cb.GetClosedAt())))
	}
	c.line(c.style.bold(w.Callback + " " + oneLine(cb.GetId())))
	c.line(strings.Join(parts, " · "))
	if r := cb.GetCancelReason(); r != "" {
		c.line(fill(w.Canceled, oneLine(r)))
	}
	if m := cb.GetMoved(); m != nil {
		c.moved(cb.GetQueue(), m)
	}
	if e := cb.GetEscalated(); e != nil {
		c.escalated(e)
	}
	if r := cb.GetReopened(); r != nil {
		c.reopened(r)
	}
}

func (c *card) customer(cb *eventsv1.Callback) {
	w, p := c.w, cb.GetCustomer()
	name := oneLine(p.GetName())
	if name == "" {
		name = w.NoName
	}
	c.line("")
	c.line("  " + c.style.bold(name))
	phone := w.NoPhone
	if p.GetPhone() != "" {
		phone = c.style.bold(c.style.cyan(readable(p.GetPhone())))
	}
	c.field(w.Phone, phone)
	c.field(w.Email, oneLine(p.GetEmail()))
	c.field(w.Language, c.spoken(cb))
	if zone, err := time.LoadLocation(p.GetTimeZone()); err == nil && p.GetTimeZone() != "" {
		c.field(w.TimeZone, oneLine(p.GetTimeZone())+", "+fill(w.ThereItIs, c.now().In(zone).Format("15:04")))
	}
	c.slots(cb)
	c.promises(cb)
}

// standing says what goes before a callback that waits, and what its priority is
// made of.
func (c *card) standing(cb *eventsv1.Callback, s *callbackv1.Standing) {
	if cb.GetState() != eventsv1.Callback_PENDING || s == nil {
		return
	}
	w := c.w
	c.line("")
	c.line(c.style.bold(fill(w.Place, oneLine(cb.GetQueue()))))
	switch n := s.GetAhead(); {
	case s.GetWaiting() == callbackv1.Standing_WAITING_UNSPECIFIED:
		c.line("  " + w.PlaceUnknown)
	case s.Ahead == nil: // it waits for its moment, which is said above
	case n == 0:
		c.line("  " + w.FirstInLine)
	case n == 1:
		c.line("  " + w.OneAhead)
	default:
		c.line("  " + fill(w.Ahead, n))
	}
	parts := []string{fill(w.Urgency, s.GetUrgency())}
	if n := s.GetFurtherReasons(); n > 0 {
		parts = append(parts, fill(w.FurtherReasons, n))
	}
	if n := s.GetEscalation(); n > 0 {
		parts = append(parts, fill(w.EscalationPoints, n))
	}
	c.line("  " + fill(w.Priority, cb.GetPriority()) + w.Colon + strings.Join(parts, ", "))
	c.line("  " + fill(w.Worth, c.span(s.GetWorth().AsDuration())))
}

func (c *card) field(label, text string) {
	if text != "" {
		c.line("  " + pad(label, 15) + " " + text)
	}
}

// spoken is the language to speak, in words where it is a common one.
func (c *card) spoken(cb *eventsv1.Callback) string {
	tag := oneLine(cb.GetLanguage())
	if tag == "" {
		tag = oneLine(cb.GetCustomer().GetLanguage())
	}
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	if name := c.w.Languages[base]; name != "" {
		return name
	}
	return tag
}

func (c *card) reasons(cb *eventsv1.Callback) {
	c.line("")
	c.line(c.style.bold(c.w.Why))
	for i, r := range cb.GetReasons() {
		text := c.reason(r)
		if r.GetWithdrawn() {
			why := c.w.Withdrawn
			if r.GetCorrection() > 0 {
				why = c.w.topics().Corrected // and not by the customer
			}
			text = c.style.dim(text + " (" + why + ")")
		} else if r.GetMetric() != eventsv1.Metric_METRIC_UNSPECIFIED {
			text = c.style.red(text)
		}
		if word := c.w.Severities[r.GetSeverity()]; word != "" && !r.GetWithdrawn() {
			text += " · " + c.style.bold(c.style.red(word))
		}
		if r.GetUnanswered() && !r.GetWithdrawn() {
			text += " · " + c.style.bold(c.w.Unanswered)
		}
		c.line("  " + strconv.Itoa(i+1) + ". " + text)
		if i+1 < len(cb.GetReasons()) && sameAnswer(r, cb.GetReasons()[i+1]) {
			continue // said once, below the last of them
		}
		where := []string{oneLine(r.GetSurvey()), oneLine(r.GetChannel()), oneLine(r.GetTouchpoint())}
		if r.GetSubmittedAt() != nil {
			where = append(where, c.date(r.GetSubmittedAt()))
		}
		c.line("     " + c.style.dim(strings.Join(nonEmpty(where), " · ")))
		if !calledAgain(cb) || !sameWords(r, cb.GetRecovery()) {
			c.quoted(r.GetVerbatim())
		}
		c.found(r)
	}
	if n := cb.GetMoreReasons(); n > 0 {
		c.line("  " + fill(c.w.MoreReasons, n))
	}
}

// sameAnswer reports whether two reasons come from one response.
func sameAnswer(a, b *eventsv1.Reason) bool {
	return a.GetResponseId() != "" && a.GetSurvey() == b.GetSurvey() && a.GetResponseId() == b.GetResponseId() && a.GetVerbatim() == b.GetVerbatim()
}

// sameWords reports whether a reason comes from the answer to the follow-up, with the
// words that are shown there.
func sameWords(r *eventsv1.Reason, f *eventsv1.Recovery) bool {
	return r.GetResponseId() == f.GetResponseId() && r.GetSurvey() == f.GetSurvey() && r.GetVerbatim() == f.GetVerbatim()
}

// reason is what an alert is about: a metric with its scale and class, or what
// its rule stands for.
func (d *desk) reason(r *eventsv1.Reason) string {
	if r.GetMetric() == eventsv1.Metric_METRIC_UNSPECIFIED {
		if text := d.w.Rules[r.GetRule()]; text != "" {
			return text
		}
		return oneLine(r.GetRule())
	}
	text := r.GetMetric().String()
	if r.GetMetric() != eventsv1.Metric_FCR {
		text += " " + d.number(r.GetValue())
		if s := r.GetScale(); s != nil {
			scale := fill(d.w.Scale, d.number(s.GetMin()), d.number(s.GetMax()))
			if s.GetDirection() == eventsv1.Direction_LOWER_IS_BETTER {
				scale += ", " + d.w.LowerIsBetter
			}
			text += " (" + scale + ")"
		}
	}
	if class := d.w.Classes[r.GetClass()]; class != "" {
		text += " — " + class
	}
	return text
}

// quoted wraps the customer's words to the width, in quotation marks.
func (c *card) quoted(text string) {
	text = strings.TrimSpace(clean(text))
	if text == "" {
		return
	}
	for _, l := range wrap(c.w.Open+text+c.w.Close, c.width-5) {
		c.line("     " + l)
	}
}

func (c *card) calls(cb *eventsv1.Callback) {
	if len(cb.GetAttempts()) == 0 {
		return
	}
	c.line("")
	c.line(c.style.bold(c.w.Calls))
	for _, a := range cb.GetAttempts() {
		what := c.w.UnderWay
		if a.GetOutcome() != eventsv1.Attempt_OUTCOME_UNSPECIFIED {
			what = c.w.Attempts[a.GetOutcome()]
		}
		if at := a.GetCallAgainAt(); at != nil {
			what += ", " + fill(c.w.CallAgain, c.date(at))
		}
		c.line("  " + strconv.FormatUint(uint64(a.GetNumber()), 10) + ". " + c.date(a.GetStartedAt()) + "  " + oneLine(a.GetAgentId()) + c.w.Colon + what)
		c.quoted(a.GetNote())
	}
}

func (c *card) closing(cb *eventsv1.Callback) {
	u := cb.GetWrapUp()
	if u == nil {
		return
	}
	c.line("")
	c.line(c.style.bold(c.w.WrapUp))
	outcome := c.w.Wraps[u.GetOutcome()]
	if u.GetFirstContact() {
		outcome += ", " + c.w.FirstContact
	}
	c.line("  " + outcome)
	if given := c.gesture(u.GetGesture()); given != "" {
		c.line("  " + given)
	}
	c.field(c.w.RootCause, oneLine(u.GetRootCause()))
	c.quoted(u.GetNote())
}

// readable groups a number's digits as its country does.
func readable(phone string) string {
	n, err := phonenumbers.Parse(phone, "")
	if err != nil {
		return oneLine(phone)
	}
	return phonenumbers.Format(n, phonenumbers.INTERNATIONAL)
}

func (d *desk) number(v float64) string {
	return strings.Replace(strconv.FormatFloat(v, 'f', -1, 64), ".", d.w.Decimal, 1)
}

func (d *desk) date(t *timestamppb.Timestamp) string {
	return t.AsTime().In(d.zone).Format(d.w.DateTime)
}

func (d *desk) age(t *timestamppb.Timestamp) string { return d.span(d.now().Sub(t.AsTime())) }

// span is a length of time to the minute.
func (d *desk) span(s time.Duration) string {
	m := max(0, int(s.Minutes()))
	switch {
	case m < 60:
		return fill(d.w.Minutes, m)
	case m < 24*60:
		return fill(d.w.Hours, m/60, m%60)
	default:
		return fill(d.w.Days, m/(24*60), m/60%24)
	}
}

func nonEmpty(all []string) []string {
	var kept []string
	for _, s := range all {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return kept
}

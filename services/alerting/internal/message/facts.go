package message

import (
	"net/url"
	"slices"
	"strings"
	"time"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Facts are what a notification tells, and what a template may use. docs/receivers.md lists
// every field; a test holds the two together.
type Facts struct {
	// ID is the delivery's, the same with each try.
	ID string
	// Notification is the notification's id, the same for each receiver.
	Notification string
	// Kind is why people are told: new, repeated, escalated, resolved, test or fallback.
	Kind string
	// Receiver is the receiver's name; Language is fr or en.
	Receiver, Language string
	// Title and Text are what is said without a template.
	Title, Text string
	// At is when it was decided, in the receiver's zone.
	At time.Time
	// Route and Group are the route's name and the group's key; empty for tests and fallbacks.
	Route, Group string
	// Labels are those that the group's alerts have in common by the grouping.
	Labels map[string]string
	// Severity is the worst of those that stand: low, medium, high or critical.
	Severity string
	// Step is the step of the chain, from 1; 0 without a chain.
	Step int
	// Firing are the alerts that stand, the worst and newest first, at most 20; FiringCount is
	// how many there are with those that are not listed.
	Firing      []Alert
	FiringCount int
	// Resolved are those that were told of and stand no more; ResolvedCount as above.
	Resolved      []Alert
	ResolvedCount int
	// Fallback is what a fallback did; nil for other kinds.
	Fallback *Fallback
	// URL is where to look; empty where alerting.public_url is not set.
	URL string
}

// Alert is one alert.
type Alert struct {
	// ID is the alert's id; Rule is its rule's name.
	ID, Rule string
	// Severity is low, medium, high or critical; State is firing, acknowledged or resolved.
	Severity, State string
	// Team is whose the rule is; Survey, Touchpoint, Channel, Theme and Queue are what it is
	// about. Each may be empty.
	Team, Survey, Touchpoint, Channel, Theme, Queue string
	// Labels are all its labels.
	Labels map[string]string
	// Since is when it was raised, in the receiver's zone.
	Since time.Time
	// AcknowledgedBy is who looks after it; Resolution is why it stands no more:
	// no_longer_matches, callback_closed, by_hand or expired. Empty otherwise.
	AcknowledgedBy, Resolution string
	// Metric, Value and Class are of the answer that it cites, as NPS, 2 and detractor; empty
	// and nil where it cites none.
	Metric string
	Value  *float64
	Class  string
	// Callback says that the customer is to be called.
	Callback bool
	// Movement is how a metric moved; nil for a response's.
	Movement *Movement
	// Customer is who answered; nil unless the receiver has verbatims: true.
	Customer *Customer
}

// Customer is who answered, and what they said.
type Customer struct {
	// Name, Phone and Email are as they gave them; each may be empty.
	Name, Phone, Email string
	// Verbatims are what they wrote, at most 5, each of at most 500 characters.
	Verbatims []string
}

// Movement is how a metric moved.
type Movement struct {
	// Measure is what is measured, as NPS, CSAT, count or share.
	Measure string
	// Figure is over the window, Reference is what it is compared with.
	Figure, Reference float64
	// Answers are how many are in the window, ReferenceAnswers in what it is compared with.
	Answers, ReferenceAnswers int
	// Window is how long the window is.
	Window time.Duration
	// Series is which of the rule's series; empty where the rule is not split.
	Series map[string]string
}

// Fallback is what a fallback did.
type Fallback struct {
	// Name is its name; Queue is whose wait decides.
	Name, Queue string
	// Active says that it applies now.
	Active bool
	// Wait is the predicted wait, nil when it is not known; it begins above Begins and ends
	// below Ends.
	Wait         *time.Duration
	Begins, Ends time.Duration
	// Measures are what it does, as raise_bar.
	Measures []string
}

// Options say for whom a notification is put into words.
type Options struct {
	// Delivery is the delivery's id.
	Delivery string
	// Receiver is the receiver's name.
	Receiver string
	// Language is fr or en; anything else counts as en.
	Language string
	// Zone is whose clock times are told by; nil is UTC.
	Zone *time.Location
	// PublicURL is where the loop can be looked at; {group} in it stands for the group's key,
	// and without it the list of the group's alerts is linked. Empty links nothing.
	PublicURL string
	// Customers are who answered, by the alert's id, for receivers that may read that.
	Customers map[string]*Customer
}

// maxValue is how many characters of a label or a name are shown.
const maxValue = 200

// clean is what comes from outside as one line: a template that shows it has the lines that
// it was written with.
func clean(s string) string { return line(s, maxValue) }

func cleaned(m map[string]string) map[string]string {
	if m == nil {
		return nil
	}
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[clean(k)] = clean(v)
	}
	return out
}

func (c *Customer) cleaned() *Customer {
	if c == nil {
		return nil
	}
	out := &Customer{Name: clean(c.Name), Phone: clean(c.Phone), Email: clean(c.Email)}
	for _, v := range c.Verbatims[:min(len(c.Verbatims), MaxVerbatims)] {
		out.Verbatims = append(out.Verbatims, line(v, MaxVerbatim))
	}
	return out
}

// Bounds of what is taken of a customer's words.
const (
	MaxVerbatims = 5
	MaxVerbatim  = 500 // characters of each
)

// Of are the facts of a notification, with the built-in title and text.
func Of(n *eventsv1.Notification, o Options) Facts {
	f := plain(n, o)
	d := describe(f, wordsOf(o.Language))
	f.Title, f.Text = d.Title, d.Plain()
	return f
}

// plain are the facts without any text.
func plain(n *eventsv1.Notification, o Options) Facts {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Language != "fr" {
		o.Language = "en"
	}
	f := Facts{
		ID: o.Delivery, Notification: n.GetId(), Kind: lower(n.GetKind().String()), Receiver: o.Receiver, Language: o.Language,
		At: n.GetAt().AsTime().In(o.Zone), Route: clean(n.GetRoute()), Group: clean(n.GetGroup()), Labels: cleaned(n.GetLabels()),
		Severity: severity(n.GetSeverity()), Step: int(n.GetStep()),
		Firing: alerts(n.GetFiring(), o), Resolved: alerts(n.GetResolved(), o), Fallback: fallback(n.GetFallback()),
	}
	f.FiringCount = len(f.Firing) + int(n.GetMoreFiring())
	f.ResolvedCount = len(f.Resolved) + int(n.GetMoreResolved())
	if o.PublicURL != "" && f.Group != "" {
		f.URL = link(o.PublicURL, f.Group)
	}
	return f
}

func link(base, group string) string {
	if strings.Contains(base, "{group}") {
		return strings.ReplaceAll(base, "{group}", url.QueryEscape(group))
	}
	return strings.TrimSuffix(base, "/") + "/v1/alerts?group=" + url.QueryEscape(group)
}

func alerts(all []*eventsv1.AlertState, o Options) []Alert {
	out := make([]Alert, 0, len(all))
	for _, a := range all {
		l := cleaned(a.GetLabels())
		one := Alert{
			ID: a.GetId(), Rule: clean(a.GetRule()), Severity: severity(a.GetSeverity()), State: lower(a.GetState().String()), Team: clean(a.GetTeam()),
			Survey: clean(a.GetSurvey()), Touchpoint: l["touchpoint"], Channel: l["channel"], Theme: l["theme"], Queue: l["queue"],
			Labels: l, Since: a.GetRaisedAt().AsTime().In(o.Zone), AcknowledgedBy: clean(a.GetAcknowledgement().GetBy()),
			Callback: a.GetCallback(), Movement: movement(a.GetMovement()), Customer: o.Customers[a.GetId()].cleaned(),
		}
		if one.Survey == "" {
			one.Survey = l["survey"]
		}
		if a.GetResolution() != 0 {
			one.Resolution = lower(a.GetResolution().String())
		}
		if c := a.GetAnswer(); c != nil {
			v := c.GetValue()
			one.Metric, one.Value, one.Class = c.GetMetric().String(), &v, lower(clean(c.GetClass()))
		}
		out = append(out, one)
	}
	return out
}

func movement(m *eventsv1.Movement) *Movement {
	if m == nil {
		return nil
	}
	return &Movement{
		Measure: clean(m.GetMeasure()), Figure: m.GetFigure(), Reference: m.GetReference(), Answers: int(m.GetAnswers()),
		ReferenceAnswers: int(m.GetReferenceAnswers()), Window: m.GetWindow().AsDuration(), Series: cleaned(m.GetSeries()),
	}
}

func fallback(f *eventsv1.FallbackChanged) *Fallback {
	if f == nil {
		return nil
	}
	out := &Fallback{
		Name: clean(f.GetName()), Queue: clean(f.GetQueue()), Active: f.GetActive(), Begins: seconds(f.GetBeginsSeconds()), Ends: seconds(f.GetEndsSeconds()),
		Measures: slices.Clone(f.GetMeasures()),
	}
	if f.WaitSeconds != nil {
		w := seconds(f.GetWaitSeconds())
		out.Wait = &w
	}
	return out
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func lower(s string) string { return strings.ToLower(s) }

func severity(s eventsv1.Severity) string {
	if s == eventsv1.Severity_SEVERITY_UNSPECIFIED {
		s = eventsv1.Severity_MEDIUM
	}
	return lower(s.String())
}

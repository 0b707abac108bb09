package sender

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/rappel-loop/rappel/services/alerting/internal/message"
)

// Payload is the JSON that webhooks and NATS get. docs/receivers.md lists its fields: fields
// are added, never removed or given another meaning.
type Payload struct {
	// Type is alerts. and the kind, as alerts.new.
	Type string `json:"type"`
	// Timestamp is when the notification was decided.
	Timestamp time.Time `json:"timestamp"`
	Data      Data      `json:"data"`
}

// Data is what is told.
type Data struct {
	Notification  string            `json:"notification"`
	Receiver      string            `json:"receiver"`
	Kind          string            `json:"kind"`
	Title         string            `json:"title"`
	Text          string            `json:"text"`
	Language      string            `json:"language"`
	Route         string            `json:"route,omitempty"`
	Group         string            `json:"group,omitempty"`
	Labels        map[string]string `json:"labels,omitempty"`
	Severity      string            `json:"severity,omitempty"`
	Step          int               `json:"step,omitempty"`
	FiringCount   int               `json:"firingCount"`
	Firing        []Alert           `json:"firing"`
	ResolvedCount int               `json:"resolvedCount"`
	Resolved      []Alert           `json:"resolved"`
	Fallback      *Fallback         `json:"fallback,omitempty"`
	URL           string            `json:"url,omitempty"`
}

// Alert is one alert.
type Alert struct {
	ID             string            `json:"id"`
	Rule           string            `json:"rule"`
	Severity       string            `json:"severity"`
	State          string            `json:"state"`
	Team           string            `json:"team,omitempty"`
	Survey         string            `json:"survey,omitempty"`
	Labels         map[string]string `json:"labels,omitempty"`
	RaisedAt       time.Time         `json:"raisedAt"`
	AcknowledgedBy string            `json:"acknowledgedBy,omitempty"`
	Resolution     string            `json:"resolution,omitempty"`
	Metric         string            `json:"metric,omitempty"`
	Value          *float64          `json:"value,omitempty"`
	Class          string            `json:"class,omitempty"`
	Callback       bool              `json:"callback"`
	Movement       *Movement         `json:"movement,omitempty"`
	Customer       *Customer         `json:"customer,omitempty"`
}

// Movement is how a metric moved.
type Movement struct {
	Measure          string            `json:"measure"`
	Figure           float64           `json:"figure"`
	Reference        float64           `json:"reference"`
	Answers          int               `json:"answers"`
	ReferenceAnswers int               `json:"referenceAnswers"`
	WindowSeconds    float64           `json:"windowSeconds"`
	Series           map[string]string `json:"series,omitempty"`
}

// Customer is there only for a receiver with verbatims: true.
type Customer struct {
	Name      string   `json:"name,omitempty"`
	Phone     string   `json:"phone,omitempty"`
	Email     string   `json:"email,omitempty"`
	Verbatims []string `json:"verbatims,omitempty"`
}

// Fallback is what a fallback did.
type Fallback struct {
	Name          string   `json:"name"`
	Queue         string   `json:"queue"`
	Active        bool     `json:"active"`
	WaitSeconds   *float64 `json:"waitSeconds,omitempty"`
	BeginsSeconds float64  `json:"beginsSeconds"`
	EndsSeconds   float64  `json:"endsSeconds"`
	Measures      []string `json:"measures"`
}

// Body is the JSON of a job, the same with each try.
func Body(j Job) ([]byte, error) {
	f := j.Facts
	p := Payload{Type: "alerts." + f.Kind, Timestamp: f.At.UTC(), Data: Data{
		Notification: f.Notification, Receiver: f.Receiver, Kind: f.Kind, Title: j.Document.Title, Text: j.Document.Plain(), Language: f.Language,
		Route: f.Route, Group: f.Group, Labels: f.Labels, Severity: f.Severity, Step: f.Step,
		FiringCount: f.FiringCount, Firing: alerts(f.Firing), ResolvedCount: f.ResolvedCount, Resolved: alerts(f.Resolved), URL: f.URL,
	}}
	if f.FiringCount == 0 {
		p.Data.Severity = ""
	}
	if b := f.Fallback; b != nil {
		p.Data.Fallback = &Fallback{
			Name: b.Name, Queue: b.Queue, Active: b.Active, BeginsSeconds: b.Begins.Seconds(), EndsSeconds: b.Ends.Seconds(),
			Measures: append([]string{}, b.Measures...),
		}
		if b.Wait != nil {
			s := b.Wait.Seconds()
			p.Data.Fallback.WaitSeconds = &s
		}
	}
	return encoded(p)
}

func alerts(all []message.Alert) []Alert {
	out := make([]Alert, 0, len(all))
	for _, a := range all {
		one := Alert{
			ID: a.ID, Rule: a.Rule, Severity: a.Severity, State: a.State, Team: a.Team, Survey: a.Survey, Labels: a.Labels, RaisedAt: a.Since.UTC(),
			AcknowledgedBy: a.AcknowledgedBy, Resolution: a.Resolution, Metric: a.Metric, Value: a.Value, Class: a.Class, Callback: a.Callback,
		}
		if m := a.Movement; m != nil {
			one.Movement = &Movement{
				Measure: m.Measure, Figure: m.Figure, Reference: m.Reference, Answers: m.Answers, ReferenceAnswers: m.ReferenceAnswers,
				WindowSeconds: m.Window.Seconds(), Series: m.Series,
			}
		}
		if c := a.Customer; c != nil {
			one.Customer = &Customer{Name: c.Name, Phone: c.Phone, Email: c.Email, Verbatims: c.Verbatims}
		}
		out = append(out, one)
	}
	return out
}

func encoded(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// pretty is JSON as a person reads it.
func pretty(body []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, body, "", "  ") != nil {
		return string(body)
	}
	return b.String()
}

package alerting

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/movement"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// BenchmarkAlert is all the work of one scored response on one core but the
// server's: decode, decide, encode; by the shipped rules, and by more of them like those
// that a company writes.
func BenchmarkAlert(b *testing.B) {
	for _, c := range []struct {
		name  string
		rules int
		class eventsv1.Class
		more  []string
	}{
		{"promoter", 4, eventsv1.Class_PROMOTER, nil},
		{"detractor", 4, eventsv1.Class_DETRACTOR, nil},
		{"detractor,_10_rules", 10, eventsv1.Class_DETRACTOR, nil},
		{"detractor,_100_rules", 100, eventsv1.Class_DETRACTOR, nil},
		{"detractor,_1000_rules", 1000, eventsv1.Class_DETRACTOR, nil},
		{"detractor,_1000_rules,_one_asks_history", 1000, eventsv1.Class_DETRACTOR, []string{"nps.class == Class.DETRACTOR && history.called_within(7)"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			set, d := many(b, c.rules, c.more...), toHandle(b, c.class)
			b.ReportAllocs()
			for b.Loop() {
				scored := &eventsv1.ResponseScored{}
				if err := d.Decode(scored); err != nil {
					b.Fatal(err)
				}
				if err := alert.Check(scored); err != nil {
					b.Fatal(err)
				}
				var h *rule.History
				if set.AsksHistory() {
					h = rule.NewHistory(nobody{}, alert.AsOf(scored), set)
				}
				events, _, _ := alert.Decide(set, scored, h)
				for _, e := range events {
					if _, err := proto.Marshal(e.Body); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "responses/s")
		})
	}
}

// nobody is the past of whom nothing is known.
type nobody struct{}

func (nobody) Callbacks() (rule.Callbacks, error)             { return rule.Callbacks{}, nil }
func (nobody) Answers(int) ([]*eventsv1.EarlierAnswer, error) { return nil, nil }
func (nobody) DoNotCall() (bool, error)                       { return false, nil }

// many is the shipped rules, those with the conditions given and, up to n, rules like those
// a company writes.
func many(tb testing.TB, n int, more ...string) *rule.Set {
	kinds := []string{
		`survey == "survey-%d" && nps.class == Class.DETRACTOR`,
		`attributes[?"segment"].orValue("") == "segment-%d" && csat.class == Class.DISSATISFIED`,
		`touchpoint == "touchpoint-%d" && has(ces.metric) && ces.satisfaction < 20.0 && may_call`,
		`score.worst_class == Class.DETRACTOR && channel == "channel-%d"`,
	}
	var b strings.Builder
	b.Write(rule.DefaultText)
	for i, when := range more {
		fmt.Fprintf(&b, "  - name: more_%d\n    when: |\n      %s\n", i, when)
	}
	for i := 4 + len(more); i < n; i++ {
		fmt.Fprintf(&b, "  - name: rule_%d\n    when: |\n      %s\n", i, fmt.Sprintf(kinds[i%len(kinds)], i))
	}
	set, err := rule.Load("many.yaml", []byte(b.String()), rule.Options{})
	require.NoError(tb, err)
	require.Len(tb, set.Rules, n)
	return set
}

// BenchmarkFigure is all the work of one scored response for figures on one core: decode, and
// count in each rule that it counts in, for responses that are each another's and come at 100
// a second. look-us is what judging all figures takes, once.
func BenchmarkFigure(b *testing.B) {
	for _, rules := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("%d_metric_rules", rules), func(b *testing.B) {
			d := toHandle(b, eventsv1.Class_DETRACTOR)
			at := time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)
			w := movement.New(at, 0)
			w.Use(manyMetrics(b, rules), at)
			w.Filled()
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				scored := &eventsv1.ResponseScored{}
				if err := d.Decode(scored); err != nil {
					b.Fatal(err)
				}
				if err := alert.Check(scored); err != nil {
					b.Fatal(err)
				}
				n++
				scored.Received.Response.Id = strconv.Itoa(n)
				scored.Received.ReceivedAt = timestamppb.New(at.Add(time.Duration(n) * 10 * time.Millisecond))
				w.Take(scored)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "responses/s")
			begun := time.Now()
			w.Look(at.Add(time.Duration(n)*10*time.Millisecond + 48*time.Hour))
			b.ReportMetric(float64(time.Since(begun).Microseconds()), "look-us")
		})
	}
}

// manyMetrics are metric rules like those that a company writes: of all, of some surveys,
// each theme or region by itself.
func manyMetrics(tb testing.TB, n int) *rule.Set {
	kinds := []string{
		`measure: NPS, window: 24h, against: {last: 28d}, drops_by: 10`,
		`measure: NPS, of: survey == "survey-%d", window: 24h, drops_by: 10`,
		`measure: share, share: '"urgent" in intents', by: [attributes.region], window: 24h, rises_by: 5`,
		`measure: count, of: touchpoint == "touchpoint-%d" && may_call, window: 4h, drops_by: 50`,
		`measure: CSAT, by: [survey, theme], window: 7d, drops_by: 10`,
		`measure: NPS, by: [channel], of: 'attributes[?"segment"].orValue("") == "segment-%d"', window: 24h, below: 10`,
	}
	var b strings.Builder
	b.Write(rule.DefaultText)
	b.WriteString("metrics:\n")
	for i := range n {
		text := kinds[i%len(kinds)]
		if strings.Contains(text, "%d") {
			text = fmt.Sprintf(text, i)
		}
		fmt.Fprintf(&b, "  - {name: metric_%d, %s}\n", i, text)
	}
	set, err := rule.Load("many.yaml", []byte(b.String()), rule.Options{})
	require.NoError(tb, err)
	require.Len(tb, set.Metrics, n)
	return set
}

func toHandle(tb testing.TB, class eventsv1.Class) bus.Delivery {
	e := &eventsv1.ResponseScored{
		EventId: strings.Repeat("e", 34), ScorerVersion: "1",
		Received: &eventsv1.ResponseReceived{
			EventId: strings.Repeat("e", 32), Revision: 1, CustomerKey: strings.Repeat("a", 26), Bucket: "0af",
			Response: &eventsv1.Response{
				Id: "r-1001", Survey: "apres-livraison", Channel: "email", Touchpoint: "delivery",
				Customer: &eventsv1.Customer{
					Id: "C-1042", Name: "Invented Name", Phone: "+33199001010", Email: "invented@example.org", Language: "fr", TimeZone: "Europe/Paris",
				},
				Answers: []*eventsv1.Answer{
					{Metric: eventsv1.Metric_NPS, Value: proto.Float64(2)}, {Verbatim: strings.Repeat("Livré en retard. ", 9)},
				},
				Attributes: map[string]string{"segment": "pro", "region": "IDF"},
			},
		},
		Score: &eventsv1.Score{
			Answers: []*eventsv1.AnswerScore{
				{Metric: eventsv1.Metric_NPS, Value: 2, Class: class, Satisfaction: 20, Scale: &eventsv1.Scale{Max: 10, Direction: 1}},
			},
			WorstClass: class, WorstSatisfaction: 20, Verbatims: []*eventsv1.VerbatimAnalysis{{Status: 1}},
		},
	}
	data, err := proto.Marshal(e)
	require.NoError(tb, err)
	return bus.Delivery{Type: string(e.ProtoReflect().Descriptor().FullName()), Data: data}
}

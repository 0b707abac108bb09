package alerting

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
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
	}{
		{"promoter", 4, eventsv1.Class_PROMOTER},
		{"detractor", 4, eventsv1.Class_DETRACTOR},
		{"detractor,_10_rules", 10, eventsv1.Class_DETRACTOR},
		{"detractor,_100_rules", 100, eventsv1.Class_DETRACTOR},
		{"detractor,_1000_rules", 1000, eventsv1.Class_DETRACTOR},
	} {
		b.Run(c.name, func(b *testing.B) {
			set, d := many(b, c.rules), toHandle(b, c.class)
			b.ReportAllocs()
			for b.Loop() {
				scored := &eventsv1.ResponseScored{}
				if err := d.Decode(scored); err != nil {
					b.Fatal(err)
				}
				if err := alert.Check(scored); err != nil {
					b.Fatal(err)
				}
				events, _ := alert.Decide(set, scored)
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

// many is the shipped rules and, up to n, rules like those a company writes.
func many(tb testing.TB, n int) *rule.Set {
	kinds := []string{
		`survey == "survey-%d" && nps.class == Class.DETRACTOR`,
		`attributes[?"segment"].orValue("") == "segment-%d" && csat.class == Class.DISSATISFIED`,
		`touchpoint == "touchpoint-%d" && has(ces.metric) && ces.satisfaction < 20.0 && may_call`,
		`score.worst_class == Class.DETRACTOR && channel == "channel-%d"`,
	}
	var b strings.Builder
	b.Write(rule.DefaultText)
	for i := 4; i < n; i++ {
		fmt.Fprintf(&b, "  - name: rule_%d\n    when: |\n      %s\n", i, fmt.Sprintf(kinds[i%len(kinds)], i))
	}
	set, err := rule.Load("many.yaml", []byte(b.String()), rule.Options{})
	require.NoError(tb, err)
	require.Len(tb, set.Rules, n)
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

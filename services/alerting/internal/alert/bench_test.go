package alert_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// BenchmarkDecide is the cost of the rules alone, on one core: a detractor with
// a revision before, under the shipped rules and under more like them.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{4, 10, 100, 1000} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			set := many(b, n)
			e := scored(revision(2, answers{nps: 9}), answers{nps: 2})
			b.ReportAllocs()
			for b.Loop() {
				if events, failures := alert.Decide(set, e); len(events) == 0 || len(failures) != 0 {
					b.Fatal("decided wrongly")
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

package callback

import (
	"fmt"
	"testing"
)

// BenchmarkClaim is the decision of a claim: on a fresh callback, and on the
// largest aggregate there is.
func BenchmarkClaim(b *testing.B) {
	full := in(b, Pending)
	for i := range MaxTaken + MaxReasons {
		full.do(take(fmt.Sprintf("x%d", i)))
	}
	for name, s := range map[string]*story{"fresh": in(b, Pending), "full": full} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.policy.Decide(s.agg, Claim{AgentID: amina, RequestID: "q1"}, s.now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTakeAlert is the decision of one more alert on the largest aggregate.
func BenchmarkTakeAlert(b *testing.B) {
	s := in(b, Pending)
	for i := range MaxTaken + MaxReasons {
		s.do(take(fmt.Sprintf("x%d", i)))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.policy.Decide(s.agg, take("new"), s.now); err != nil {
			b.Fatal(err)
		}
	}
}

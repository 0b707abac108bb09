package transport

import (
	"context"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/movement"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// Figures are those of metric rules, and when they were looked at.
type Figures interface {
	Show() ([]movement.Tracked, time.Time)
}

// How many figures of a rule are shown, where all rules are and where one is.
const (
	mostFigures    = 100
	mostFiguresOne = movement.MostSeries
)

// ListMetricRules shows the metric rules with their figures.
func (s *Server) ListMetricRules(_ context.Context, r *alertingv1.ListMetricRulesRequest) (*alertingv1.ListMetricRulesResponse, error) {
	set := s.deps.Book.Current().Set
	if r.GetRule() != "" && !slices.ContainsFunc(set.Metrics, func(m *rule.Metric) bool { return m.Name == r.GetRule() }) {
		return nil, rpc.Refused(codes.NotFound, "NO_SUCH_RULE", "there is no such metric rule in force")
	}
	tracked, at := s.deps.Figures.Show()
	resp := &alertingv1.ListMetricRulesResponse{Version: set.Version}
	if !at.IsZero() {
		resp.LookedAt = timestamppb.New(at)
	}
	most := mostFigures
	if r.GetRule() != "" {
		most = mostFiguresOne
	}
	for _, m := range set.Metrics {
		if r.GetRule() != "" && m.Name != r.GetRule() {
			continue
		}
		one := metricRule(m)
		i := slices.IndexFunc(tracked, func(t movement.Tracked) bool { return t.Metric.Name == m.Name })
		if one.Filling = i < 0; i >= 0 {
			figures(one, tracked[i], r.GetFiring(), most)
		}
		resp.Rules = append(resp.Rules, one)
	}
	return resp, nil
}

// metricRule is a rule without its figures.
func metricRule(m *rule.Metric) *alertingv1.MetricRule {
	out := &alertingv1.MetricRule{
		Name: m.Name, Description: m.Description, Measure: string(m.Measure), By: m.By, Window: durationpb.New(m.Window),
		Weeks: uint32(m.Weeks), AtLeast: uint32(m.AtLeast), //nolint:gosec // bounded by the reader
		Confidence: m.Confidence, BackFor: durationpb.New(m.BackFor), Notify: m.Notify, Severity: m.Severity, Team: m.Team, Labels: m.Labels,
	}
	if m.Of != nil {
		out.Of = m.Of.When
	}
	if m.Share != nil {
		out.Share = m.Share.When
	}
	if m.Against == rule.Last {
		out.Last = durationpb.New(m.Last)
	}
	move := &m.Move
	switch bar := m.Against == rule.Bar; {
	case bar && m.Rises:
		out.Above = move
	case bar:
		out.Below = move
	case m.Rises:
		out.RisesBy = move
	default:
		out.DropsBy = move
	}
	return out
}

// figures adds those of a rule, the firing ones first.
func figures(to *alertingv1.MetricRule, t movement.Tracked, firing bool, most int) {
	to.Overflow, to.Failed, to.Filling = t.Overflow, t.Failed, t.Filling
	all := slices.Clone(t.Series)
	if firing {
		all = slices.DeleteFunc(all, func(r movement.Reading) bool { return !r.Firing })
	}
	slices.SortStableFunc(all, func(a, b movement.Reading) int {
		switch {
		case a.Firing == b.Firing:
			return 0
		case a.Firing:
			return -1
		default:
			return 1
		}
	})
	if len(all) > most {
		to.MoreFigures = uint32(len(all) - most) //nolint:gosec // at most 500
		all = all[:most]
	}
	for _, r := range all {
		one := &alertingv1.MetricFigure{
			Series: r.Series(), From: timestamppb.New(r.From), Until: timestamppb.New(r.To), Figure: r.Figure, Reference: r.Reference,
			Answers: r.Answers, ReferenceAnswers: r.ReferenceAnswers, Moved: r.Moved, Enough: r.Enough, Firing: r.Firing,
		}
		if r.P < 1 {
			one.PValue = &r.P
		}
		to.Figures = append(to.Figures, one)
	}
}

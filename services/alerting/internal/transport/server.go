// Package transport answers who asks about rules and alerts over gRPC, and through the gateway over
// HTTP/JSON.
package transport

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/rehearsal"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/alerting/internal/rulebook"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Book is the rules that callers see and change.
type Book interface {
	Current() rulebook.InForce
	File() string
	Check(text string) (*rule.Set, error)
	Put(ctx context.Context, text, by string, number *uint64) (rulebook.Version, error)
	Versions(ctx context.Context, before uint64, most int) ([]rulebook.Version, uint64, error)
	Version(ctx context.Context, name string) (rulebook.Version, string, error)
}

var _ Book = (*rulebook.Book)(nil)

// Counts are how often a rule did something since the process started.
type Counts struct{ Raised, Resolved, Failed uint64 }

// Counter knows them.
type Counter interface{ Counts(rule string) Counts }

// Rehearser runs a draft over the past.
type Rehearser interface {
	Rehearse(ctx context.Context, p rehearsal.Plan, since time.Time, tell func(read, of uint64) error) (*alertingv1.RehearsalReport, error)
}

// Deps is what a Server answers from.
type Deps struct {
	Book      Book
	Counts    Counter
	Rehearser Rehearser
	Figures   Figures
	// Alerts are those that stand, and stood.
	Alerts Alerts
	// Told is what becomes of them; nil is that nobody is told.
	Told Told
	// Groups are those that people are told of together, Silences what is kept back from
	// them; Now says what time it is.
	Groups   Groups
	Silences Silences
	Now      func() time.Time
	// Deliveries are what people are told, on its way.
	Deliveries Deliveries
	Fallbacks  Fallbacks
	// Stopping is closed when the server begins to stop: rehearsals end then.
	Stopping <-chan struct{}
	// Since is when counting began.
	Since time.Time
}

// Server implements AlertingService.
type Server struct {
	alertingv1.UnimplementedAlertingServiceServer
	deps Deps
	slot chan struct{} // held by the rehearsal that runs
}

// New returns a server.
func New(d Deps) *Server { return &Server{deps: d, slot: make(chan struct{}, 1)} }

// ListRules shows the rules that run.
func (s *Server) ListRules(context.Context, *alertingv1.ListRulesRequest) (*alertingv1.ListRulesResponse, error) {
	now := s.deps.Book.Current()
	resp := &alertingv1.ListRulesResponse{Version: version(now.Version), File: s.deps.Book.File(), CountedSince: timestamppb.New(s.deps.Since)}
	for _, r := range now.Set.Rules {
		c := s.deps.Counts.Counts(r.Name)
		fallbacks := make([]string, len(r.Fallbacks))
		for i, f := range r.Fallbacks {
			fallbacks[i] = f.Name
		}
		resp.Rules = append(resp.Rules, &alertingv1.Rule{
			Name: r.Name, Description: r.Description, When: r.When, About: r.About, Severity: r.Severity, Team: r.Team,
			Labels: r.Labels, Stop: r.Stop, Callback: r.Callback, Raised: c.Raised, Resolved: c.Resolved, Failed: c.Failed,
			Notify: r.Notify, ResolvesAfter: r.ResolvesAfter, Fallbacks: fallbacks,
		})
	}
	return resp, nil
}

// ValidateRules says everything that is wrong with rules.
func (s *Server) ValidateRules(_ context.Context, r *alertingv1.ValidateRulesRequest) (*alertingv1.ValidateRulesResponse, error) {
	set, err := s.deps.Book.Check(r.GetText())
	var refused *strictyaml.Error
	switch {
	case errors.As(err, &refused):
		resp := &alertingv1.ValidateRulesResponse{MoreFaults: uint32(refused.More)}
		for _, p := range refused.Problems {
			resp.Faults = append(resp.Faults, &alertingv1.Fault{Line: uint32(p.Line), Column: uint32(p.Column), Path: valid(p.Path), Message: valid(p.Message)})
		}
		return resp, nil
	case err != nil:
		return nil, err
	}
	return &alertingv1.ValidateRulesResponse{Version: set.Version, Rules: uint32(len(set.Rules)), Metrics: uint32(len(set.Metrics))}, nil
}

// PutRules puts rules in the place of those that run.
func (s *Server) PutRules(ctx context.Context, r *alertingv1.PutRulesRequest) (*alertingv1.PutRulesResponse, error) {
	if !isBy(r.GetBy()) {
		return nil, rpc.Invalid(rpc.Field{Path: "by", Problem: "must be at most 64 letters, digits, or . _ - @"})
	}
	v, err := s.deps.Book.Put(ctx, r.GetText(), r.GetBy(), r.Number)
	if err != nil {
		return nil, s.status(err)
	}
	return &alertingv1.PutRulesResponse{Version: version(v)}, nil
}

// Sizes of a page.
const (
	usualPage = 20
	mostPage  = 100
)

// ListRuleVersions shows the versions that were in force.
func (s *Server) ListRuleVersions(ctx context.Context, r *alertingv1.ListRuleVersionsRequest) (*alertingv1.ListRuleVersionsResponse, error) {
	most := int(r.GetPageSize())
	if most == 0 {
		most = usualPage
	}
	var before uint64
	var wrong []rpc.Field
	if most > mostPage {
		wrong = append(wrong, rpc.Field{Path: "pageSize", Problem: "must be 1 to " + strconv.Itoa(mostPage)})
	}
	if token := r.GetPageToken(); token != "" {
		var err error
		if before, err = strconv.ParseUint(token, 10, 64); err != nil || before == 0 {
			wrong = append(wrong, rpc.Field{Path: "pageToken", Problem: "must be the nextPageToken of an answer"})
		}
	}
	if len(wrong) > 0 {
		return nil, rpc.Invalid(wrong...)
	}
	versions, next, err := s.deps.Book.Versions(ctx, before, most)
	if err != nil {
		return nil, s.status(err)
	}
	resp := &alertingv1.ListRuleVersionsResponse{}
	for _, v := range versions {
		resp.Versions = append(resp.Versions, version(v))
	}
	if next > 0 {
		resp.NextPageToken = strconv.FormatUint(next, 10)
	}
	return resp, nil
}

// GetRuleVersion shows one version whole.
func (s *Server) GetRuleVersion(ctx context.Context, r *alertingv1.GetRuleVersionRequest) (*alertingv1.GetRuleVersionResponse, error) {
	v, text, err := s.deps.Book.Version(ctx, r.GetVersion())
	if err != nil {
		return nil, s.status(err)
	}
	return &alertingv1.GetRuleVersionResponse{Version: version(v), Text: valid(text)}, nil
}

func version(v rulebook.Version) *alertingv1.RulesVersion {
	out := &alertingv1.RulesVersion{Number: v.Number, Version: v.Name, Sha256: v.SHA256, By: v.By, Origin: v.Origin}
	if !v.At.IsZero() {
		out.At = timestamppb.New(v.At)
	}
	return out
}

// isBy reports whether a text can say who: it may be empty.
func isBy(s string) bool {
	return len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-@", r)
	})
}

func valid(s string) string { return strings.ToValidUTF8(s, "?") }

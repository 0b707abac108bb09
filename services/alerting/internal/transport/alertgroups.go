package transport

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/alertstate"
	"github.com/rappel-loop/rappel/services/alerting/internal/plan"
	"github.com/rappel-loop/rappel/services/alerting/internal/planner"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// Groups are the alerts that people are told of together.
type Groups interface {
	Ready() error
	Groups(route string) []planner.Group
	Firing(key string) ([]*eventsv1.AlertState, bool)
	Silences(several []plan.Silence) []uint32
}

var (
	_ Groups = (*planner.Planner)(nil)
	_ Told   = (*planner.Planner)(nil)
)

// ListAlertGroups shows the groups in which people are told, the worst first.
func (s *Server) ListAlertGroups(_ context.Context, r *alertingv1.ListAlertGroupsRequest) (*alertingv1.ListAlertGroupsResponse, error) {
	var wrong rpc.Wrong
	most := int(r.GetPageSize())
	if most == 0 {
		most = usualAlerts
	}
	if most < 1 || most > mostAlerts {
		wrong.Field("pageSize", fmt.Sprintf("must be 1 to %d", mostAlerts))
	}
	if r.GetRoute() != "" && subject.CheckToken(r.GetRoute()) != nil {
		wrong.Field("route", subject.ErrToken.Error())
	}
	var after *planner.Group
	if token := r.GetPageToken(); token != "" {
		if after = readGroupPlace(token); after == nil {
			wrong.Field("pageToken", "must be the nextPageToken of an answer")
		}
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	if err := s.deps.Groups.Ready(); err != nil {
		return nil, alertStatus(err)
	}
	resp := &alertingv1.ListAlertGroupsResponse{}
	for _, g := range s.deps.Groups.Groups(r.GetRoute()) {
		if after != nil && (g.Severity > after.Severity || g.Severity == after.Severity && g.Key <= after.Key) {
			continue
		}
		if len(resp.Groups) == most {
			last := resp.Groups[most-1]
			resp.NextPageToken = fmt.Sprintf("%d.%s", last.GetSeverity(), last.GetKey())
			break
		}
		resp.Groups = append(resp.Groups, alertGroup(g))
	}
	return resp, nil
}

// readGroupPlace reads where a page of groups begins; nil for what is no such place.
func readGroupPlace(token string) *planner.Group {
	severity, key, found := strings.Cut(token, ".")
	g := &planner.Group{Key: key}
	if _, err := fmt.Sscanf(severity, "%d", &g.Severity); err != nil || !found || subject.CheckToken(key) != nil {
		return nil
	}
	return g
}

func alertGroup(g planner.Group) *alertingv1.AlertGroup {
	out := &alertingv1.AlertGroup{
		Key: g.Key, Route: g.Route, Labels: g.Labels, Severity: g.Severity, Firing: uint32(g.Firing),
		Acknowledged: uint32(g.Acknowledged), HeldBack: uint32(g.HeldBack), Told: g.Told,
	}
	if !g.Next.IsZero() {
		out.NextAt = timestamppb.New(g.Next)
	}
	return out
}

// atOnce is how many alerts of a group are acknowledged at once: each waits for the disk.
const atOnce = 32

// AcknowledgeAlertGroup acknowledges every alert of a group that stands.
func (s *Server) AcknowledgeAlertGroup(ctx context.Context, r *alertingv1.AcknowledgeAlertGroupRequest) (*alertingv1.AcknowledgeAlertGroupResponse, error) {
	var wrong rpc.Wrong
	wrong.By(r.GetBy(), true)
	comment(&wrong, r.GetComment())
	holdFor(&wrong, r.GetHoldFor())
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	if err := s.deps.Groups.Ready(); err != nil {
		return nil, alertStatus(err)
	}
	alerts, found := s.deps.Groups.Firing(r.GetKey())
	if !found {
		return nil, rpc.Refused(codes.NotFound, "NO_SUCH_GROUP", "there is no such group of alerts; one is there as long as alerts of it stand")
	}
	done, err := s.acknowledgeAll(ctx, alerts, func(a *eventsv1.AlertState) alertstate.Hold {
		h := alertstate.Hold{By: r.GetBy(), Comment: r.GetComment(), For: r.GetHoldFor().AsDuration()}
		if r.GetHoldFor() == nil {
			h.For = s.told().HoldFor(a)
		}
		return h
	})
	if err != nil {
		return nil, alertStatus(err)
	}
	return &alertingv1.AcknowledgeAlertGroupResponse{Acknowledged: done}, nil
}

// acknowledgeAll acknowledges several alerts; those that stand no more by then are passed
// over. The same again does what an error left undone.
func (s *Server) acknowledgeAll(ctx context.Context, alerts []*eventsv1.AlertState, hold func(*eventsv1.AlertState) alertstate.Hold) (uint32, error) {
	var mu sync.Mutex
	var done uint32
	var failed error
	slots := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for _, a := range alerts {
		slots <- struct{}{}
		mu.Lock()
		stop := failed != nil
		mu.Unlock()
		if stop {
			break
		}
		all.Go(func() {
			defer func() { <-slots }()
			_, err := s.deps.Alerts.Acknowledge(ctx, a.GetId(), hold(a))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				done++
			case !errors.Is(err, alertstate.ErrResolved) && !errors.Is(err, alertstate.ErrUnknown):
				failed = err
			}
		})
	}
	all.Wait()
	return done, failed
}

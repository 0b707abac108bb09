package cli

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/durationpb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

// staffing is who works, as the flags and the callback queue say.
func (r *rehearsing) staffing(ctx context.Context) ([]*alertingv1.Staffing, error) {
	base := func(queue string, agents uint32, pace float64) *alertingv1.Staffing {
		s := &alertingv1.Staffing{Queue: queue, Agents: agents, CallbacksAnHour: pace, HoursADay: r.hours, OpenFor: durationpb.New(r.openFor)}
		if r.target > 0 {
			s.Target = durationpb.New(r.target)
		}
		return s
	}
	all := map[string]*alertingv1.Staffing{"": base("", r.agents, r.pace)}
	if r.agents == 0 || r.pace == 0 {
		for _, q := range r.stats(ctx) {
			agents, pace := working(q)
			if r.agents > 0 {
				agents = r.agents
			}
			if r.pace > 0 {
				pace = r.pace
			}
			all[q.GetQueue()] = base(q.GetQueue(), agents, pace)
		}
	}
	for _, s := range r.staff {
		queue, numbers, _ := strings.Cut(s, "=")
		agents, pace, _ := strings.Cut(numbers, ":")
		n, err := strconv.ParseUint(agents, 10, 32)
		p, perr := strconv.ParseFloat(pace, 64)
		if queue == "" || err != nil || perr != nil {
			return nil, fmt.Errorf("--staff %s: must be a queue, its agents, and the callbacks that one finishes an hour, as vip=3:2.5", s)
		}
		all[queue] = base(queue, uint32(n), p)
	}
	list := make([]*alertingv1.Staffing, 0, len(all))
	for _, s := range all {
		list = append(list, s)
	}
	return list, nil
}

// working are the agents of a queue, and how many callbacks one of them finishes an hour, as
// the predicted wait says: one that comes now waits for those that are ready, and itself.
func working(q *callbackv1.QueueStats) (agents uint32, pace float64) {
	agents = uint32(max(q.GetAgents(), 0)) //nolint:gosec // a floor is no larger
	if wait := q.GetPredictedWait().AsDuration().Hours(); wait > 0 && agents > 0 {
		pace = float64(q.GetReady()+1) / (wait * float64(agents))
	}
	return agents, pace
}

// stats are the queues as they are now; none where they can't be had, which costs a part of
// the report.
func (r *rehearsing) stats(ctx context.Context) []*callbackv1.QueueStats {
	at := r.queues
	if at == "" {
		at = r.server
	}
	api, err := httpapi.New(at, r.client)
	if err != nil {
		return nil
	}
	resp := &callbackv1.GetQueueStatsResponse{}
	answer, err := api.Do(ctx, http.MethodGet, "/v1/queues", nil, nil)
	if err != nil || read(answer, resp) != nil {
		return nil
	}
	return resp.GetQueues()
}

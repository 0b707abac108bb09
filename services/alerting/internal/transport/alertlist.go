package transport

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/matcher"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// Sizes of a page of alerts, and how many matchers may pick them.
const (
	usualAlerts  = 50
	mostAlerts   = 200
	mostMatchers = 20
)

// ListAlerts shows alerts as they stand, the worst and newest first.
func (s *Server) ListAlerts(_ context.Context, r *alertingv1.ListAlertsRequest) (*alertingv1.ListAlertsResponse, error) {
	q, err := newQuery(r)
	if err != nil {
		return nil, err
	}
	if err := s.deps.Alerts.Ready(); err != nil {
		return nil, alertStatus(err)
	}
	for a := range s.deps.Alerts.Alerts() {
		if q.wants(a) && s.isIn(a, q.group) {
			q.take(a)
		}
	}
	resp := &alertingv1.ListAlertsResponse{}
	for i, a := range q.page {
		if i == q.most {
			resp.NextPageToken = placeOf(q.page[i-1]).token()
			break
		}
		resp.Alerts = append(resp.Alerts, s.alert(a))
	}
	return resp, nil
}

// isIn reports whether an alert is in a group; every one is in the empty group.
func (s *Server) isIn(a *eventsv1.AlertState, group string) bool {
	if group == "" {
		return true
	}
	groups, _ := s.told().Of(a)
	return slices.Contains(groups, group)
}

// query is what a request asks for, and the page that was found of it so far.
type query struct {
	states     []eventsv1.AlertState_State
	severities []eventsv1.Severity
	matchers   []matcher.Matcher
	group      string
	customer   string
	after      *place
	most       int
	page       []*eventsv1.AlertState // in order, one more than most at most
}

// newQuery reads a request, or says everything that is wrong with it.
func newQuery(r *alertingv1.ListAlertsRequest) (*query, error) {
	var wrong rpc.Wrong
	q := &query{states: r.GetStates(), severities: r.GetSeverities(), group: r.GetGroup(), customer: r.GetCustomerKey(), most: int(r.GetPageSize())}
	for i, state := range q.states {
		if _, known := eventsv1.AlertState_State_name[int32(state)]; !known || state == eventsv1.AlertState_STATE_UNSPECIFIED {
			wrong.Field(fmt.Sprintf("states[%d]", i), "must be FIRING, ACKNOWLEDGED or RESOLVED")
		}
	}
	for i, severity := range q.severities {
		if _, known := eventsv1.Severity_name[int32(severity)]; !known || severity == eventsv1.Severity_SEVERITY_UNSPECIFIED {
			wrong.Field(fmt.Sprintf("severities[%d]", i), "must be LOW, MEDIUM, HIGH or CRITICAL")
		}
	}
	if len(r.GetMatchers()) > mostMatchers {
		wrong.Field("matchers", fmt.Sprintf("must be at most %d", mostMatchers))
	} else {
		for i, text := range r.GetMatchers() {
			m, err := matcher.Parse(text)
			if err != nil {
				wrong.Field(fmt.Sprintf("matchers[%d]", i), err.Error())
			}
			q.matchers = append(q.matchers, m)
		}
	}
	if q.customer != "" && subject.CheckCustomerKey(q.customer) != nil {
		wrong.Field("customerKey", "must be 26 characters of lower-case base32")
	}
	if q.group != "" && subject.CheckToken(q.group) != nil {
		wrong.Field("group", subject.ErrToken.Error())
	}
	if q.most == 0 {
		q.most = usualAlerts
	}
	if q.most < 1 || q.most > mostAlerts {
		wrong.Field("pageSize", fmt.Sprintf("must be 1 to %d", mostAlerts))
	}
	if token := r.GetPageToken(); token != "" {
		if q.after = readPlace(token); q.after == nil {
			wrong.Field("pageToken", "must be the nextPageToken of an answer")
		}
	}
	if len(q.states) == 0 {
		q.states = []eventsv1.AlertState_State{eventsv1.AlertState_FIRING, eventsv1.AlertState_ACKNOWLEDGED}
	}
	return q, wrong.Err()
}

// wants reports whether an alert is asked for, but for its group.
func (q *query) wants(a *eventsv1.AlertState) bool {
	return slices.Contains(q.states, a.GetState()) &&
		(len(q.severities) == 0 || slices.Contains(q.severities, a.GetSeverity())) &&
		(q.customer == "" || a.GetCustomerKey() == q.customer) &&
		(q.after == nil || placeOf(a).compare(*q.after) > 0) &&
		!slices.ContainsFunc(q.matchers, func(m matcher.Matcher) bool { return !m.Picks(a.GetLabels()) })
}

// take puts an alert into its place on the page, if it has one there.
func (q *query) take(a *eventsv1.AlertState) {
	own := placeOf(a)
	i, _ := slices.BinarySearchFunc(q.page, own, func(b *eventsv1.AlertState, p place) int { return placeOf(b).compare(p) })
	if i > q.most {
		return
	}
	q.page = slices.Insert(q.page, i, a)
	if len(q.page) > q.most+1 {
		q.page = q.page[:q.most+1]
	}
}

// place is where an alert stands in a list: the worst first, then the newest. It changes
// with the alert's severity and episode, and with nothing else.
type place struct {
	severity eventsv1.Severity
	raised   int64 // nanoseconds since 1970
	id       string
}

func placeOf(a *eventsv1.AlertState) place {
	return place{a.GetSeverity(), a.GetRaisedAt().AsTime().UnixNano(), a.GetId()}
}

func (p place) compare(other place) int {
	return cmp.Or(cmp.Compare(other.severity, p.severity), cmp.Compare(other.raised, p.raised), cmp.Compare(p.id, other.id))
}

func (p place) token() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %d %s", p.severity, p.raised, p.id))
}

// readPlace reads a token; nil for what is none.
func readPlace(token string) *place {
	text, err := base64.RawURLEncoding.DecodeString(token)
	parts := strings.Split(string(text), " ")
	if err != nil || len(parts) != 3 || subject.CheckToken(parts[2]) != nil {
		return nil
	}
	severity, err := strconv.ParseInt(parts[0], 10, 32)
	if err != nil {
		return nil
	}
	raised, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return nil
	}
	return &place{eventsv1.Severity(severity), raised, parts[2]}
}

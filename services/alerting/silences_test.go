package alerting_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/timeline"
)

// refusal is an error's reason, or the fields that it names.
func refusal(err error) (reason string, fields []string) {
	for _, d := range status.Convert(err).Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			reason = d.GetReason()
		case *errdetails.BadRequest:
			for _, f := range d.GetFieldViolations() {
				fields = append(fields, f.GetField())
			}
		}
	}
	return reason, fields
}

func calm(t *testing.T) (*stage, alertingv1.AlertingServiceServer) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "timelines", "01-a-group-waits.txt"))
	require.NoError(t, err)
	l, err := timeline.Parse(string(text))
	require.NoError(t, err)
	s := newStage(t, l)
	s.turn()
	return s, s.replicas[0].service.API()
}

func TestSilencesByTheAPI(t *testing.T) {
	t.Parallel()
	s, api := calm(t)
	s.answer(&timeline.Action{Given: map[string]string{"nps": "2", "theme": "price", "count": "2"}})
	s.turn()
	draft := func(from, to time.Duration) *alertingv1.SilenceDraft {
		return &alertingv1.SilenceDraft{
			Matchers: []string{"theme=price"}, StartsAt: timestamppb.New(begins.Add(from)), EndsAt: timestamppb.New(begins.Add(to)), Author: "sam", Comment: "known",
		}
	}
	made, err := api.CreateSilence(t.Context(), &alertingv1.CreateSilenceRequest{Silence: draft(0, time.Hour), RequestId: "r"})
	require.NoError(t, err)
	require.EqualValues(t, 2, made.GetAlerts())
	again, err := s.replicas[1].service.API().CreateSilence(t.Context(), &alertingv1.CreateSilenceRequest{Silence: draft(0, time.Hour), RequestId: "r"})
	require.NoError(t, err)
	require.Equal(t, made.GetSilence().GetId(), again.GetSilence().GetId())
	later, err := api.CreateSilence(t.Context(), &alertingv1.CreateSilenceRequest{Silence: draft(time.Hour, 2*time.Hour)})
	require.NoError(t, err)
	require.Zero(t, later.GetAlerts(), "it is to come")
	over, err := api.CreateSilence(t.Context(), &alertingv1.CreateSilenceRequest{Silence: draft(0, 3*time.Hour)})
	require.NoError(t, err)
	_, err = api.ExpireSilence(t.Context(), &alertingv1.ExpireSilenceRequest{Id: over.GetSilence().GetId(), By: "sam"})
	require.NoError(t, err)

	list, err := api.ListSilences(t.Context(), &alertingv1.ListSilencesRequest{})
	require.NoError(t, err)
	require.Len(t, list.GetSilences(), 2)
	list, err = api.ListSilences(t.Context(), &alertingv1.ListSilencesRequest{Ended: true})
	require.NoError(t, err)
	var states []string
	for _, v := range list.GetSilences() {
		states = append(states, v.GetState().String()+strconv.FormatBool(v.GetNow())+strconv.Itoa(int(v.GetAlerts())))
	}
	require.Equal(t, []string{"ACTIVEtrue2", "PENDINGfalse0", "ENDEDfalse0"}, states)
	one, err := api.GetSilence(t.Context(), &alertingv1.GetSilenceRequest{Id: made.GetSilence().GetId()})
	require.NoError(t, err)
	require.EqualValues(t, 2, one.GetSilence().GetAlerts())

	for want, call := range map[string]func() error{
		"NO_SUCH_SILENCE": func() error {
			_, err := api.GetSilence(t.Context(), &alertingv1.GetSilenceRequest{Id: "s-none"})
			return err
		},
		"SILENCE_ENDED": func() error {
			_, err := api.UpdateSilence(t.Context(), &alertingv1.UpdateSilenceRequest{Id: over.GetSilence().GetId(), Silence: draft(0, time.Hour)})
			return err
		},
	} {
		reason, _ := refusal(call())
		require.Equal(t, want, reason)
	}
	_, err = api.CreateSilence(t.Context(), &alertingv1.CreateSilenceRequest{})
	_, fields := refusal(err)
	require.Equal(t, []string{"silence.matchers", "silence.endsAt", "silence.author", "silence.comment"}, fields)
	_, err = api.ExpireSilence(t.Context(), &alertingv1.ExpireSilenceRequest{Id: "s"})
	_, fields = refusal(err)
	require.Equal(t, []string{"by"}, fields)
}

func TestGroupsByTheAPI(t *testing.T) {
	t.Parallel()
	s, api := calm(t)
	for n := range 5 {
		s.answer(&timeline.Action{Given: map[string]string{"nps": "2", "theme": "theme_" + strconv.Itoa(n)}})
	}
	s.answer(&timeline.Action{Given: map[string]string{"csat": "1", "theme": "last"}})
	s.turn()
	var keys []string
	token := ""
	for {
		page, err := api.ListAlertGroups(t.Context(), &alertingv1.ListAlertGroupsRequest{Route: "all", PageSize: 2, PageToken: token})
		require.NoError(t, err)
		for _, g := range page.GetGroups() {
			keys = append(keys, g.GetKey())
			require.Equal(t, begins.Add(30*time.Second), g.GetNextAt().AsTime())
			require.Nil(t, g.GetTold())
		}
		if token = page.GetNextPageToken(); token == "" {
			require.Equal(t, "last", page.GetGroups()[len(page.GetGroups())-1].GetLabels()["theme"], "the worst are first")
			break
		}
	}
	require.Len(t, keys, 6)
	none, err := api.ListAlertGroups(t.Context(), &alertingv1.ListAlertGroupsRequest{Route: "none"})
	require.NoError(t, err)
	require.Empty(t, none.GetGroups())

	done, err := api.AcknowledgeAlertGroup(t.Context(), &alertingv1.AcknowledgeAlertGroupRequest{Key: keys[0], By: "sam", HoldFor: durationpb.New(time.Hour)})
	require.NoError(t, err)
	require.EqualValues(t, 1, done.GetAcknowledged())
	done, err = api.AcknowledgeAlertGroup(t.Context(), &alertingv1.AcknowledgeAlertGroupRequest{Key: keys[0], By: "sam"})
	require.NoError(t, err)
	require.Zero(t, done.GetAcknowledged(), "it is done")

	_, err = api.AcknowledgeAlertGroup(t.Context(), &alertingv1.AcknowledgeAlertGroupRequest{Key: "g-none", By: "sam"})
	reason, _ := refusal(err)
	require.Equal(t, "NO_SUCH_GROUP", reason)
	_, err = api.AcknowledgeAlertGroup(t.Context(), &alertingv1.AcknowledgeAlertGroupRequest{Key: keys[0], HoldFor: durationpb.New(time.Second)})
	_, fields := refusal(err)
	require.Equal(t, []string{"by", "holdFor"}, fields)
	_, err = api.ListAlertGroups(t.Context(), &alertingv1.ListAlertGroupsRequest{Route: "a b", PageSize: 1000, PageToken: "x"})
	_, fields = refusal(err)
	require.Equal(t, []string{"pageSize", "route", "pageToken"}, fields)
}

package transport

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/invite"
	"github.com/rappel-loop/rappel/services/collector/internal/page"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/collector/internal/survey"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// Bounds of an invitation.
const (
	minValid = time.Minute
	maxValid = 366 * 24 * time.Hour
	// maxInvitationAttributes keeps links short.
	maxInvitationAttributes = 20
	// maxLink bounds a link, in characters: some mail programs cut longer ones.
	maxLink = 2000
)

// SurveyOptions are what the links are made with; all are required.
type SurveyOptions struct {
	// Ways says who may make links: those who may send answers to the survey.
	Ways    Options
	Surveys map[string]*survey.Survey
	Sealer  *invite.Sealer
	// Check returns what is wrong with a response, and takes it over: ingest's.
	Check func(*eventsv1.Response) []response.Violation
	// PublicURL is where customers reach the pages.
	PublicURL string
}

// Surveys implements the gRPC service of surveys.
type Surveys struct {
	collectorv1.UnimplementedSurveyServiceServer
	o SurveyOptions
}

// NewSurveys returns the gRPC service.
func NewSurveys(o SurveyOptions) *Surveys { return &Surveys{o: o} }

// CreateInvitation makes a link.
func (s *Surveys) CreateInvitation(ctx context.Context, req *collectorv1.CreateInvitationRequest) (*collectorv1.CreateInvitationResponse, error) {
	ctx, err := s.o.Ways.admitCall(ctx)
	if err != nil {
		return nil, s.o.Ways.status(err)
	}
	asked, known := s.o.Surveys[req.GetSurvey()]
	if !known {
		return nil, unknownSurvey()
	}
	channel := req.GetChannel()
	if channel == "" {
		channel = asked.Channel
	}
	if found := callerOf(ctx).Scope(&eventsv1.Response{Survey: asked.Name, Channel: channel}); len(found) > 0 {
		return nil, s.o.Ways.status(&ingest.ForbiddenError{Violations: found})
	}
	now := s.o.Ways.Clock.Now()
	i, found := s.invitation(asked, req, now)
	if len(found) > 0 {
		return nil, invalidFields(found)
	}
	if err := s.once(ctx, req, i); err != nil {
		return nil, s.o.Ways.status(err)
	}
	token, err := s.o.Sealer.Seal(i, now)
	if err != nil {
		return nil, rpc.Internal()
	}
	link := strings.TrimSuffix(s.o.PublicURL, "/") + page.Path + token
	if len(link) > maxLink {
		return nil, invalidFields([]response.Violation{{Path: "customer", Problem: fmt.Sprintf("and attributes make a link of %d characters, at most %d are sent", len(link), maxLink)}})
	}
	resp := &collectorv1.CreateInvitationResponse{Url: link, ResponseId: i.GetResponseId(), ExpiresAt: &timestamppb.Timestamp{Seconds: i.GetExpiresAt()}}
	for _, v := range asked.Question.Values() {
		resp.Choices = append(resp.Choices, &collectorv1.CreateInvitationResponse_Choice{Value: float64(v), Url: link + "?" + url.Values{"v": {strconv.Itoa(v)}}.Encode()})
	}
	return resp, nil
}

// once holds a call to its key: the same call again makes links to the same response.
func (s *Surveys) once(ctx context.Context, req *collectorv1.CreateInvitationRequest, i *collectorv1.Invitation) error {
	key, err := callKey(ctx, metadata.ValueFromIncomingContext(ctx, idempotencyHeader))
	if err != nil {
		return err
	}
	if err := s.o.Ways.noteMessage(ctx, key, "CreateInvitation", req); err != nil {
		return err
	}
	if key.IsSet() && req.GetResponseId() == "" {
		i.ResponseId = key.ID(0)
	}
	return nil
}

// GetSurvey says where an open survey is answered. Who may send answers to a survey may ask.
func (s *Surveys) GetSurvey(ctx context.Context, req *collectorv1.GetSurveyRequest) (*collectorv1.GetSurveyResponse, error) {
	ctx, err := s.o.Ways.admitCall(ctx)
	if err != nil {
		return nil, s.o.Ways.status(err)
	}
	asked, known := s.o.Surveys[req.GetSurvey()]
	if !known {
		return nil, unknownSurvey()
	}
	if found := callerOf(ctx).Scope(&eventsv1.Response{Survey: asked.Name, Channel: asked.OpenChannel()}); len(found) > 0 {
		return nil, s.o.Ways.status(&ingest.ForbiddenError{Violations: found})
	}
	resp := &collectorv1.GetSurveyResponse{Survey: asked.Name, Titles: map[string]string{}, Embed: asked.Framers()}
	for _, l := range []survey.Language{survey.French, survey.English} {
		resp.Titles[string(l)] = asked.Title.In(l)
	}
	if asked.Open != nil {
		base := strings.TrimSuffix(s.o.PublicURL, "/")
		resp.OpenUrl, resp.WidgetUrl = base+page.OpenPath+asked.Name, base+page.WidgetPath
	}
	return resp, nil
}

func unknownSurvey() error {
	return rpc.Refused(codes.NotFound, "SURVEY_UNKNOWN", "there is no such survey; the files of collector.surveys_dir say which there are")
}

// invitation checks the request as the response that it will become is checked.
func (s *Surveys) invitation(asked *survey.Survey, req *collectorv1.CreateInvitationRequest, now time.Time) (*collectorv1.Invitation, []response.Violation) {
	valid := time.Duration(asked.ValidDays) * 24 * time.Hour
	var found []response.Violation
	if req.GetValidFor() != nil {
		valid = req.GetValidFor().AsDuration()
	}
	if req.GetValidFor().CheckValid() != nil && req.GetValidFor() != nil || valid < minValid || valid > maxValid {
		found = append(found, response.Violation{Path: "validFor", Problem: "must be 60s to 31622400s (366 days)"})
	}
	if len(req.GetAttributes()) > maxInvitationAttributes {
		found = append(found, response.Violation{Path: "attributes", Problem: fmt.Sprintf("must be at most %d", maxInvitationAttributes)})
	}
	r := &eventsv1.Response{
		Id: req.GetResponseId(), Survey: asked.Name, Customer: proto.CloneOf(req.GetCustomer()), Channel: req.GetChannel(),
		Touchpoint: req.GetTouchpoint(), Attributes: req.GetAttributes(), CallbackId: req.GetCallbackId(),
		Answers: []*eventsv1.Answer{asked.Question.Answer(asked.Question.Values()[0])},
	}
	for _, v := range s.o.Check(r) {
		if v.Path == "id" {
			v.Path = "responseId"
		}
		found = append(found, v)
	}
	return &collectorv1.Invitation{
		Survey: asked.Name, ResponseId: r.GetId(), Customer: r.GetCustomer(), Channel: r.GetChannel(), Touchpoint: r.GetTouchpoint(),
		Attributes: r.GetAttributes(), CallbackId: r.GetCallbackId(), ExpiresAt: now.Add(valid).Unix(),
	}, found
}

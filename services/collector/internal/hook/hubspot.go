package hook

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rappel-loop/rappel/services/internal/mapping"
)

// HubSpot signs method, address, body and timestamp (v3), and tells several events in
// one call, each with an id only.
var hubSpot = source{
	api: "https://api.hubapi.com",
	check: func(c Config, add func(string, string)) {
		if u, err := url.Parse(c.PublicURL); !c.AllowUnsigned && (err != nil || u.Host == "") {
			add("public_url", "is required: the address HubSpot calls, as https://…/v1/hooks/hubspot/…, which it signs")
		}
	},
	verify: func(_ context.Context, e *Endpoint, c Call) error {
		s, err := single(c.Header, "X-HubSpot-Signature-v3")
		if err != nil {
			return err
		}
		at, err := single(c.Header, hubSpotStamp)
		if err != nil {
			return err
		}
		got, err := decoded(base64.StdEncoding.DecodeString, s)
		if err != nil {
			return err
		}
		if err := anyOf(e.secrets(), got, func(secret string) []byte {
			return mac(sha256.New, []byte(secret), http.MethodPost, e.publicURL(c), string(c.Body), at)
		}); err != nil {
			return err
		}
		ms, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			return ErrStale
		}
		return fresh(time.UnixMilli(ms), c.At)
	},
	stamp: hubSpotStamp,
	said:  mapping.NewPaths("object.updatedAt"),
	timed: always,
	split: hubSpotEvents,
	fetch: func(ctx context.Context, e *Endpoint, push any) ([]any, error) {
		id := hubSpotObject.First(push)
		if id == "" {
			return nil, bodyError(errors.New("it names no object"))
		}
		query := url.Values{
			"properties":   {strings.Join(append(strings.Fields(hubSpotProperties), e.config.API.Properties...), ",")},
			"associations": {"contacts"},
		}
		object, err := e.api.get(ctx, bearer, query, "crm", "v3", "objects", "feedback_submissions", id)
		if err != nil {
			return nil, err
		}
		return []any{mapping.Object("push", push, "object", object)}, nil
	},
}

// publicURL is the configured address with the call's own query.
func (e *Endpoint) publicURL(c Call) string {
	_, query, has := strings.Cut(c.URL, "?")
	if !has {
		return e.config.PublicURL
	}
	return e.config.PublicURL + "?" + query
}

const (
	hubSpotStamp = "X-HubSpot-Request-Timestamp"
	// feedbackSubmission is the type of the objects this is about.
	feedbackSubmission = "0-19"
	maxEvents          = 1000
	// hubSpotProperties are those asked for: HubSpot returns three unless told so.
	hubSpotProperties = "hs_createdate hs_lastmodifieddate hs_object_id hs_survey_id hs_survey_name hs_survey_type hs_survey_channel " +
		"hs_value hs_response_group hs_sentiment hs_content hs_submission_name hs_submission_timestamp hs_ingestion_id hs_contact_email_rollup"
)

var (
	hubSpotObject = mapping.NewPaths("objectId")
	hubSpotType   = mapping.NewPaths("objectTypeId")
	hubSpotEvent  = mapping.NewPaths("eventId")
	hubSpotSub    = mapping.NewPaths("subscriptionId")
)

func hubSpotEvents(_ *Endpoint, c Call) ([]Push, error) {
	var events []json.RawMessage
	if err := json.Unmarshal(c.Body, &events); err != nil {
		return nil, bodyError(errors.New("it is no list of events"))
	}
	if len(events) > maxEvents {
		return nil, bodyError(fmt.Errorf("it has more than %d events", maxEvents))
	}
	var pushes []Push
	for _, raw := range events {
		doc, err := mapping.Document(raw)
		if err != nil {
			return nil, bodyError(err)
		}
		object := hubSpotObject.First(doc)
		if kind := hubSpotType.First(doc); object == "" || (kind != "" && kind != feedbackSubmission) {
			continue // about a contact, a deal, …
		}
		p := Push{About: object, Body: raw}
		if event := hubSpotEvent.First(doc); event != "" {
			p.ID = event + "-" + hubSpotSub.First(doc) + "-" + object
		}
		pushes = append(pushes, p)
	}
	return pushes, nil
}

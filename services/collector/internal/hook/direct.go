package hook

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/rappel-loop/rappel/services/internal/mapping"
	"github.com/rappel-loop/rappel/services/internal/webhook"
)

// The sources whose calls bring the answers with them.
var (
	// Typeform signs the body, without a timestamp.
	// https://www.typeform.com/developers/webhooks/secure-your-webhooks/
	typeform = source{
		verify: func(_ context.Context, e *Endpoint, c Call) error {
			return Signature{Header: "Typeform-Signature", Algorithm: "sha256", Encoding: "base64", Prefix: "sha256="}.verify(e.secrets(), c)
		},
		split: whole("event_id", "form_response.token"),
		said:  mapping.NewPaths("form_response.submitted_at"),
	}
	// Zendesk signs a timestamp and the body. No event is documented for its survey
	// responses: a trigger tells of them, with a body of one's own, which holds the
	// response, or its id as survey_response_id: then it is asked for.
	// https://developer.zendesk.com/documentation/webhooks/verifying/
	zendesk = source{
		verify: func(_ context.Context, e *Endpoint, c Call) error { return zendeskSignature(e.secrets(), c) },
		stamp:  zendeskStamp,
		said:   mapping.NewPaths("time", "survey_response.answers[*].updated_at", "answers[*].updated_at"),
		timed:  always,
		split:  zendeskPush,
		asks:   func(c Config) bool { return c.API.URL != "" },
		fetch:  zendeskSurveyResponse,
	}
	// Formbricks signs as Standard Webhooks has it, when its webhook has a secret.
	// https://formbricks.com/docs/platform/features/integrations/webhooks
	formbricks = source{
		verify: func(_ context.Context, e *Endpoint, c Call) error { return standardWebhooks(e.secrets(), c) },
		split:  withID(whole("", "data.id")),
		said:   mapping.NewPaths("data.updatedAt"),
		timed:  always,
	}
	// A generic source signs as its endpoint says.
	generic = source{
		verify: func(_ context.Context, e *Endpoint, c Call) error { return e.config.Signature.verify(e.secrets(), c) },
		split:  withID(whole("", "id")),
		timed:  func(c Config) bool { return c.Signature == (Signature{}) },
		check:  func(c Config, add func(string, string)) { c.Signature.check(add) },
	}
)

const zendeskStamp = "X-Zendesk-Webhook-Signature-Timestamp"

var (
	zendeskWhole = whole("id", "detail.id", "survey_response.id", "survey_response_id")
	zendeskKind  = mapping.NewPaths("type")
)

// zendeskPush takes the id of an event for the push's own. What a trigger sends may have
// the response's there, which each edit of it shares.
func zendeskPush(e *Endpoint, c Call) ([]Push, error) {
	pushes, err := zendeskWhole(e, c)
	if err != nil {
		return nil, err
	}
	doc, err := mapping.Document(c.Body)
	if err != nil {
		return nil, bodyError(err)
	}
	if !strings.HasPrefix(zendeskKind.First(doc), "zen:") {
		if pushes[0].About == "" {
			pushes[0].About = pushes[0].ID
		}
		pushes[0].ID = ""
	}
	return pushes, nil
}

func always(Config) bool { return true }

// zendeskSurveyResponse asks for a survey response that a push names by its id alone.
func zendeskSurveyResponse(ctx context.Context, e *Endpoint, push any) ([]any, error) {
	id := zendeskResponseID.First(push)
	if id == "" {
		return []any{push}, nil
	}
	doc, err := e.api.get(ctx, zendeskToken, nil, "api", "v2", "guide", "survey_responses", id)
	if err != nil {
		return nil, err
	}
	return []any{doc}, nil
}

var zendeskResponseID = mapping.NewPaths("survey_response_id")

// zendeskToken takes an API token as "address/token:token", else an OAuth token.
func zendeskToken(r *http.Request, token string) error {
	user, password, basic := strings.Cut(token, ":")
	if !basic {
		return bearer(r, token)
	}
	r.SetBasicAuth(user, password)
	return nil
}

func zendeskSignature(secrets []string, c Call) error {
	got, err := single(c.Header, "X-Zendesk-Webhook-Signature")
	if err != nil {
		return err
	}
	at, err := single(c.Header, zendeskStamp)
	if err != nil {
		return err
	}
	raw, err := decoded(base64.StdEncoding.DecodeString, got)
	if err != nil {
		return err
	}
	if err := anyOf(secrets, raw, func(s string) []byte { return mac(sha256.New, []byte(s), at, string(c.Body)) }); err != nil {
		return err
	}
	signed, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return ErrStale
	}
	return fresh(signed, c.At)
}

// whole makes one push of a call's JSON body. id and about are where its own id and that
// of its response stand; the first that is there counts.
func whole(id string, about ...string) func(*Endpoint, Call) ([]Push, error) {
	ids := mapping.NewPaths(id)
	abouts := mapping.NewPaths(about...)
	return func(_ *Endpoint, c Call) ([]Push, error) {
		doc, err := mapping.Document(c.Body)
		if err != nil {
			return nil, bodyError(err)
		}
		return []Push{{ID: ids.First(doc), About: abouts.First(doc), Body: c.Body}}, nil
	}
}

// withID takes the id of a push from the header of Standard Webhooks, which is signed.
func withID(split func(*Endpoint, Call) ([]Push, error)) func(*Endpoint, Call) ([]Push, error) {
	return func(e *Endpoint, c Call) ([]Push, error) {
		pushes, err := split(e, c)
		if id := strings.TrimSpace(c.Header.Get(webhook.HeaderID)); err == nil && id != "" && len(pushes) == 1 && len(e.secrets()) > 0 {
			pushes[0].ID = id
		}
		return pushes, err
	}
}

package hook

import (
	"context"
	"crypto/sha1" //nolint:gosec // SurveyMonkey's choice
	"encoding/base64"
	"errors"
	"strings"

	"github.com/rappel-loop/rappel/services/internal/mapping"
)

// SurveyMonkey signs the body under "<client id>&<secret>", and tells ids only: the
// response is asked for, and the survey for what its choices are called and worth.
// https://github.com/SurveyMonkey/public_api_docs
var surveyMonkey = source{
	api: "https://api.surveymonkey.com",
	check: func(c Config, add func(string, string)) {
		if c.ClientID == "" && !c.AllowUnsigned {
			add("client_id", "is required: the application's client id, which SurveyMonkey signs with")
		}
	},
	verify: func(_ context.Context, e *Endpoint, c Call) error {
		s, err := single(c.Header, "Sm-Signature")
		if err != nil {
			return err
		}
		got, err := decoded(base64.StdEncoding.DecodeString, s)
		if err != nil {
			return err
		}
		return anyOf(e.secrets(), got, func(secret string) []byte {
			return mac(sha1.New, []byte(e.config.ClientID+"&"+secret), string(c.Body))
		})
	},
	split: func(e *Endpoint, c Call) ([]Push, error) {
		pushes, err := smWhole(e, c)
		if err != nil {
			return nil, err
		}
		doc, err := mapping.Document(c.Body)
		if err != nil {
			return nil, bodyError(err)
		}
		// A response that was deleted has nothing to be asked for; other events are about
		// collectors and surveys.
		if kind := smKind.First(doc); !strings.HasPrefix(kind, "response_") || kind == "response_deleted" {
			return nil, nil
		}
		return pushes, nil
	},
	said: mapping.NewPaths("response.date_modified"),
	fetch: func(ctx context.Context, e *Endpoint, push any) ([]any, error) {
		survey, response := smSurvey.First(push), smResponse.First(push)
		if survey == "" || response == "" {
			return nil, bodyError(errors.New("it names no survey and response"))
		}
		details, err := e.api.get(ctx, bearer, nil, "v3", "surveys", survey, "responses", response, "details")
		if err != nil {
			return nil, err
		}
		answers, err := e.api.smAnswers(ctx, survey, details)
		if err != nil {
			return nil, err
		}
		return []any{mapping.Object("push", push, "response", details, "answers", answers)}, nil
	},
}

var (
	smWhole    = whole("event_id", "object_id")
	smKind     = mapping.NewPaths("event_type")
	smSurvey   = mapping.NewPaths("resources.survey_id")
	smResponse = mapping.NewPaths("object_id")
	smPages    = mapping.NewPaths("pages[*].questions[*]")
	smID       = mapping.NewPaths("id")
	smAnswered = mapping.NewPaths("answers[*]")
	smChoices  = mapping.NewPaths("answers.choices[*]")
	smRows     = mapping.NewPaths("answers.rows[*]")
	smCols     = mapping.NewPaths("answers.cols[*]")
	smOther    = mapping.NewPaths("answers.other")
	smMenu     = mapping.NewPaths("choices[*]")
	smChoice   = mapping.NewPaths("choice_id")
	smOtherID  = mapping.NewPaths("other_id")
	smRowID    = mapping.NewPaths("row_id")
	smColID    = mapping.NewPaths("col_id")
	smText     = mapping.NewPaths("text")
	smWeight   = mapping.NewPaths("weight")
	smPosition = mapping.NewPaths("position")
)

package hook

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/rappel-loop/rappel/services/internal/mapping"
)

// Qualtrics posts a form whose field HMAC signs the field MSG, which has ids only.
// Without a shared key there is neither: the ids are fields of their own.
var qualtrics = source{
	verify: func(_ context.Context, e *Endpoint, c Call) error {
		form, err := formOf(c)
		if err != nil {
			return err
		}
		sum, msg := form.Get("HMAC"), form.Get("MSG")
		if sum == "" || msg == "" {
			return ErrUnsigned
		}
		got, err := decoded(hex.DecodeString, strings.ToLower(sum))
		if err != nil {
			return err
		}
		return anyOf(e.secrets(), got, func(s string) []byte { return mac(sha512.New, []byte(s), msg) })
	},
	split: func(_ *Endpoint, c Call) ([]Push, error) {
		form, err := formOf(c)
		if err != nil {
			return nil, err
		}
		body := []byte(form.Get("MSG"))
		if len(body) == 0 {
			flat := map[string]string{}
			for name := range form {
				flat[name] = form.Get(name)
			}
			body, _ = json.Marshal(flat) //nolint:errchkjson // strings
		}
		doc, err := mapping.Document(body)
		if err != nil {
			return nil, bodyError(errors.New("MSG is no JSON: a subscription must be made with encrypt: false"))
		}
		return []Push{{About: qualtricsResponse.First(doc), Body: body}}, nil
	},
	fetch: func(ctx context.Context, e *Endpoint, push any) ([]any, error) {
		survey, response := qualtricsSurvey.First(push), qualtricsResponse.First(push)
		if survey == "" || response == "" {
			return nil, bodyError(errors.New("it names no survey and response"))
		}
		doc, err := e.api.get(ctx, qualtricsToken, nil, "API", "v3", "surveys", survey, "responses", response)
		if err != nil {
			return nil, err
		}
		result := qualtricsResult.All(doc)
		if len(result) == 0 {
			return nil, &APIError{cause: "its answer has no result"}
		}
		return []any{mapping.Object("push", push, "response", result[0])}, nil
	},
}

var (
	qualtricsSurvey   = mapping.NewPaths("SurveyID")
	qualtricsResponse = mapping.NewPaths("ResponseID")
	qualtricsResult   = mapping.NewPaths("result")
)

func qualtricsToken(r *http.Request, token string) error {
	r.Header.Set("X-API-TOKEN", token)
	return nil
}

func formOf(c Call) (url.Values, error) {
	form, err := url.ParseQuery(string(c.Body))
	if err != nil {
		return nil, bodyError(errors.New("it is no form"))
	}
	return form, nil
}

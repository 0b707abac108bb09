package hook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/rappel-loop/rappel/services/internal/egress"
	"github.com/rappel-loop/rappel/services/internal/mapping"
)

// APIConfig says how a source's API is asked.
type APIConfig struct {
	// URL of the API, up to the paths its documentation gives; the source's own when
	// absent, where it has one.
	URL string `koanf:"url"`
	// Token authorises, TokenFile holds it instead and is read again when the API refuses
	// it. For googleforms the file is a service account's key, in JSON.
	Token     string `koanf:"token"`
	TokenFile string `koanf:"token_file"`
	// Rate bounds the questions a second, of this process; 5 when absent.
	Rate float64 `koanf:"rate"`
	// Timeout bounds one question with the reading of its answer; 15 seconds when absent.
	Timeout time.Duration `koanf:"timeout"`
	// Remember is how long what surveymonkey says of a survey's choices is used; 5 minutes
	// when absent. A choice that is not known is asked for at once.
	Remember time.Duration `koanf:"remember"`
	// AllowPrivate lets the API be in a private network, and without TLS.
	AllowPrivate bool `koanf:"allow_private"`
	// Properties of hubspot's objects that are asked for beside the usual ones.
	Properties []string `koanf:"properties"`
}

const (
	defaultRate   = 5
	remember      = 5 * time.Minute
	maxAnswer     = 8 << 20 // bytes of one answer
	maxRetryAfter = time.Hour
)

// APIError says that a source's API did not answer with what was asked for.
type APIError struct {
	// Status is HTTP's, 0 when there was no answer.
	Status int
	// RetryAfter is what the API asked for, 0 when it did not.
	RetryAfter time.Duration
	// cause holds no URL: it has ids.
	cause string
}

func (e *APIError) Error() string {
	if e.Status == 0 {
		return "the source's API does not answer: " + e.cause
	}
	return fmt.Sprintf("the source's API answers %d %s", e.Status, http.StatusText(e.Status))
}

// Gone says that what was asked for is not there, now or any more.
func (e *APIError) Gone() bool { return e.Status == http.StatusNotFound || e.Status == http.StatusGone }

// Refused says that the question itself was refused, and would be again: what a new token
// or waiting may mend is none of these.
func (e *APIError) Refused() bool {
	switch e.Status {
	case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return e.Status/100 == 4
}

// API asks one source's API for one endpoint.
type API struct {
	config  APIConfig
	base    *url.URL
	client  *http.Client
	limiter *rate.Limiter
	surveys *surveys
	google  googleAccount
}

func newAPI(c APIConfig, s source, add func(field, problem string)) *API {
	if c.URL == "" {
		c.URL = s.api
	}
	a := &API{config: c, surveys: newSurveys(cmp.Or(c.Remember, remember)), google: googleAccount{private: c.AllowPrivate}}
	if c.URL == "" {
		add("api.url", "is required: where this source's API is, as https://example.zendesk.com")
		return nil
	}
	if err := egress.Check(c.URL, c.AllowPrivate); err != nil {
		add("api.url", err.Error())
		return nil
	}
	a.base, _ = url.Parse(strings.TrimSuffix(c.URL, "/"))
	if c.Token == "" && c.TokenFile == "" {
		add("api.token_file", "is required, or a token: the source's calls bring ids only")
	}
	if c.TokenFile != "" {
		if _, err := os.ReadFile(c.TokenFile); err != nil {
			add("api.token_file", err.Error())
		}
	}
	if c.Timeout < 0 {
		add("api.timeout", "must be positive: how long one question may take, as 15s")
	}
	if c.Remember < 0 {
		add("api.remember", "must be positive: how long a survey's choices are used, as 5m")
	}
	if c.Rate < 0 {
		add("api.rate", "must be positive: questions a second")
	}
	if c.Rate == 0 {
		c.Rate = defaultRate
	}
	a.limiter = rate.NewLimiter(rate.Limit(c.Rate), max(1, int(c.Rate)))
	a.client = egress.New(egress.Options{Hosts: []string{a.base.Host}, AllowPrivate: c.AllowPrivate, Timeout: c.Timeout})
	return a
}

func (a *API) close() {
	a.client.CloseIdleConnections()
	a.google.close()
}

// token is read each time: it may have been replaced.
func (a *API) token() (string, error) {
	if a.config.TokenFile == "" {
		return a.config.Token, nil
	}
	data, err := os.ReadFile(a.config.TokenFile)
	return strings.TrimSpace(string(data)), err
}

// get asks for a document under the API's URL, under the endpoint's rate. Each element
// of the path is escaped.
func (a *API) get(ctx context.Context, authorise func(*http.Request, string) error, query url.Values, path ...string) (any, error) {
	u := a.base.JoinPath(escaped(path)...)
	u.RawQuery = query.Encode()
	token, err := a.token()
	if err != nil {
		return nil, &APIError{cause: "its token cannot be read"}
	}
	if err := a.limiter.Wait(ctx); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, &APIError{cause: "the question cannot be written"}
	}
	req.Header.Set("Accept", "application/json")
	if err := authorise(req, token); err != nil {
		return nil, err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, unanswered(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := egress.Read(resp.Body, maxAnswer)
	switch {
	case resp.StatusCode != http.StatusOK:
		return nil, &APIError{Status: resp.StatusCode, RetryAfter: egress.RetryAfter(resp.Header, time.Now(), maxRetryAfter)}
	case err != nil:
		return nil, unanswered(ctx, err)
	}
	doc, err := mapping.Document(data)
	if err != nil {
		return nil, &APIError{cause: "what it sends is no JSON"}
	}
	return doc, nil
}

// unanswered leaves the URL out of an error: it has ids of the source's.
func unanswered(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return &APIError{cause: err.Error()}
}

func escaped(path []string) []string {
	out := make([]string, len(path))
	for i, p := range path {
		out[i] = url.PathEscape(p)
	}
	return out
}

func bearer(r *http.Request, token string) error {
	r.Header.Set("Authorization", "Bearer "+token)
	return nil
}

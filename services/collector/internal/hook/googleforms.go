package hook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/jwt"

	"github.com/rappel-loop/rappel/services/internal/egress"
	"github.com/rappel-loop/rappel/services/internal/mapping"
)

// PubSub says who pushes what a watch of the Forms API tells: Google, in the name of a
// service account, with a token for an audience.
type PubSub struct {
	// Audience of the push subscription's token.
	Audience string `koanf:"audience"`
	// ServiceAccount is the e-mail address that the subscription pushes as.
	ServiceAccount string `koanf:"service_account"`
	// Issuer and KeysURL are Google's unless they are said.
	Issuer  string `koanf:"issuer"`
	KeysURL string `koanf:"keys_url"`
	// AllowPrivate lets KeysURL be in a private network, and without TLS.
	AllowPrivate bool `koanf:"allow_private"`
}

const (
	googleIssuer = "https://accounts.google.com"
	googleKeys   = "https://www.googleapis.com/oauth2/v3/certs"
	googleScope  = "https://www.googleapis.com/auth/forms.responses.readonly"
	// lookBack is how long before a watch's word responses are asked for: it comes within
	// minutes, and what is known is known by its id.
	lookBack = time.Hour
	// latency is how long after a response its word comes at most, usually: a list without a
	// response of that time does not have it yet.
	latency = 15 * time.Minute
	// maxPages bounds one question's answers, 5,000 responses a page.
	maxPages = 100
)

// Google Forms tells by Pub/Sub that a form has new responses, and not which; or it is a
// script of the form's owner, sample/hooks/googleforms.gs, that sends each response,
// signed as Standard Webhooks has it.
var googleForms = source{
	api: "https://forms.googleapis.com",
	verify: func(ctx context.Context, e *Endpoint, c Call) error {
		if e.issuer != nil {
			return e.issuer.verify(ctx, c)
		}
		return standardWebhooks(e.secrets(), c)
	},
	split: func(e *Endpoint, c Call) ([]Push, error) {
		if e.issuer == nil {
			return withID(whole("", "responseId"))(e, c)
		}
		pushes, err := pubSubWhole(e, c)
		if err != nil {
			return nil, err
		}
		doc, err := mapping.Document(c.Body)
		if err != nil || pubSubKind.First(doc) != "RESPONSES" {
			return nil, err // the form has changed, not its responses
		}
		return pushes, nil
	},
	check: func(c Config, add func(string, string)) {
		if c.PubSub != (PubSub{}) && (c.PubSub.Audience == "" || c.PubSub.ServiceAccount == "") {
			add("pubsub", "must give the audience and the service_account of the push subscription")
		}
	},
	asks:  func(c Config) bool { return c.PubSub != (PubSub{}) },
	fetch: googleResponses,
	said:  mapping.NewPaths("response.lastSubmittedTime", "lastSubmittedTime"),
	timed: always,
}

var (
	pubSubWhole = whole("message.messageId", "message.attributes.formId")
	pubSubKind  = mapping.NewPaths("message.attributes.eventType")
	pubSubForm  = mapping.NewPaths("message.attributes.formId")
	pubSubTime  = mapping.NewPaths("message.publishTime")
	googleList  = mapping.NewPaths("responses[*]")
	googleTime  = mapping.NewPaths("response.lastSubmittedTime")
	googleNext  = mapping.NewPaths("nextPageToken")
)

// googleResponses asks for the form's last responses; with ErrEarly when none of them is as
// new as the word.
func googleResponses(ctx context.Context, e *Endpoint, push any) ([]any, error) {
	form := pubSubForm.First(push)
	told, err := time.Parse(time.RFC3339, pubSubTime.First(push))
	if form == "" || err != nil {
		return nil, bodyError(errors.New("it names no form and time"))
	}
	var docs []any
	query := url.Values{"filter": {"timestamp >= " + told.Add(-lookBack).UTC().Format(time.RFC3339)}}
	for range maxPages {
		page, err := e.api.get(ctx, e.api.google.authorise, query, "v1", "forms", form, "responses")
		if err != nil {
			return nil, err
		}
		for _, r := range googleList.All(page) {
			docs = append(docs, mapping.Object("push", push, "response", r))
		}
		next := googleNext.First(page)
		if next == "" {
			return docs, early(docs, told)
		}
		query.Set("pageToken", next)
	}
	return nil, &APIError{cause: "it has more pages than are read"}
}

func early(docs []any, told time.Time) error {
	for _, doc := range docs {
		text := googleTime.First(doc)
		if at, err := time.Parse(time.RFC3339, text); err == nil && !at.Before(told.Add(-latency)) || text == "" {
			return nil
		}
	}
	return ErrEarly
}

// issuer verifies the tokens of pushes.
type issuer struct {
	pubsub PubSub
	client *http.Client
	keys   oidc.KeySet
}

func newIssuer(p PubSub, add func(field, problem string)) *issuer {
	if p.Issuer == "" {
		p.Issuer = googleIssuer
	}
	if p.KeysURL == "" {
		p.KeysURL = googleKeys
	}
	if err := egress.Check(p.KeysURL, p.AllowPrivate); err != nil {
		add("pubsub.keys_url", err.Error())
		return nil
	}
	u, _ := url.Parse(p.KeysURL)
	i := &issuer{pubsub: p, client: egress.New(egress.Options{Hosts: []string{u.Host}, AllowPrivate: p.AllowPrivate, Timeout: 5 * time.Second})}
	//nolint:forbidigo // the key set keeps its client, and no lifetime: each verification has its own
	i.keys = oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), i.client), p.KeysURL)
	return i
}

func (i *issuer) close() { i.client.CloseIdleConnections() }

func (i *issuer) verify(ctx context.Context, c Call) error {
	h, err := single(c.Header, "Authorization")
	if err != nil {
		return err
	}
	raw, ok := strings.CutPrefix(h, "Bearer ")
	if !ok {
		return ErrSignature
	}
	t, err := oidc.NewVerifier(i.pubsub.Issuer, i.keys, &oidc.Config{ClientID: i.pubsub.Audience, Now: func() time.Time { return c.At }}).Verify(ctx, raw)
	if err != nil {
		var expired *oidc.TokenExpiredError
		switch {
		case errors.As(err, &expired):
			return ErrStale
		case strings.Contains(err.Error(), "fetching keys"):
			return fmt.Errorf("%w: %w", ErrKeys, err)
		}
		return ErrSignature
	}
	var claims struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
	}
	if t.Claims(&claims) != nil || !claims.Verified || claims.Email != i.pubsub.ServiceAccount {
		return ErrSignature
	}
	return nil
}

// googleAccount is a service account's way to the API.
type googleAccount struct {
	private bool

	mu     sync.Mutex
	key    string // the file's content that source was made of
	source oauth2.TokenSource
	client *http.Client
}

// authorise writes an access token into a question; key is the service account's.
func (g *googleAccount) authorise(r *http.Request, key string) error {
	source, err := g.tokens(key)
	if err != nil {
		return err
	}
	t, err := source.Token()
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused):
		e := &APIError{Status: refused.Response.StatusCode}
		if e.Refused() { // the account, and not the question
			e.Status = http.StatusUnauthorized
		}
		return e
	case err != nil:
		return unanswered(r.Context(), err)
	}
	t.SetAuthHeader(r)
	return nil
}

var errAccount = &APIError{cause: "its token_file is no service account's key"}

// tokens returns the source of tokens, made anew when the key was replaced.
func (g *googleAccount) tokens(key string) (oauth2.TokenSource, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.source != nil && g.key == key {
		return g.source, nil
	}
	var account struct {
		Email    string `json:"client_email"`
		Key      string `json:"private_key"`
		KeyID    string `json:"private_key_id"`
		TokenURI string `json:"token_uri"`
	}
	if json.Unmarshal([]byte(key), &account) != nil || account.Email == "" || account.Key == "" {
		return nil, errAccount
	}
	u, err := url.Parse(account.TokenURI)
	if err != nil || egress.Check(account.TokenURI, g.private) != nil {
		return nil, errAccount
	}
	g.close()
	g.client = egress.New(egress.Options{Hosts: []string{u.Host}, AllowPrivate: g.private, Timeout: 10 * time.Second})
	config := &jwt.Config{
		Email: account.Email, PrivateKey: []byte(account.Key), PrivateKeyID: account.KeyID,
		Scopes: []string{googleScope}, TokenURL: account.TokenURI,
	}
	//nolint:forbidigo // the source outlives the question it was made for; its client bounds each call
	g.source = config.TokenSource(context.WithValue(context.Background(), oauth2.HTTPClient, g.client))
	g.key = key
	return g.source, nil
}

func (g *googleAccount) close() {
	if g.client != nil {
		g.client.CloseIdleConnections()
	}
}

package push_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/collector/internal/hook"
)

// google is what an endpoint for a watch of a form meets: Pub/Sub's issuer of tokens, and
// the token service and API of a service account.
type google struct {
	*testing.T
	key    *rsa.PrivateKey
	issuer *httptest.Server
	tokens atomic.Int32
	api    *vendor
	config hook.Config
}

func googleOf(t *testing.T) *google {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	g := &google{T: t, key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /certs", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		g.tokens.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"access_token":"at","token_type":"Bearer","expires_in":3600}`)
	})
	g.issuer = httptest.NewServer(mux)
	t.Cleanup(g.issuer.Close)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	account, err := json.Marshal(map[string]string{
		"client_email": "loop@example.org", "private_key_id": "k", "token_uri": g.issuer.URL + "/token",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "account.json")
	require.NoError(t, os.WriteFile(file, account, 0o600))
	g.api = vendorOf(t, map[string]string{})
	g.config = hook.Config{
		Source: "googleforms", Mapping: "../../../../sample/hooks/googleforms.yaml",
		PubSub: hook.PubSub{
			Audience: "https://loop.example.org", ServiceAccount: "push@example.org", Issuer: g.issuer.URL, KeysURL: g.issuer.URL + "/certs", AllowPrivate: true,
		},
		API: hook.APIConfig{URL: g.api.URL, TokenFile: file, AllowPrivate: true, Rate: 1000},
	}
	return g
}

// bearer is a token with what a test changes of it.
func (g *google) bearer(change func(claims map[string]any)) string {
	g.Helper()
	claims := map[string]any{
		"iss": g.issuer.URL, "aud": "https://loop.example.org", "email": "push@example.org", "email_verified": true,
		"iat": noon.Unix(), "exp": noon.Add(time.Hour).Unix(), "sub": "1",
	}
	change(claims)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: g.key, KeyID: "k"}}, nil)
	require.NoError(g, err)
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	require.NoError(g, err)
	return "Bearer " + token
}

const watched = "googleforms_watch_pubsub_push.json"

func TestAWatchOfAForm(t *testing.T) {
	t.Parallel()
	g := googleOf(t)
	one := fixture(t, "googleforms_response.json")
	g.api.set("/v1/forms/18Xgmr4XQb-demoForm/responses", `{"responses":[`+one+`,`+strings.Replace(one, "ACYDBNjDemoResponse", "second", 1)+`]}`)
	l := setup(t, g.config)
	l.told(fixture(t, watched), "Authorization", g.bearer(func(map[string]any) {}))
	l.eventually(func() bool { return len(l.stored()) == 2 })
	same(t, `{"id":"ACYDBNjDemoResponse","survey":"apres-livraison","channel":"web","customer":{"email":"client@example.org"},
		"answers":[{"metric":"NPS","value":2},{"verbatim":"Colis livré avec six jours de retard."}],"submittedAt":"2026-09-14T08:02:47.123456Z"}`, l.stored()[0])
	require.Contains(t, g.api.calls()[0], "filter=timestamp+%3E%3D+2026-09-14T07%3A02%3A50Z", "an hour before the watch's word")
	require.Equal(t, "Bearer at", g.api.bearer[0])
	l.told(strings.Replace(fixture(t, watched), "767437830649", "2", 1), "Authorization", g.bearer(func(map[string]any) {}))
	l.eventually(func() bool { return len(l.stored()) == 4 })
	require.EqualValues(t, 1, g.tokens.Load(), "a token is used while it lasts")
	n, err := l.take(strings.Replace(fixture(t, watched), "RESPONSES", "SCHEMA", 1), "Authorization", g.bearer(func(map[string]any) {}))
	require.NoError(t, err)
	require.Zero(t, n, "the form has changed, not its responses")
}

func TestTheAnswersOfAFormComeInPages(t *testing.T) {
	t.Parallel()
	g := googleOf(t)
	one := fixture(t, "googleforms_response.json")
	const path = "/v1/forms/18Xgmr4XQb-demoForm/responses"
	g.api.set(path, `{"responses":[`+one+`]}`)
	g.api.is(func(w http.ResponseWriter) {
		_, _ = fmt.Fprint(w, `{"responses":[`+strings.Replace(one, "ACYDBNjDemoResponse", "first", 1)+`],"nextPageToken":"p2"}`)
	})
	l := setup(t, g.config)
	l.told(fixture(t, watched), "Authorization", g.bearer(func(map[string]any) {}))
	l.eventually(func() bool { return len(l.stored()) == 2 })
	require.Contains(t, g.api.calls()[1], "pageToken=p2")
}

func TestOnlyThePushSubscriptionIsBelieved(t *testing.T) {
	t.Parallel()
	g := googleOf(t)
	l := setup(t, g.config)
	_, err := l.take(fixture(t, watched))
	require.ErrorIs(t, err, hook.ErrUnsigned)
	for name, change := range map[string]func(map[string]any){
		"audience": func(c map[string]any) { c["aud"] = "other" }, "issuer": func(c map[string]any) { c["iss"] = "other" },
		"account": func(c map[string]any) { c["email"] = "other@example.org" }, "unverified": func(c map[string]any) { c["email_verified"] = false },
	} {
		_, err = l.take(fixture(t, watched), "Authorization", g.bearer(change))
		require.ErrorIs(t, err, hook.ErrSignature, name)
	}
	_, err = l.take(fixture(t, watched), "Authorization", g.bearer(func(c map[string]any) { c["exp"] = noon.Add(-time.Minute).Unix() }))
	require.ErrorIs(t, err, hook.ErrStale)
	for _, h := range []string{"Bearer x", "Basic x", g.bearer(func(map[string]any) {}) + "x"} {
		_, err = l.take(fixture(t, watched), "Authorization", h)
		require.ErrorIs(t, err, hook.ErrSignature, h)
	}
	require.Zero(t, l.pushes())
}

// Without the issuer's keys nobody can be believed, nor called a liar: the call is to
// come again.
func TestTheIssuersKeysCannotBeHad(t *testing.T) {
	t.Parallel()
	g := googleOf(t)
	g.config.PubSub.KeysURL = g.issuer.URL + "/nothing"
	l := setup(t, g.config)
	_, err := l.take(fixture(t, watched), "Authorization", g.bearer(func(map[string]any) {}))
	require.ErrorIs(t, err, hook.ErrKeys)
}

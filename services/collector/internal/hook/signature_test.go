package hook_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/collector/internal/hook"
	"github.com/rappel-loop/rappel/services/internal/webhook"
)

func TestAGenuineCallIsTaken(t *testing.T) {
	t.Parallel()
	for name, v := range vectors() {
		pushes, err := accept(t, endpoint(t, v.config), v.call(t))
		require.NoError(t, err, name)
		require.Len(t, pushes, 1, name)
		require.Equal(t, []string{v.id, v.about}, []string{pushes[0].ID, pushes[0].About}, name)
		require.NotEmpty(t, pushes[0].Body)
	}
}

func TestACallThatIsNotGenuineIsRefused(t *testing.T) {
	t.Parallel()
	for name, v := range vectors() {
		e := endpoint(t, v.config)
		body := v.call(t)
		signed := 0
		if name == "qualtrics" { // its Topic is not
			signed = bytes.Index(body.Body, []byte("HMAC="))
		}
		for i := signed; i < len(body.Body); i += 1 + len(body.Body)/50 {
			tampered := v.call(t)
			tampered.Body[i] ^= 1
			_, err := accept(t, e, tampered)
			require.Error(t, err, "%s, byte %d", name, i)
			if name != "qualtrics" {
				require.ErrorIs(t, err, hook.ErrSignature, "%s, byte %d", name, i)
			}
		}
		wrong := v.config
		wrong.Secret += "x"
		if name == "formbricks" {
			wrong.Secret = "whsec_eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4"
		}
		_, err := accept(t, endpoint(t, wrong), v.call(t))
		require.ErrorIs(t, err, hook.ErrSignature, name)
		for h := range v.header {
			if h == "Sm-Apikey" {
				continue // it says which key, which the endpoint knows
			}
			without := v.call(t)
			without.Header.Del(h)
			_, err = accept(t, e, without)
			require.ErrorIs(t, err, hook.ErrUnsigned, "%s without %s", name, h)
			twice := v.call(t)
			twice.Header.Add(h, v.header.Get(h))
			_, err = accept(t, e, twice)
			require.ErrorIs(t, err, hook.ErrSignature, "%s with two of %s", name, h)
			for _, junk := range []string{"x", "sha256=", "v1,", "v1,%%", "sha256=%%", "é"} {
				other := v.call(t)
				other.Header.Set(h, junk)
				_, err = accept(t, e, other)
				require.Error(t, err, "%s with %s: %s", name, h, junk)
			}
		}
	}
}

func TestWhatIsOldIsRefused(t *testing.T) {
	t.Parallel()
	for name, v := range vectors() {
		e := endpoint(t, v.config)
		for _, off := range []time.Duration{-hook.Tolerance, hook.Tolerance} {
			c := v.call(t)
			c.At = v.at.Add(off)
			_, err := accept(t, e, c)
			require.NoError(t, err, name)
			c.At = c.At.Add(off / (hook.Tolerance / time.Second))
			_, err = accept(t, e, c)
			if v.timed {
				require.ErrorIs(t, err, hook.ErrStale, name)
			} else {
				require.NoError(t, err, "%s signs no time", name)
			}
		}
	}
}

func TestAnUnsignedCallIsTakenWhereItIsAllowed(t *testing.T) {
	t.Parallel()
	for name, v := range vectors() {
		open := v.config
		open.AllowUnsigned, open.Secret = true, ""
		c := v.call(t)
		c.Header = header()
		if name == "qualtrics" { // without a shared key the fields are flat
			c.Body = []byte("Topic=b.surveyengine.completedResponse.SV_1&Status=Complete&SurveyID=SV_1&ResponseID=R_1")
		}
		pushes, err := accept(t, endpoint(t, open), c)
		require.NoError(t, err, name)
		require.Len(t, pushes, 1)
		if name == "qualtrics" {
			require.JSONEq(t, `{"Topic":"b.surveyengine.completedResponse.SV_1","Status":"Complete","SurveyID":"SV_1","ResponseID":"R_1"}`, string(pushes[0].Body))
		}
		if v.config.Source == "formbricks" || v.config.Source == "typeform" { // a wrong signature is none at all
			open.Secret = "another"
			_, err = accept(t, endpoint(t, open), v.call(t))
			require.ErrorIs(t, err, hook.ErrSignature, name)
		}
	}
}

// While a secret is replaced, calls signed with either are genuine.
func TestSecretsRotate(t *testing.T) {
	t.Parallel()
	for name, v := range vectors() {
		file := filepath.Join(t.TempDir(), "secrets")
		require.NoError(t, os.WriteFile(file, []byte("the next one\n\n  "+v.config.Secret+"  \n"), 0o600))
		both := v.config
		both.SecretFile, both.Secret = file, ""
		_, err := accept(t, endpoint(t, both), v.call(t))
		require.NoError(t, err, name)
	}
}

func TestASourceOfOnesOwn(t *testing.T) {
	t.Parallel()
	body := []byte(`{"id":"r-1"}`)
	now := at(1789372968)
	sum := func(secret string) string {
		m := hmac.New(sha256.New, []byte(secret))
		_, _ = m.Write(body)
		return hex.EncodeToString(m.Sum(nil))
	}
	signature := hook.Signature{Header: "X-Chatwoot-Signature", Algorithm: "sha256", Encoding: "hex", Prefix: "sha256="}
	e := endpoint(t, hook.Config{Source: "generic", Secret: "s", Signature: signature})
	pushes, err := accept(t, e, hook.Call{Body: body, At: now, Header: header("X-Chatwoot-Signature", "sha256="+sum("s"))})
	require.NoError(t, err)
	require.Equal(t, "r-1", pushes[0].About)
	for _, bad := range []string{sum("s"), "sha256=" + sum("t"), "sha256=zz", "sha256="} {
		_, err = accept(t, e, hook.Call{Body: body, At: now, Header: header("X-Chatwoot-Signature", bad)})
		require.ErrorIs(t, err, hook.ErrSignature, bad)
	}
	e = endpoint(t, hook.Config{Source: "generic", Secret: "s", Signature: hook.Signature{Header: "X-Token", Algorithm: "token"}})
	_, err = accept(t, e, hook.Call{Body: body, At: now, Header: header("X-Token", "s")})
	require.NoError(t, err)
	_, err = accept(t, e, hook.Call{Body: body, At: now, Header: header("X-Token", "S")})
	require.ErrorIs(t, err, hook.ErrSignature)

	e = endpoint(t, hook.Config{Source: "generic", Secret: "whsec_cXVpdGUgYSBsb25nIHNlY3JldA=="})
	h := header("Webhook-Id", "m-1", "Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10),
		"Webhook-Signature", "v1a,xx v1,eHg= "+webhook.Sign([]string{"whsec_cXVpdGUgYSBsb25nIHNlY3JldA=="}, "m-1", now, body))
	pushes, err = accept(t, e, hook.Call{Body: body, At: now, Header: h})
	require.NoError(t, err, "one of several signatures")
	require.Equal(t, "m-1", pushes[0].ID)
	h.Set("Webhook-Id", "m-2")
	_, err = accept(t, e, hook.Call{Body: body, At: now, Header: h})
	require.ErrorIs(t, err, hook.ErrSignature, "the id is signed")
}

func TestTheSamePushHasOneID(t *testing.T) {
	t.Parallel()
	p := hook.Push{ID: "1", About: "r", Body: []byte("a")}
	require.Equal(t, p.EventID("e"), hook.Push{ID: "1", Body: []byte("b")}.EventID("e"))
	require.NotEqual(t, p.EventID("e"), p.EventID("f"))
	require.NotEqual(t, hook.Push{Body: []byte("a")}.EventID("e"), hook.Push{Body: []byte("b")}.EventID("e"))
	require.Equal(t, p.Lane(), hook.Push{About: "r", ID: "2"}.Lane())
	require.Len(t, p.Lane(), 3)
}

func FuzzAccept(f *testing.F) {
	for name, v := range vectors() {
		f.Add(name, fixture(f, v.file), "x")
	}
	endpoints := map[string]*hook.Endpoint{}
	for _, s := range hook.Sources() {
		c := hook.Config{Source: s, AllowUnsigned: true, Mapping: sample("typeform"), API: hook.APIConfig{URL: "https://example.org", Token: "t"}}
		if s == "zendesk" {
			c.API = hook.APIConfig{}
		}
		endpoints[s] = endpoint(f, c)
	}
	f.Fuzz(func(t *testing.T, source string, body []byte, signature string) {
		e := endpoints[source]
		if e == nil {
			return
		}
		h := http.Header{}
		_, err := e.Accept(t.Context(), hook.Call{Header: h, Body: body, At: at(1789372968)})
		require.True(t, err == nil || errors.Is(err, hook.ErrBody) || errors.Is(err, hook.ErrSignature), "%v", err)
		for _, name := range []string{"Typeform-Signature", "Sm-Signature", "Webhook-Signature", "X-HubSpot-Signature-v3", "X-Zendesk-Webhook-Signature"} {
			h.Set(name, signature)
		}
		h.Set("Webhook-Id", signature)
		h.Set("Webhook-Timestamp", signature)
		_, _ = e.Accept(t.Context(), hook.Call{Header: h, Body: body, At: at(1789372968)})
	})
}

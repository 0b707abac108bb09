package hook_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/rappel-loop/rappel/services/collector/internal/hook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return data
}

func sample(name string) string { return "../../../../sample/hooks/" + name + ".yaml" }

func endpoint(t testing.TB, c hook.Config) *hook.Endpoint {
	t.Helper()
	if c.Mapping == "" {
		c.Mapping = sample("typeform")
	}
	e, err := hook.NewEndpoint("e", c)
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return e
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// signed is a source's genuine call: the test vectors.
type signed struct {
	config hook.Config
	file   string
	header http.Header
	at     time.Time
	url    string
	// timed says that the scheme signs when; about and id are what the push says.
	timed     bool
	about, id string
}

func at(seconds int64) time.Time { return time.Unix(seconds, 0) }

var zendeskTime = time.Date(2026, 9, 14, 8, 2, 48, 0, time.UTC)

func api(url string) hook.APIConfig { return hook.APIConfig{URL: url, Token: "t"} }

// vectors are computed over the bytes of testdata.
func vectors() map[string]signed {
	return map[string]signed{
		"typeform": {
			config: hook.Config{Source: "typeform", Secret: "tf-demo-secret"}, file: "typeform_form_response.json", at: at(1789372968),
			header: header("Typeform-Signature", "sha256=wHQ1jic9JvG7ph4MYJwLoOYVbfpKMmmuqBxT6NWAukU="),
			id:     "01J9ZK3T5X8QW2NPS0TYPEFRM1", about: "7f1c0e6b9d2a4c58b3e0a1d4c6f8e2b1",
		},
		"surveymonkey": {
			config: hook.Config{Source: "surveymonkey", Secret: "demo_api_secret", ClientID: "demo_client_id", API: api("")},
			file:   "surveymonkey_response_completed.json", at: at(1789372968),
			header: header("Sm-Apikey", "demo_client_id", "Sm-Signature", "WwxUuY+BZW96E7Vxi6+BKypiCnA="),
			id:     "90000000123", about: "11800000042",
		},
		"qualtrics": {
			config: hook.Config{Source: "qualtrics", Secret: "boucle-demo-key-0123456789abcdef", API: api("https://example.qualtrics.com")},
			file:   "qualtrics_completed_response.form.txt", at: at(1789372968), header: header(), about: "R_0demoResponse42",
		},
		"zendesk": {
			config: hook.Config{Source: "zendesk", Secret: "zd-demo-secret"}, file: "zendesk_ticket_csat_received.json", at: zendeskTime,
			header: header("X-Zendesk-Webhook-Signature", "nFUQiT/ZRLr7UT3HXq5YpoUQGXEtRmNqQ2MaKgx0+9U=",
				"X-Zendesk-Webhook-Signature-Timestamp", "2026-09-14T08:02:48Z"),
			timed: true, id: "2b24ef10-19d4-4740-93cf-8f98ec4776c0", about: "35436",
		},
		"hubspot": {
			config: hook.Config{Source: "hubspot", Secret: "hs-demo-client-secret", PublicURL: "https://boucle.example.org/hooks/hubspot", API: api("")},
			file:   "hubspot_feedback_submission_webhook.json", at: at(1789372968), url: "/v1/hooks/hubspot/e",
			header: header("X-HubSpot-Signature-v3", "rEGHtqGaNH6Wu/hxEcJJI+srpxYxowgzq1aBoFDDpag=", "X-HubSpot-Request-Timestamp", "1789372968000"),
			timed:  true, id: "567890123-234567-512", about: "512",
		},
		"formbricks": {
			config: hook.Config{Source: "formbricks", Secret: "whsec_Ym91Y2xlLWRlbW8tMjQtYnl0ZS1zZWNyZXQhIQ=="},
			file:   "formbricks_response_finished.json", at: at(1789372968),
			header: header("webhook-id", "019ba292-c1f6-7618-aaf2-ecf8e39d1cc7", "webhook-timestamp", "1789372968",
				"webhook-signature", "v1,GuI4OlVZ3IdsalMcue0x9AGBssHgEcnuLfDrLiA9SLg="),
			timed: true, id: "019ba292-c1f6-7618-aaf2-ecf8e39d1cc7", about: "cm8responsedemo042",
		},
	}
}

func (s signed) call(t testing.TB) hook.Call {
	t.Helper()
	return hook.Call{URL: s.url, Header: s.header.Clone(), Body: fixture(t, s.file), At: s.at}
}

func accept(t testing.TB, e *hook.Endpoint, c hook.Call) ([]hook.Push, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return e.Accept(ctx, c)
}

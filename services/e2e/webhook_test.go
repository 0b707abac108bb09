package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const bodies = "../collector/internal/hook/testdata/"

func hookBody(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(bodies + name)
	require.NoError(t, err)
	return string(data)
}

// TestAWebhookAcrossAnOutageAndAKill tells the collector of a response while the source's
// API is away, kills the collector, by kill -9, and lets the API come back: the customer
// is called.
func TestAWebhookAcrossAnOutageAndAKill(t *testing.T) {
	t.Parallel()
	mappings, err := filepath.Abs("../../sample/hooks")
	require.NoError(t, err)
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			var up atomic.Bool
			var asked atomic.Int32
			object := hookBody(t, "hubspot_feedback_submission_object.json")
			vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				switch {
				case !up.Load():
					w.WriteHeader(http.StatusServiceUnavailable)
				case r.Header.Get("Authorization") != "Bearer t" || r.URL.Path != "/crm/v3/objects/feedback_submissions/512":
					w.WriteHeader(http.StatusNotFound)
				default:
					_, _ = fmt.Fprint(w, object)
				}
			}))
			t.Cleanup(vendor.Close)
			const hook = "RAPPEL_COLLECTOR__HOOKS__CRM__"
			l := s.start(t, hook+"SOURCE=hubspot", hook+"ALLOW_UNSIGNED=true", hook+"MAPPING="+filepath.Join(mappings, "hubspot.yaml"),
				hook+"API__URL="+vendor.URL, hook+"API__TOKEN=t", hook+"API__ALLOW_PRIVATE=true")
			url := l.collector.url() + "/v1/hooks/hubspot/crm"
			resp, err := http.Post(url, "application/json", strings.NewReader(hookBody(t, "hubspot_feedback_submission_webhook.json")))
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, http.StatusOK, resp.StatusCode)
			require.Eventually(t, func() bool { return asked.Load() > 0 }, eventually, 10*time.Millisecond)
			l.collector.restart(l.collector.env...) // it kills first
			require.Empty(t, l.callbacks())
			up.Store(true)
			cb := l.waitFor(1, "PENDING")[0]
			require.Equal(t, "512", cb.Reasons[0].ResponseID)
			require.Equal(t, "hubspot-5", cb.Reasons[0].Survey)
			require.Equal(t, "Colis livré avec six jours de retard.", cb.Reasons[0].Verbatim)
		})
	}
}

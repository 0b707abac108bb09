package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

const otherRules = `version: e2e
rules:
  - {name: furious, when: "has(nps.metric) && nps.value <= 1.0 && may_call", about: NPS, stop: true, team: care, callback: {queue: vip, priority: 90}}
  - {name: detractor, when: nps.class == Class.DETRACTOR && may_call, about: NPS, callback: {queue: default, priority: 10}}
`

// TestOtherRulesAreRehearsedPutAndKept tries rules on what was answered, puts them in force
// without a restart, and finds them in force after a kill -9 of who decides by them.
func TestOtherRulesAreRehearsedPutAndKept(t *testing.T) {
	t.Parallel()
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			l := s.start(t)
			l.submit(answer("r-1", "C-1", "NPS", 0))
			l.submit(answer("r-2", "C-2", "NPS", 5))
			l.submit(answer("r-3", "C-3", "CSAT", 1))
			l.waitFor(3, "PENDING")

			var last struct {
				Result struct {
					Report struct {
						Answers   string
						Customers struct{ Both, OnlyCurrent string }
						Rules     []struct {
							Rule   string
							Alerts struct{ Draft float64 }
						}
					}
				}
			}
			require.NoError(t, json.Unmarshal(lastLine(t, l.alerting.url()+"/v1/rules:rehearse", object{"text": otherRules}), &last))
			require.Equal(t, "3", last.Result.Report.Answers)
			require.Equal(t, "2", last.Result.Report.Customers.Both)
			require.Equal(t, "1", last.Result.Report.Customers.OnlyCurrent)
			require.Equal(t, 1.0, last.Result.Report.Rules[0].Alerts.Draft)
			require.Equal(t, 1.0, last.Result.Report.Rules[1].Alerts.Draft, "those above stop")

			var put struct {
				Version struct{ Number, Version string }
			}
			body, err := json.Marshal(object{"text": otherRules, "by": "claire"})
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, do(http.MethodPut, l.alerting.url()+"/v1/rules", body, &put))
			require.Equal(t, "1", put.Version.Number)
			l.submit(answer("r-4", "C-4", "NPS", 1))
			require.Equal(t, "vip", l.waitForReason("r-4").Queue)

			l.alerting.kill()
			l.alerting.restart(l.alerting.env...)
			l.submit(answer("r-5", "C-5", "CSAT", 1)) // no rule is about it any more
			l.submit(answer("r-6", "C-6", "NPS", 0))
			require.Equal(t, "vip", l.waitForReason("r-6").Queue)
			l.settle()
			require.Len(t, l.callbacks("PENDING"), 5)
			var listed struct{ Version struct{ Version string } }
			require.Equal(t, http.StatusOK, get(l.alerting.url()+"/v1/rules", &listed))
			require.Equal(t, put.Version.Version, listed.Version.Version)
		})
	}
}

// lastLine is the last message of a stream.
func lastLine(t *testing.T, url string, body any) []byte {
	data, err := json.Marshal(body)
	require.NoError(t, err)
	resp, err := client.Post(url, "application/json", bytes.NewReader(data))
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	all, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	lines := bytes.Split(bytes.TrimSpace(all), []byte("\n"))
	return lines[len(lines)-1]
}

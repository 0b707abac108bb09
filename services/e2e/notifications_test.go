package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	loudRules = `version: e2e
rules:
  - {name: detractor, when: nps.class == Class.DETRACTOR && may_call, about: NPS, severity: high, notify: true, callback: {queue: default, priority: 60}}
`
	aloneRoutes = `receivers:
  - {name: bus, nats: {}}
routes:
  - {name: all, receivers: bus, group_by: customer, wait: 0s, interval: 1s, repeat: 1h}
`
)

// alertGroup is what the API says of a group of alerts.
type alertGroup struct {
	Key, Route           string
	Firing, Acknowledged int
	Told                 struct {
		Number string
		Firing []string
	}
	Labels   map[string]string
	HeldBack int
}

// TestPeopleAreToldOnceThoughProcessesAreKilled has an alert for each of many customers, while
// who decides whom to tell is killed again and again, one process of two where each service is
// alone: each group is told once, and no more than once. Then it silences a customer.
func TestPeopleAreToldOnceThoughProcessesAreKilled(t *testing.T) {
	t.Parallel()
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			rules, notify := filepath.Join(dir, "rules.yaml"), filepath.Join(dir, "notify.yaml")
			require.NoError(t, os.WriteFile(rules, []byte(loudRules), 0o600))
			require.NoError(t, os.WriteFile(notify, []byte(aloneRoutes), 0o600))
			l := s.start(t, "RAPPEL_ALERTING__RULES_FILE="+rules, "RAPPEL_ALERTING__NOTIFY_FILE="+notify)
			if l.alerting != l.collector {
				start(t, "alerting", l.alerting.env) // a second one, which lives
			}
			customers := rounds(30, 600)
			for i := range customers {
				l.submit(answer(name("r", i), name("C", i), "NPS", 0))
				if i%10 == 5 {
					l.alerting.restart(l.alerting.env...) // kill -9
				}
			}
			groups := func() (all []alertGroup) {
				var page struct {
					Groups        []alertGroup
					NextPageToken string
				}
				for token := ""; ; token = page.NextPageToken {
					page.NextPageToken = ""
					page.Groups = nil
					if get(l.alerting.url()+"/v1/alertGroups?pageSize=200&pageToken="+token, &page) != http.StatusOK {
						return nil
					}
					if all = append(all, page.Groups...); page.NextPageToken == "" {
						return all
					}
				}
			}
			told := func() (n int) {
				for _, g := range groups() {
					if len(g.Told.Firing) == 1 {
						n++
					}
				}
				return n
			}
			require.Eventually(t, func() bool { return told() == customers }, 2*eventually, 50*time.Millisecond, "some are told to nobody")
			for _, g := range groups() {
				require.Equal(t, "1", g.Told.Number, "%s was told more than once", g.Key)
				require.Equal(t, 1, g.Firing)
			}

			one := groups()[0]
			var silence struct {
				Silence struct{ ID string }
				Alerts  int
			}
			code := post(l.alerting.url()+"/v1/silences", object{"silence": object{
				"matchers": []string{"customer=" + one.Labels["customer"]}, "endsAt": time.Now().Add(time.Hour).UTC().Format(time.RFC3339), "author": "claire", "comment": "known",
			}}, &silence)
			require.Equal(t, http.StatusOK, code)
			require.Equal(t, 1, silence.Alerts)
			var done struct{ Acknowledged int }
			require.Equal(t, http.StatusOK, post(l.alerting.url()+"/v1/alertGroups/"+one.Key+":acknowledge", object{"by": "claire"}, &done))
			require.Equal(t, 1, done.Acknowledged)
		})
	}
}

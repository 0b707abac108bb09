package receiver_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/alerting/internal/receiver"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

func read(t *testing.T, text string) ([]receiver.Config, error) {
	t.Helper()
	r := strictyaml.New(strictyaml.Options{File: "notify.yaml", Limit: 1 << 20})
	root := r.Document([]byte(text))
	require.NotNil(t, root)
	all := receiver.Read(r, root, "receivers")
	return all, r.Err()
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestReceiversAreRead(t *testing.T) {
	t.Parallel()
	all, err := read(t, `
- name: care-lead
  email: {to: [lead@example.org, second@example.org], language: en, zone: Europe/Paris, verbatims: true, timeout: 5s, from: rappel@example.org}
- name: ops-hook
  webhook: {url: https://hooks.example.org/x, secret_file: /run/secrets/hook}
- name: chat
  slack: {url_file: /run/secrets/slack, title: "{{.Title}} !"}
- name: channel
  teams: {url_env: TEAMS_URL}
- name: bus
  nats: {}
- name: own
  nats: {subject_prefix: care.alerts}
- name: clients
  email:
    customers: true
    customer_title: Merci
    customer_body: |
      Bonjour {{.Name}}
`)
	require.NoError(t, err)
	require.Len(t, all, 7)
	lead := all[0]
	require.Equal(t, []string{"lead@example.org", "second@example.org"}, lead.Email.To)
	require.Equal(t, "en", lead.Language)
	require.Equal(t, "Europe/Paris", lead.Zone.String())
	require.True(t, lead.Verbatims)
	require.Equal(t, 5*time.Second, lead.Timeout)
	require.Equal(t, "fr", all[1].Language)
	require.False(t, all[1].Verbatims)
	require.Equal(t, receiver.DefaultTimeout, all[1].Timeout)
	require.Equal(t, "rappel.notify.v1.bus", all[4].NATS.Subject)
	require.Equal(t, "care.alerts.own", all[5].NATS.Subject)
	require.NotNil(t, all[6].Email.Customer.Text)
	require.Equal(t, "https://hooks.example.org/…", all[1].Hook.Said())
}

func TestEverythingWrongIsNamed(t *testing.T) {
	t.Parallel()
	_, err := read(t, `
- name: care lead
  email: {to: [nobody], language: de, zone: Mars, timeout: 1h}
- name: a
  webhook: {url: "ftp://x", url_env: X, secret: whsec_hush, secret_file: "https://hush"}
- name: a
  nats: {subject_prefix: rappel.v1.alert}
- name: b
  slack: {url: "https://hooks.slack.com/services/hush"}
- name: c
- name: d
  slack: {}
  teams: {url_env: "https://hush"}
- name: e
  email: {customer_body: x, unknown: 1}
- name: f
  email:
    to: [a@example.org]
    body: |
      fine
      {{.Nothing}}
    title: "{{"
- name: g
  nats: {subject_prefix: $JS.API.STREAM.DELETE}
- name: h
  nats: {subject_prefix: _INBOX.x}
- name: i
  nats: {subject_prefix: "a.*.>"}
`)
	var refused *strictyaml.Error
	require.ErrorAs(t, err, &refused)
	text := err.Error()
	for _, want := range []string{
		"notify.yaml:2: receivers[0].name: must be 1 to 64",
		"notify.yaml:3: receivers[0].email.to: address 1 must be an e-mail address", "email.language: must be fr or en", "email.zone: must be a time zone",
		"email.timeout: must be 1s to 30s", "receivers[1].webhook.url: must begin with https", "webhook.secret: a secret does not stand in this file",
		"webhook.secret_file: must be the path", "give one of url, url_file, url_env, not several",
		"receivers[2].nats.subject_prefix: must not begin with rappel", "is that of the receiver on line 4",
		"slack.url: the address of a chat's hook is a secret", "receivers[4]: says nowhere where to send", "receivers[5].slack: one of url_file, url_env is required",
		"receivers[5].teams: slack is said above", "email.unknown: is not known here", "email.to: is required, unless", "customer_body: says nothing without",
		"notify.yaml:21: receivers[7].email.body: <.Nothing>", "notify.yaml:22: receivers[7].email.title: unclosed action",
		"receivers[8].nats.subject_prefix: must be tokens", "receivers[9].nats.subject_prefix: must not begin with _INBOX", "receivers[10].nats.subject_prefix: must be tokens",
	} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "hush", "a secret that stands in the wrong place is not repeated")
}

func TestWhatTheServiceCannotUseIsNamed(t *testing.T) {
	t.Parallel()
	gone := filepath.Join(t.TempDir(), "gone")
	all, err := read(t, strings.NewReplacer("PRIVATE", file(t, "https://10.0.0.1:8443/hush\n"), "GONE", gone, "EMPTY", file(t, " \n"), "BAD", file(t, "whsec_%%hush%%")).Replace(`
- name: open
  webhook: {url: "http://hooks.example.org/x", secret_file: BAD}
- name: private
  slack: {url_file: PRIVATE}
- name: gone
  teams: {url_file: GONE}
- name: empty
  webhook: {url: "https://hooks.example.org", secret_file: EMPTY}
- name: mail
  email: {to: [a@example.org]}
`))
	require.NoError(t, err)
	text := func(s receiver.Settings) string {
		refused := strictyaml.Refuse("notify.yaml", s.Check(all))
		require.Error(t, refused)
		require.NotContains(t, refused.Error(), "hush")
		return refused.Error()
	}
	strict := text(receiver.Settings{})
	for _, want := range []string{
		"notify.yaml:2: receiver open: webhook.url: must begin with https://; where it is in a network of your own: alerting.notify_allow_private",
		"receiver open: webhook.secret_file: begins with whsec_, and what follows is no base64",
		"receiver private: slack.url_file: must be on port 443", "receiver mail: email: needs a server to send by: alerting.smtp",
	} {
		require.Contains(t, strict, want)
	}
	missing := strictyaml.Refuse("notify.yaml", receiver.Settings{}.Missing(all)).Error()
	for _, want := range []string{"receiver gone: teams.url_file: " + gone + " cannot be read: no such file", "receiver empty: webhook.secret_file", "holds nothing"} {
		require.NotContains(t, strict, want, "it may come later")
		require.Contains(t, missing, want)
	}
	lax := text(receiver.Settings{AllowPrivate: true, Mail: true})
	require.NotContains(t, lax, "receiver private")
	require.NotContains(t, lax, "receiver mail")
}

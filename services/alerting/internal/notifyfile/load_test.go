package notifyfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/rappel-loop/rappel/services/alerting/internal/notifyfile"
	"github.com/rappel-loop/rappel/services/alerting/internal/plan"
	"github.com/rappel-loop/rappel/services/alerting/internal/receiver"
	"github.com/rappel-loop/rappel/services/internal/calendar"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

const whole = `
receivers:
  - name: care-lead
    email: {to: [lead@example.org]}
  - name: ops-hook
    webhook: {url: "https://example.org/hook", secret_env: HOOK_SECRET}
chains:
  - name: on-call
    rounds: 2
    steps:
      - {tell: care-lead, wait: 10m}
      - {tell: [ops-hook, care-lead], wait: 15m}
hours:
  - name: nights
    zone: Europe/Paris
    country: FR
    week: {mon-sun: ["22:00-08:00"]}
  - name: closed
    zone: Europe/Paris
    week: {mon-fri: ["09:00-12:00", "14:00-18:00"]}
    days: [2026-12-24]
    outside: true
routes:
  - name: urgent
    match: [severity=~"high|critical", team!=it]
    receivers: [care-lead]
    group_by: [theme, survey]
    wait: 10s
    interval: 1m
    repeat: 1d
    send_resolved: false
    mute: nights
    unacknowledge_after: 2h
    continue: true
    routes:
      - {name: inner, match: survey=a, group_by: [...], mute: [], wait: 0s}
      - {name: climbing, match: survey=b, chain: on-call}
      - {name: hushed, match: survey=c, nobody: true}
  - name: rest
    chain: on-call
inhibit:
  - {by: kind=metric, held: [kind=response], equal: [theme]}
`

func TestAFileIsRead(t *testing.T) {
	t.Parallel()
	s, err := notifyfile.Load("notify.yaml", []byte(whole))
	require.NoError(t, err)
	require.Len(t, s.Receivers, 2)
	require.Equal(t, []string{"care-lead", receiver.KindEmail}, []string{s.Receivers[0].Name, s.Receivers[0].Kind})
	require.Equal(t, []string{"ops-hook", receiver.KindWebhook}, []string{s.Receivers[1].Name, s.Receivers[1].Kind})
	urgent, rest := s.Plan.Routes[0], s.Plan.Routes[1]
	require.Equal(t, []string{"survey", "theme"}, urgent.GroupBy)
	require.Equal(t, []time.Duration{10 * time.Second, time.Minute, 24 * time.Hour, 2 * time.Hour}, []time.Duration{urgent.Wait, urgent.Interval, urgent.Repeat, urgent.UnacknowledgeAfter})
	require.False(t, urgent.SendResolved)
	require.True(t, urgent.Continue)
	require.Equal(t, "nights", urgent.Mute[0].Name)
	inner, climbing, hushed := urgent.Routes[0], urgent.Routes[1], urgent.Routes[2]
	require.True(t, inner.Each)
	require.Equal(t, []string{"care-lead"}, inner.Receivers)
	require.Equal(t, []time.Duration{0, time.Minute}, []time.Duration{inner.Wait, inner.Interval})
	require.Empty(t, inner.Mute)
	require.False(t, inner.Continue)
	require.Nil(t, climbing.Receivers)
	require.Equal(t, "nights", climbing.Mute[0].Name)
	require.True(t, hushed.Nobody)
	require.Equal(t, &plan.Chain{Name: "on-call", Rounds: 2, Steps: []plan.Step{
		{Tell: []string{"care-lead"}, Wait: 10 * time.Minute}, {Tell: []string{"ops-hook", "care-lead"}, Wait: 15 * time.Minute},
	}}, rest.Chain)
	require.Equal(t, []time.Duration{30 * time.Second, 5 * time.Minute, 4 * time.Hour, 0}, []time.Duration{rest.Wait, rest.Interval, rest.Repeat, rest.UnacknowledgeAfter})
	require.True(t, rest.SendResolved)
	require.Empty(t, rest.GroupBy)
	require.Equal(t, []string{"theme"}, s.Plan.Inhibit[0].Equal)
}

func TestWhatHoursMute(t *testing.T) {
	t.Parallel()
	s, err := notifyfile.Load("notify.yaml", []byte(strings.Replace(whole, "mute: nights", "mute: [nights, closed]", 1)))
	require.NoError(t, err)
	nights, closed := s.Plan.Routes[0].Mute[0].Window, s.Plan.Routes[0].Mute[1].Window
	paris, _ := calendar.Zone("Europe/Paris")
	for text, want := range map[string][2]bool{
		"2026-11-20 07:59": {true, true}, "2026-11-20 08:00": {false, true}, "2026-11-20 09:00": {false, false},
		"2026-11-20 12:30": {false, true}, "2026-11-20 17:59": {false, false}, "2026-11-20 18:00": {false, true}, "2026-11-20 22:00": {true, true},
		"2026-12-24 10:00": {false, true},
		"2026-12-25 10:00": {true, false}, // closed keeps no country's holidays
		"2026-12-25 23:00": {true, true},
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", text, paris)
		require.NoError(t, err)
		require.Equal(t, want, [2]bool{calendar.Open(nights, at), calendar.Open(closed, at)}, text)
	}
	at := time.Date(2026, 12, 24, 21, 30, 0, 0, time.UTC) // 22:30 in Paris, the night before a holiday
	span, ok := nights.Next(at)
	require.True(t, ok)
	require.Equal(t, time.Date(2026, 12, 26, 7, 0, 0, 0, time.UTC), span.To, "until the morning after")
}

func TestEverythingThatIsWrongIsNamed(t *testing.T) {
	t.Parallel()
	_, err := notifyfile.Load("notify.yaml", []byte(`receivers:
  - name: care-lead
    email: {to: lead@example.org}
  - name: care-lead
    slack: {url_env: CHAT}
  - name: two
    slack: {url_env: CHAT}
    email: {to: lead@example.org}
  - name: none
chains:
  - name: on-call
    steps: [{tell: care-led, wait: 0s}, {tell: []}]
  - name: on-call
    steps: []
    rounds: 99
hours:
  - {name: nights, zone: Mars/Base, week: {mon: "9-5", someday: "09:00-10:00"}, country: XX, days: [soon]}
  - {name: empty}
routes:
  - name: a
    match: [severity, "x=~("]
    receivers: [care-lead, care-lead]
    chain: on-cal
    group_by: ["9", theme, theme, ...]
    wait: 2h
    interval: soon
    repeat: 10s
    mute: [night]
    nested: true
  - name: b
    receivers: care-lead
    interval: 1h
    repeat: 30m
  - name: b
    match: a=b
    receivers: zzz
  - match: a=c
  - {name: no, match: a=d, nobody: false}
  - {name: ok, match: a=e, receivers: two, routes: [{name: all}, {name: late}]}
inhibit:
  - {by: [], held: kind=response, equal: [...]}
  - {held: a=b}
`))
	require.EqualError(t, err, `notify.yaml:4: receivers[1].name: is that of the receiver on line 2 as well
notify.yaml:8: receivers[2].email: slack is said above: a receiver is of one kind
notify.yaml:9: receivers[3]: says nowhere where to send: one of webhook, email, slack, teams, nats
notify.yaml:12: chains[0].steps[0].tell: there is no receiver care-led; did you mean care-lead?
notify.yaml:12: chains[0].steps[0].wait: must be a time from 1s to 24h, as 90s, 5m or 4h
notify.yaml:12: chains[0].steps[1].wait: is required
notify.yaml:12: chains[0].steps[1].tell: must not be empty
notify.yaml:13: chains[1].name: there is another chain on-call
notify.yaml:14: chains[1].steps: must not be empty
notify.yaml:15: chains[1].rounds: must be a whole number from 1 to 20
notify.yaml:17: hours[0].zone: is no time zone; write one as Europe/Paris
notify.yaml:17: hours[0].week.mon: "9-5" is no period, as 09:00-12:30
notify.yaml:17: hours[0].week.someday: "someday" is no day: mon, tue, wed, thu, fri, sat, sun, or a range as mon-fri
notify.yaml:17: hours[0].country: "XX" is no country whose holidays are known: `+strings.Join(calendar.Countries(), ", ")+`
notify.yaml:17: hours[0].days[0]: must be a day, as 2026-12-24
notify.yaml:18: hours[1]: must have a week, or holidays: a country, or days
notify.yaml:20: routes[0]: must have only one of receivers, chain and nobody
notify.yaml:21: routes[0].match[0]: must be a label, one of = != =~ !~, and a value, as severity=~"high|critical"
notify.yaml:21: routes[0].match[1]: the regular expression cannot be read: error parsing regexp: missing closing ): `+"`(`"+`
notify.yaml:22: routes[0].receivers[1]: care-lead stands twice
notify.yaml:23: routes[0].chain: there is no chain on-cal; did you mean on-call?
notify.yaml:24: routes[0].group_by: ... leaves each alert alone: there is nothing to group by beside it
notify.yaml:24: routes[0].group_by[0]: is no label: 1 to 64 letters, digits or _, and no digit first; or ... for each alert alone
notify.yaml:24: routes[0].group_by[2]: theme stands twice
notify.yaml:25: routes[0].wait: must be a time from 0s to 1h, as 90s, 5m or 4h
notify.yaml:26: routes[0].interval: must be a time from 1s to 24h, as 90s, 5m or 4h
notify.yaml:27: routes[0].repeat: must be a time from 1m to 30d, as 90s, 5m or 4h
notify.yaml:28: routes[0].mute[0]: there is no hours night; did you mean nights?
notify.yaml:29: routes[0].nested: is not known here; possible are chain, continue, group_by, interval, match, mute, name, nobody, receivers, repeat, routes, send_resolved, unacknowledge_after, wait
notify.yaml:30: routes[1]: repeat, 30m, must not be less than interval, 1h
notify.yaml:34: routes[2]: is never reached: the route b before it takes everything; give that one a match, or put it last
notify.yaml:34: routes[2].name: there is another route b
notify.yaml:36: routes[2].receivers: there is no receiver zzz
notify.yaml:37: routes[3]: is never reached: the route b before it takes everything; give that one a match, or put it last
notify.yaml:37: routes[3].name: is required
notify.yaml:37: routes[3]: must say who is told: receivers, a chain, or nobody: true
notify.yaml:38: routes[4]: is never reached: the route b before it takes everything; give that one a match, or put it last
notify.yaml:38: routes[4].nobody: must be true, or not be there
notify.yaml:39: routes[5]: is never reached: the route b before it takes everything; give that one a match, or put it last
notify.yaml:39: routes[5].routes[1]: is never reached: the route all before it takes everything; give that one a match, or put it last
notify.yaml:41: inhibit[0].by: must not be empty
notify.yaml:41: inhibit[0].equal: must be labels
notify.yaml:42: inhibit[1].by: is required`)
}

func TestAnEmptyFileIsRefused(t *testing.T) {
	t.Parallel()
	_, err := notifyfile.Load("notify.yaml", nil)
	require.EqualError(t, err, "notify.yaml: is empty: it needs receivers and routes")
	_, err = notifyfile.Load("notify.yaml", []byte("routes: []"))
	require.EqualError(t, err, "notify.yaml:1: receivers: is required")
}

func TestAChangedFileIsTakenWhenItStandsStillAndIsRight(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify.yaml")
	write := func(text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	write(whole)
	core, logs := observer.New(zap.InfoLevel)
	var digests []string
	refused := 0
	f, err := notifyfile.New(notifyfile.Deps{
		Path: path, Log: zap.New(core), Every: time.Hour,
		Changed: func(_ *notifyfile.Settings, digest string) { digests = append(digests, digest) }, Refused: func() { refused++ },
	})
	require.NoError(t, err)
	require.Len(t, digests, 1)
	f.Look()
	f.Look()
	require.Len(t, digests, 1)

	write(strings.Replace(whole, "name: rest", "name: others", 1))
	f.Look()
	require.NotNil(t, f.Current().Plan.Route("rest"), "it may be half written")
	f.Look()
	require.NotNil(t, f.Current().Plan.Route("others"))
	require.Len(t, digests, 2)

	write(strings.ReplaceAll(whole, "care-lead]", "care-leed]"))
	for range 4 {
		f.Look()
	}
	require.Equal(t, 1, refused, "it is refused once")
	require.NotNil(t, f.Current().Plan.Route("others"), "what was in force stays so")
	require.Equal(t, 3, logs.FilterMessage("a fault of the notify file").Len())

	require.NoError(t, os.Remove(path))
	f.Look()
	f.Look()
	require.Equal(t, 2, refused)
	write(whole)
	f.Look()
	f.Look()
	require.NotNil(t, f.Current().Plan.Route("rest"))
	require.Len(t, digests, 3)
}

func TestWhatTheServiceCannotUseIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify.yaml")
	require.NoError(t, os.WriteFile(path, []byte(whole), 0o600))
	_, err := notifyfile.New(notifyfile.Deps{Path: path, Log: zap.NewNop(), Check: func(s *notifyfile.Settings) []strictyaml.Problem {
		return []strictyaml.Problem{{Line: 3, Path: s.Receivers[0].Name, Message: "needs a server to send by"}}
	}})
	require.ErrorContains(t, err, path+":3: care-lead: needs a server to send by")
}

func TestWithoutAFileNobodyIsTold(t *testing.T) {
	t.Parallel()
	f, err := notifyfile.New(notifyfile.Deps{Log: zap.NewNop(), Changed: func(*notifyfile.Settings, string) {}})
	require.NoError(t, err)
	require.Empty(t, f.Current().Plan.Takers(map[string]string{"severity": "critical"}))
	f.Look()
	_, err = notifyfile.New(notifyfile.Deps{Path: filepath.Join(t.TempDir(), "none"), Log: zap.NewNop()})
	require.ErrorContains(t, err, "notify_file: open")
}

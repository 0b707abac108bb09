package matcher_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/matcher"
)

func TestWhatAMatcherPicks(t *testing.T) {
	t.Parallel()
	labels := map[string]string{"theme": "delivery_time", "severity": "high", "team": "care", "note": `a "b" c`, "lines": "a\nb"}
	for text, want := range map[string]bool{
		"theme=delivery_time": true, "theme=delivery": false, ` theme = "delivery_time" `: true,
		"theme!=delivery_time": false, "theme!=price": true,
		`severity=~"high|critical"`: true, "severity=~hi": false, "severity=~hi.*": true, "severity=~|low": false,
		`severity!~"high|critical"`: false, "severity!~low|medium": true,
		"nothing=": true, `nothing=""`: true, "nothing!=": false, "theme!=": true, "theme=": false,
		"nothing=~.*": true, "nothing=~.+": false, "nothing!~.+": true,
		`note="a \"b\" c"`: true, `note=~"a .* c"`: true, "lines=~a.b": true, `lines="a\nb"`: true,
		"severity=~(?i)HIGH": true, "theme=a=b": false, "severity=~high|": true,
	} {
		m, err := matcher.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, want, m.Picks(labels), text)

		again, err := matcher.Parse(m.String())
		require.NoError(t, err, m.String())
		require.Equal(t, m.String(), again.String())
		require.True(t, proto.Equal(m.Proto(), again.Proto()), text)
		stored, err := matcher.Of(m.Proto())
		require.NoError(t, err)
		require.Equal(t, want, stored.Picks(labels), text)
	}
}

func TestWhatIsNoMatcher(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                "must be a label",
		"theme":                           "must be a label",
		"theme~a":                         "must be a label",
		"theme!a":                         "operator must be one of",
		"=a":                              "the label must be 1 to 64",
		"9a=b":                            "the label must be 1 to 64",
		"a b=c":                           "the label must be 1 to 64",
		"a-b=c":                           "the label must be 1 to 64",
		`a="b`:                            "quotes of the value are wrong",
		`a="b" c`:                         "quotes of the value are wrong",
		`a=b"c`:                           "must be in quotes",
		"a=~(":                            "regular expression cannot be read",
		"a=~)(":                           "regular expression cannot be read",
		"a=~(?P<a)":                       "regular expression cannot be read",
		"a=~(a{100}){100}":                "regular expression",
		"a=~(ab?c){900}":                  "too large",
		"a=" + strings.Repeat("b", 2_000): "longer than 1000 bytes",
		"a=\xff":                          "no UTF-8",
	} {
		_, err := matcher.Parse(text)
		require.ErrorContains(t, err, want, text)
	}
	_, err := matcher.Of(&eventsv1.Matcher{Label: "a", Value: "b"})
	require.ErrorContains(t, err, "operator")
	require.False(t, matcher.Matcher{}.Picks(nil), "the zero matcher picks nothing")
}

func TestAllMustPick(t *testing.T) {
	t.Parallel()
	all, err := matcher.ParseAll([]string{"a=1", "b!=2"})
	require.NoError(t, err)
	require.True(t, all.Pick(map[string]string{"a": "1"}))
	require.False(t, all.Pick(map[string]string{"a": "1", "b": "2"}))
	require.True(t, matcher.All{}.Pick(nil), "none picks everything")
	again, err := matcher.OfAll(all.Protos())
	require.NoError(t, err)
	require.Equal(t, all[0].String()+all[1].String(), again[0].String()+again[1].String())
	_, err = matcher.ParseAll([]string{"a=1", "b"})
	require.ErrorContains(t, err, "b: must be a label")
	require.True(t, all[1].PicksAbsent())
	require.False(t, all[0].PicksAbsent())
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"a=b", `a=~"b|c"`, `a!="\x00"`, "a!~.*", `a="\"`, "a=~(a{9}){9}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := matcher.Parse(text)
		if err != nil {
			return
		}
		m.Picks(map[string]string{m.Label(): text})
		if len(m.String()) > 1000 {
			return
		}
		again, err := matcher.Parse(m.String())
		require.NoError(t, err, m.String())
		require.True(t, proto.Equal(m.Proto(), again.Proto()), m.String())
	})
}

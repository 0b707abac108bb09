package callback_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

func TestParseSkill(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]callback.Skill{
		"billing":    {Name: "billing", Level: 1},
		"billing:3":  {Name: "billing", Level: 3},
		"VIP_2-x:10": {Name: "VIP_2-x", Level: 10},
	} {
		got, ok := callback.ParseSkill(text)
		require.True(t, ok, text)
		require.Equal(t, want, got)
		require.Equal(t, text, got.String())
	}
	for _, text := range []string{"", ":3", "billing:", "billing:0", "billing:11", "billing:03", "billing:+3", "a b", "a:b", "a:1:2", "é"} {
		_, ok := callback.ParseSkill(text)
		require.False(t, ok, text)
	}
}

func TestBaseLanguage(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{
		"fr": "fr", "fr-CA": "fr", "FR_be": "fr", "zh-Hant-TW": "zh", "gsw": "gsw",
		"": "", "f": "", "-fr": "", "123": "", "fr fr": "", "français": "", "abcd": "",
	} {
		require.Equal(t, want, callback.BaseLanguage(tag), tag)
	}
}

func TestNeeds(t *testing.T) {
	t.Parallel()
	cb := callback.Callback{
		Queue: "retention", Language: "fr-BE",
		Skills: []string{"vip", "billing", "billing:4", "billing:2", "not a skill"},
	}
	require.Equal(t, callback.Needs{
		Queue: "retention", Language: "fr",
		Skills: []callback.Skill{{Name: "billing", Level: 4}, {Name: "not a skill", Level: 1}, {Name: "vip", Level: 1}},
	}, cb.Needs())
	require.Equal(t, "fr/billing:4,not+a+skill,vip", cb.Needs().Line())
	plain := callback.Callback{Queue: "default"}
	require.Equal(t, "/", plain.Needs().Line())
}

// What needs the same shares a line, and only that: an index keeps lines apart by
// their text.
func TestALineIsItsNeeds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) callback.Callback {
			return callback.Callback{
				Queue:    "default",
				Language: rapid.SampledFrom([]string{"", "fr", "en", "fr-CA", "x,y"}).Draw(t, name+" language"),
				Skills:   rapid.SliceOfN(rapid.SampledFrom([]string{"a", "a:3", "b", "b:10", "c,a", "/", ":", "ü"}), 0, 4).Draw(t, name+" skills"),
			}
		}
		a, b := draw("a"), draw("b")
		line := a.Needs().Line()
		require.NotContains(t, line, " ")
		require.Equal(t, a.Needs(), callback.ParseLine("default", line))
		require.Equal(t, line == b.Needs().Line(), same(a.Needs(), b.Needs()))
	})
}

func same(a, b callback.Needs) bool {
	if a.Language != b.Language || len(a.Skills) != len(b.Skills) {
		return false
	}
	for i := range a.Skills {
		if a.Skills[i] != b.Skills[i] {
			return false
		}
	}
	return true
}

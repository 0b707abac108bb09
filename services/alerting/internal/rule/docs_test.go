package rule

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

func document(t *testing.T) string {
	return page(t, "rules")
}

func page(t *testing.T, name string) string {
	text, err := os.ReadFile("../../../../docs/" + name + ".md")
	require.NoError(t, err)
	return string(text)
}

func TestEveryExampleOfTheDocumentLoads(t *testing.T) {
	t.Parallel()
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(document(t)+page(t, "metric-rules"), -1)
	require.GreaterOrEqual(t, len(blocks), 4)
	for i, b := range blocks {
		_, err := Load(fmt.Sprintf("example %d", i+1), []byte(b[1]), Options{})
		require.NoError(t, err)
	}
}

// The table of mistakes: what is written on the left is refused, what is
// written on the right is taken.
func TestEveryMistakeOfTheDocumentIsRefused(t *testing.T) {
	t.Parallel()
	_, table, ok := strings.Cut(document(t), "| written | what is wrong | write |\n")
	require.True(t, ok)
	rows := 0
	for _, line := range strings.Split(table, "\n")[1:] {
		if !strings.HasPrefix(line, "|") {
			break
		}
		rows++
		code := regexp.MustCompile("`([^`]*)`").FindAllStringSubmatch(line, -1)
		require.Len(t, code, 2, line)
		require.Error(t, condition(code[0][1]), code[0][1])
		require.NoError(t, condition(code[1][1]))
	}
	require.Equal(t, 5, rows)
}

func condition(when string) error {
	_, err := Load("document", []byte("version: 1\nrules:\n  - name: r\n    when: |\n      "+when+"\n"), Options{})
	return err
}

// Every name is declared, has a value, and is documented; so is every class.
func TestEveryNameIsDocumentedAndHasAValue(t *testing.T) {
	t.Parallel()
	text := document(t)
	for _, v := range variables() {
		require.Contains(t, text, "`"+v.name+"`")
		_, ok := NewFacts(nil, nil).ResolveName(v.name)
		require.True(t, ok, v.name)
		require.NotEmpty(t, v.doc)
	}
	_, ok := NewFacts(nil, nil).ResolveName("nobody")
	require.False(t, ok)
	for name := range eventsv1.Class_value {
		require.Contains(t, text, "`Class."+name+"`")
	}
	for _, key := range []string{"version", "rules", "name", "description", "when", "about", "severity", "team", "labels", "stop", "callback", "callback.queue", "callback.priority", "callback.skills", "callback.first_attempt_within", "callback.even_if_called", "notify", "resolves_after", "fallback", "fallbacks", "fallbacks.name", "fallbacks.description", "fallbacks.queue", "fallbacks.begins_above", "fallbacks.ends_below", "fallbacks.for", "fallbacks.also_when_unstaffed", "fallbacks.raise_bar", "fallbacks.afterwards", "fallbacks.widen", "fallbacks.drop_skills", "fallbacks.first_attempt_within", "fallbacks.tell", "fallbacks.acknowledge_customer", "contact", "contact.not_again_within", "contact.unless"} {
		require.Contains(t, text, "| `"+key+"` |")
	}
	text = page(t, "metric-rules")
	for _, key := range []string{"", "name", "description", "measure", "of", "share", "by", "window", "against", "drops_by", "rises_by", "below", "above", "at_least", "confidence", "back_for", "notify", "severity", "team", "labels"} {
		require.Contains(t, text, "`"+strings.TrimSuffix("metrics."+key, ".")+"`")
	}
}

package notifyfile_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/alerting/internal/notifyfile"
)

func TestTheExampleOfTheDocumentLoads(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../../docs/notifications.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1)
	require.Len(t, blocks, 1)
	s, err := notifyfile.Load("notify.yaml", blocks[0][1])
	require.NoError(t, err)
	names := func(labels map[string]string) (out []string) {
		for _, r := range s.Plan.Takers(labels) {
			out = append(out, r.Name)
		}
		return out
	}
	require.Empty(t, names(map[string]string{"survey": "test-1"}))
	require.Equal(t, []string{"everything", "legal"}, names(map[string]string{"severity": "critical"}))
	require.Equal(t, []string{"everything", "urgent"}, names(map[string]string{"severity": "high"}))
	require.Equal(t, []string{"everything", "rest"}, names(map[string]string{"severity": "high", "team": "shop"}))

	// Every key is in the document.
	for _, key := range []string{"receivers", "chain", "nobody", "group_by", "wait", "interval", "repeat", "send_resolved", "mute", "unacknowledge_after", "continue", "routes", "match", "rounds", "outside", "country", "days", "equal"} {
		require.Regexp(t, "[`{ -]"+key+"[`:]", string(text))
	}
}

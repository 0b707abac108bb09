package replay_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/rappel/internal/replay"
)

// What a customer wrote stands in the rejects, and neither in the summary nor in the state,
// which are shown, and kept, without their saying so.
func TestASummaryAndAStateQuoteNobody(t *testing.T) {
	t.Parallel()
	secrets := []string{"Quenouille", "zoe@example.org", "insupportable"}
	text := "id,note,avis\n"
	for _, s := range secrets {
		text += "1," + s + ",x\n2,42," + s + "\n3,5,x\n"
	}
	c := newCollector(t)
	kept := ""
	o := options(t, c, write(t, "a.csv", text))
	o.Mapping = write(t, "m.yaml", "survey: s\nid: id\nanswers: [{metric: NPS, column: note}, {verbatim: avis}]")
	o.Batch, o.Parallel = 1, 1
	c.before = func(int, []*eventsv1.Response, http.ResponseWriter) bool {
		state, _ := os.ReadFile(o.State)
		kept += string(state)
		return false
	}
	summary, err := replay.Run(t.Context(), o)
	require.NoError(t, err)
	require.EqualValues(t, 6, summary.Refused)
	shown, err := json.Marshal(summary)
	require.NoError(t, err)
	require.Contains(t, kept, "refusals")
	rejects, err := os.ReadFile(o.Rejects)
	require.NoError(t, err)
	for _, secret := range secrets {
		require.NotContains(t, kept+string(shown), secret)
		require.Contains(t, strings.ToLower(string(rejects)), strings.ToLower(secret))
	}
}

package push_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/collector/internal/push"
)

const formPath = "/v1/forms/18Xgmr4XQb-demoForm/responses"

// A watch may tell of a response before the API shows it: an empty list, or one without
// anything new, is asked for again.
func TestAFormWhoseListIsBehindItsWatch(t *testing.T) {
	t.Parallel()
	one := fixture(t, "googleforms_response.json")
	older := strings.NewReplacer("ACYDBNjDemoResponse", "older", "2026-09-14T08:02:47.123456Z", "2026-09-14T07:10:00Z").Replace(one)
	for name, behind := range map[string]string{"empty": `{}`, "nothing new": `{"responses":[` + older + `]}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := googleOf(t)
			g.api.is(moods(2, func(w http.ResponseWriter) { _, _ = fmt.Fprint(w, behind) })...)
			g.api.set(formPath, `{"responses":[`+one+`]}`)
			l := setup(t, g.config)
			l.told(fixture(t, watched), "Authorization", g.bearer(func(map[string]any) {}))
			l.eventually(func() bool {
				for _, r := range l.stored() {
					if r.GetId() == "ACYDBNjDemoResponse" {
						return true
					}
				}
				return false
			})
			require.Empty(t, l.letters())
			require.Equal(t, 2, l.counted(push.Retried))
		})
	}
}

// When it stays so there was nothing to have, a response that was taken back for one.
func TestAFormThatHasNothingNew(t *testing.T) {
	t.Parallel()
	g := googleOf(t)
	g.api.set(formPath, `{}`)
	l := setup(t, g.config)
	l.told(fixture(t, watched), "Authorization", g.bearer(func(map[string]any) {}))
	l.eventually(func() bool { return l.counted(push.Skipped) == 1 })
	require.Len(t, g.api.calls(), 5)
	require.Empty(t, l.letters())
	require.Empty(t, l.stored())
}

package hook_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/collector/internal/hook"
)

// The script that ships signs as the endpoint verifies, and keeps what could not be sent
// until it was taken.
func TestTheScriptForGoogleForms(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil && os.Getenv("REQUIRE_REAL") != "1" {
		t.Skip("no node: scripts/system-package node nodejs installs one")
	}
	require.NoError(t, err, "scripts/system-package node nodejs installs one")
	out, err := exec.CommandContext(t.Context(), node, "testdata/appsscript.js", "../../../../sample/hooks/googleforms.gs", "503,0,200").Output()
	require.NoError(t, err)
	var ran struct {
		Calls []struct {
			URL, Body string
			Headers   map[string]string
		}
		Waiting []string
	}
	require.NoError(t, json.Unmarshal(out, &ran))
	require.Len(t, ran.Calls, 3)
	require.Empty(t, ran.Waiting)
	e := endpoint(t, hook.Config{Source: "googleforms", Secret: "whsec_cXVpdGUgYSBsb25nIHNlY3JldA==", Mapping: sample("googleforms-script")})
	for _, c := range ran.Calls {
		require.Equal(t, "https://rappel.example.org/v1/hooks/googleforms/e", c.URL)
		h := header()
		for name, v := range c.Headers {
			h.Set(name, v)
		}
		pushes, err := accept(t, e, hook.Call{Header: h, Body: []byte(c.Body), At: time.Now()})
		require.NoError(t, err)
		require.Equal(t, "2_ABaOnudDemoResponse-1789372967123", pushes[0].ID)
		docs, err := e.Documents(t.Context(), pushes[0].Body)
		require.NoError(t, err)
		row := e.Map(docs[0])
		require.Empty(t, row.Problems)
		require.Equal(t, "Colis livré avec six jours de retard.", row.Response.GetAnswers()[1].GetVerbatim())
	}
	var body, documented map[string]any
	require.NoError(t, json.Unmarshal([]byte(ran.Calls[0].Body), &body))
	require.NoError(t, json.Unmarshal(fixture(t, "googleforms_appsscript_forwarder.json"), &documented))
	require.Equal(t, documented, body)
}

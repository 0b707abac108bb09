package projection

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/proto/feedevent"
)

var update = flag.Bool("update", false, "write docs/feed-events.md and docs/feed anew")

var docs = filepath.Join("..", "..", "..", "..", "docs")

const pageHead = `# The events of the feed

Printed from ` + "`proto/feedevent`" + ` and ` + "`services/feed/internal/projection`" + `; do not edit. To print it again, from the
root of the repository:

` + "```sh" + `
go test ./services/feed/internal/projection -run TestDoc -update
` + "```" + `

[feed.md](feed.md) says how to read them. Each is a CloudEvents 1.0 event in the JSON format. The data are described by JSON
Schemas: [response](feed/response.v1.json), [alert](feed/alert.v1.json), [alert_state](feed/alert_state.v1.json), [fallback](feed/fallback.v1.json),
[callback](feed/callback.v1.json); an event's ` + "`dataschema`" + ` names its own, as ` + "`urn:rappel:feed:callback:v1`" + `. What is empty or zero is left out, but for what a schema
requires. A further field, type or value is no new version: do not mind what you do not know.

| type | when | about | data |
|---|---|---|---|
`

// TestDocEvents prints the table and an example of each type, which is a real projection.
func TestDocEvents(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(pageHead)
	for _, d := range feedevent.Types() {
		about := "survey"
		if d.AboutQueue() {
			about = "queue"
		}
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s | %s |\n", d.Type, d.Type, d.When, about, d.Schema)
	}
	for _, e := range all(t) {
		body, err := json.MarshalIndent(e.Event, "", " ")
		require.NoError(t, err)
		fmt.Fprintf(&b, "\n## %s\n\n`rappel.feed.v1.%s.%s`\n\n```json\n%s\n```\n", e.Type, e.Type, e.About, body)
	}
	printed(t, filepath.Join(docs, "feed-events.md"), []byte(b.String()))
}

// TestDocSchemas prints the schemas, and checks the examples with them.
func TestDocSchemas(t *testing.T) {
	t.Parallel()
	schemas := map[feedevent.Schema]object{
		feedevent.OfResponse:   schemaOf[feedevent.Response](feedevent.OfResponse),
		feedevent.OfAlert:      schemaOf[feedevent.Alert](feedevent.OfAlert),
		feedevent.OfAlertState: schemaOf[feedevent.AlertState](feedevent.OfAlertState),
		feedevent.OfCallback:   schemaOf[feedevent.Callback](feedevent.OfCallback),
		feedevent.OfFallback:   schemaOf[feedevent.Fallback](feedevent.OfFallback),
	}
	for name, s := range schemas {
		body, err := json.MarshalIndent(s, "", "  ")
		require.NoError(t, err)
		printed(t, filepath.Join(docs, "feed", string(name)+".v1.json"), append(body, '\n'))
	}
	for _, e := range all(t) {
		d, _ := feedevent.Describe(e.Type)
		body, err := json.Marshal(e.Data)
		require.NoError(t, err)
		var data any
		require.NoError(t, json.Unmarshal(body, &data))
		conforms(t, string(e.Type), schemas[d.Schema], data)
	}
}

func printed(t *testing.T, path string, want []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, want, 0o644))
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got), "%s is stale: go test ./services/feed/internal/projection -run TestDoc -update", path)
}

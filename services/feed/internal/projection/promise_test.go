package projection

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/proto/feedevent"
)

var promise = flag.Bool("promise", false, "add what is new in the schemas to what is promised")

// TestWhatWasPromisedIsKept: fields are added and never go, never are of another kind, and
// what was always there always is; a value that an enumeration had, it has. What is in the
// file was in a version that somebody reads by. It only grows.
func TestWhatWasPromisedIsKept(t *testing.T) {
	t.Parallel()
	var now []string
	for _, d := range feedevent.Types() {
		now = append(now, "type "+string(d.Type)+" "+d.Schema.URI())
	}
	now = append(now, promises(string(feedevent.OfResponse), schemaOf[feedevent.Response](feedevent.OfResponse), true)...)
	now = append(now, promises(string(feedevent.OfAlert), schemaOf[feedevent.Alert](feedevent.OfAlert), true)...)
	now = append(now, promises(string(feedevent.OfAlertState), schemaOf[feedevent.AlertState](feedevent.OfAlertState), true)...)
	now = append(now, promises(string(feedevent.OfFallback), schemaOf[feedevent.Fallback](feedevent.OfFallback), true)...)
	now = append(now, promises(string(feedevent.OfCallback), schemaOf[feedevent.Callback](feedevent.OfCallback), true)...)

	path := filepath.Join("testdata", "promised.v1.txt")
	body, err := os.ReadFile(path)
	require.NoError(t, err)
	promised := strings.Fields(strings.ReplaceAll(string(body), " ", "·"))
	for i, line := range promised {
		promised[i] = strings.ReplaceAll(line, "·", " ")
		require.Contains(t, now, promised[i], "whoever reads the feed counts on it")
	}
	if *promise {
		slices.Sort(now)
		require.NoError(t, os.WriteFile(path, []byte(strings.Join(now, "\n")+"\n"), 0o644))
		promised = now
	}
	require.Subset(t, promised, now, "promise what is new: go test ./services/feed/internal/projection -run Promised -promise")
}

// promises are what a schema says that a reader may count on, a line each.
func promises(path string, s object, always bool) []string {
	kind, _ := s["type"].(string)
	line := path + " " + kind
	if format, ok := s["format"].(string); ok {
		line += " " + format
	}
	if always {
		line += " always"
	}
	all := []string{line}
	for _, v := range anyOf[[]any](s["examples"]) {
		all = append(all, path+" may be "+v.(string))
	}
	required := anyOf[[]any](s["required"])
	for name, p := range anyOf[object](s["properties"]) {
		all = append(all, promises(path+"."+name, p.(object), slices.Contains(required, any(name)))...)
	}
	for _, of := range []string{"items", "additionalProperties"} {
		if more, ok := s[of].(object); ok {
			all = append(all, promises(path+"[]", more, false)...)
		}
	}
	return all
}

// anyOf is v, or nothing where it is of another type.
func anyOf[T any](v any) T {
	t, _ := v.(T)
	return t
}

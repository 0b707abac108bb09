package replay_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/rappel/internal/replay"
)

// A replay takes the same memory however large its file is. The test runs alone: it
// measures.
func TestALargeFileIsReplayedInLittleMemory(t *testing.T) {
	rows := 60_000
	if testing.Short() {
		rows = 6000
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // it keeps nothing
		var batch struct{ Responses []struct{ ID string } }
		if json.NewDecoder(r.Body).Decode(&batch) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		results := make([]string, len(batch.Responses))
		for i, one := range batch.Responses {
			results[i] = fmt.Sprintf(`{"id":%q,"revision":1,"duplicate":false}`, one.ID)
		}
		_, _ = io.WriteString(w, `{"results":[`+strings.Join(results, ",")+`]}`)
	}))
	defer s.Close()
	path := filepath.Join(t.TempDir(), "large.csv")
	f, err := os.Create(path)
	require.NoError(t, err)
	_, err = io.WriteString(f, "id,note,avis\n")
	require.NoError(t, err)
	for i := range rows {
		_, err = fmt.Fprintf(f, "r-%d,%d,%s\n", i, i%11, strings.Repeat("livré en retard ", 20))
		require.NoError(t, err)
	}
	require.NoError(t, f.Close())
	before, most, seen := heap(), uint64(0), 0
	o := replay.Options{
		File: path, Mapping: write(t, "m.yaml", "survey: s\nid: id\nanswers: [{metric: NPS, column: note}, {verbatim: avis}]"), Server: s.URL, Client: s.Client(),
		State: filepath.Join(t.TempDir(), "state"), Batch: 200,
		OnProgress: func(replay.Progress) {
			if seen++; seen%(rows/200/10) == 0 {
				most = max(most, heap())
			}
		},
	}
	got := totals(t, o)
	require.Equal(t, replay.Totals{Rows: int64(rows), Sent: int64(rows)}, got)
	info, err := os.Stat(path)
	require.NoError(t, err)
	grown := int64(most) - int64(before) //nolint:gosec // far below
	t.Logf("%d MB replayed in %d kB", info.Size()>>20, grown>>10)
	require.Less(t, grown, int64(8<<20), "what is under way at once, and not the file")
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

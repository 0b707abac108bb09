package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/responsefile"
	"github.com/rappel-loop/rappel/services/rappel/internal/replay"
)

// sink takes every batch: a row whose id ends in d is a duplicate, in x refused.
func sink(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var req struct{ Responses []struct{ ID string } }
		if json.NewDecoder(r.Body).Decode(&req) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		var results []any
		for _, row := range req.Responses {
			if strings.HasSuffix(row.ID, "x") {
				results = append(results, map[string]any{"error": map[string]any{"code": "INVALID_ARGUMENT", "fields": []any{map[string]any{"field": "answers[0].value", "description": "must be 0 to 10"}}}})
				continue
			}
			results = append(results, map[string]any{"id": row.ID, "revision": 1, "duplicate": strings.HasSuffix(row.ID, "d")})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"results": results})
	}))
	t.Cleanup(s.Close)
	return s
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

const threeRows = `{"id":"a","survey":"s"}
{"id":"b-d","survey":"s"}
{"id":"c-x","survey":"s"}
`

func exitCode(err error) int {
	var coded interface{ ExitCode() int }
	switch {
	case err == nil:
		return 0
	case errors.As(err, &coded):
		return coded.ExitCode()
	}
	return 1
}

func TestReplayCommand(t *testing.T) {
	t.Parallel()
	path := file(t, "rows.jsonl", threeRows)
	e := world(map[string]string{"RAPPEL_SERVER": sink(t).URL})
	out, errs, err := run(t, e, replayCommand, "replay", path)
	require.NoError(t, err, "refused rows do not fail a replay")
	require.Contains(t, out, path+": done, 3 rows in ")
	out = out[strings.Index(out, "\n")+1:]
	require.Equal(t, "  sent                1\n  duplicates          1\n  refused             1\n    line 3: answers[0].value: must be 0 to 10\n"+
		"warning: 1 row refused and kept in "+strings.TrimSuffix(path, ".jsonl")+".rejects.jsonl; mend them there and replay that file\n", out)
	require.Empty(t, errs, "it was over before there was progress to show")

	_, _, err = run(t, e, replayCommand, "replay", path, "--strict")
	require.Equal(t, 3, exitCode(err))
	out, errs, err = run(t, e, replayCommand, "replay", path, "-o", "json")
	require.NoError(t, err)
	require.Empty(t, errs)
	var s replay.Summary
	require.NoError(t, json.Unmarshal([]byte(out), &s))
	require.Equal(t, replay.Totals{Rows: 3, Sent: 1, Duplicates: 1, Refused: 1}, s.Totals)
	require.True(t, s.Complete)
	require.Equal(t, responsefile.JSONL, s.Format)
}

func TestReplayThatCannot(t *testing.T) {
	t.Parallel()
	path := file(t, "rows.jsonl", threeRows)
	for want, args := range map[string][]string{
		"name one file":                    {},
		"--output xml: must be text":       {path, "-o", "xml"},
		"batch: must be":                   {path, "--batch", "5000"},
		"needs a mapping":                  {file(t, "rows.csv", "a\n1\n")},
		"`rappel run` starts one":          {path, "--server", "127.0.0.1:1", "--give-up", "150ms"},
		"the server's address \"ftp://x\"": {path, "--server", "ftp://x"},
	} {
		_, _, err := run(t, world(nil), replayCommand, append([]string{"replay"}, args...)...)
		require.ErrorContains(t, err, want)
		require.Equal(t, 1, exitCode(err))
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	printSummary(&b, replay.Summary{
		File: "réponses.csv", Complete: true, Resumed: true, Elapsed: 83 * time.Second, RejectsFile: "réponses.rejects.csv",
		Totals:         replay.Totals{Rows: 1_234_567, Sent: 1_200_000, Revised: 12_000, SentAgain: 300, Duplicates: 20_000, Skipped: 14_543, Refused: 24},
		SkippedBecause: map[string]int64{"the scale is neither star5 nor sentiment3": 14_443, "a test": 100},
		Refusals:       []replay.Refusal{{Line: 7, Reason: `"Note": "12" is no number`}, {Line: 9, Reason: "is not one\x1b[31m JSON object"}},
	})
	printSummary(&b, replay.Summary{File: "a.jsonl", Elapsed: 1234 * time.Millisecond, Totals: replay.Totals{Rows: 1, Sent: 1}})
	golden(t, "summary", b.String())
}

func TestProgress(t *testing.T) {
	t.Parallel()
	clock := now
	e := world(nil)
	e.now = func() time.Time { return clock }
	at := func(rows int64) replay.Progress {
		return replay.Progress{
			Totals: replay.Totals{Rows: rows, Sent: rows - 1, Refused: 1}, Bytes: rows * 100, Size: 1_000_000,
			ThisRun: rows, BytesThisRun: rows * 100, Elapsed: clock.Sub(now),
		}
	}
	play := func(p *progress) {
		for i := range 12 {
			clock = clock.Add(time.Second)
			p.update(at(int64(i+1) * 500))
		}
		p.waiting(errors.New("no answer from\nhttp://x"), time.Second)
		p.waiting(errors.New("no answer from\nhttp://x"), time.Second)
		p.end()
	}
	var plain, tty bytes.Buffer
	play(newProgress(&plain, e, "/tmp/a.csv"))
	require.Equal(t, "a.csv   25 %  500 rows/s  0:15 left  sent 2,499 · duplicates 0 · refused 1\n"+
		"a.csv   50 %  500 rows/s  0:10 left  sent 4,999 · duplicates 0 · refused 1\n"+
		"waiting: no answer from http://x\n", plain.String())
	clock = now
	play(newProgress(&tty, e.on(100), "/tmp/a.csv"))
	lines := strings.Split(tty.String(), "\r\x1b[K")
	require.Len(t, lines, 1+12+2)
	require.Equal(t, "a.csv  [████████████░░░░░░░░]   60 %  500 rows/s  0:08 left  sent 5,999 · duplicates 0 · refused 1", lines[12])
	require.Equal(t, "a.csv  [████████████░░░░░░░░]   60 %  500 rows/s  waiting: no answer from http://x  sent 5,999 · d…\n", lines[14])
	for _, l := range lines {
		require.Less(t, cells(strings.TrimSuffix(l, "\n")), 100)
	}
}

func TestHelpOfTheOperatorsCommands(t *testing.T) {
	t.Parallel()
	out, _, err := run(t, world(nil), replayCommand, "replay", "--help")
	require.NoError(t, err)
	golden(t, "help-replay", out)
	out, _, err = run(t, world(nil), tailCommand, "tail", "--help")
	require.NoError(t, err)
	golden(t, "help-tail", out)
	require.NotNil(t, Replay())
	require.NotNil(t, Callbacks())
	require.NotNil(t, Tail())
	_, is := terminalOf(io.Discard)
	require.False(t, is)
}

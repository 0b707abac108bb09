package replay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/responsefile"
	"github.com/rappel-loop/rappel/services/rappel/internal/replay"
)

const sample = "../../../../sample/"

// options plays file into c with everything beside it in a folder of the test.
func options(t testing.TB, c *collector, file string) replay.Options {
	t.Helper()
	dir := t.TempDir()
	return replay.Options{
		File: file, Server: c.URL, Batch: 10, Parallel: 4, GiveUp: 20 * time.Second,
		State: filepath.Join(dir, "state"), Rejects: filepath.Join(dir, "rejects"),
		Client: c.Client(),
	}
}

func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func totals(t *testing.T, o replay.Options) replay.Totals {
	t.Helper()
	s, err := replay.Run(t.Context(), o)
	require.NoError(t, err)
	require.True(t, s.Complete)
	require.NoFileExists(t, o.State)
	return s.Totals
}

func TestMain(m *testing.M) {
	if o := os.Getenv("REPLAY_TEST_CHILD"); o != "" {
		child(o)
		return
	}
	goleak.VerifyTestMain(m)
}

func TestTheSampleInAnyParallelismIsTheSampleInOrder(t *testing.T) {
	t.Parallel()
	one := newCollector(t)
	o := options(t, one, sample+"answers.jsonl")
	o.Batch, o.Parallel = 1, 1
	want := totals(t, o)
	require.Equal(t, replay.Totals{Rows: 275, Sent: 267, Revised: 19, Duplicates: 8}, want)
	for _, c := range []struct{ batch, parallel int }{{100, 4}, {7, 8}, {1, 16}, {1000, 1}} {
		t.Run(fmt.Sprintf("%d by %d", c.batch, c.parallel), func(t *testing.T) {
			t.Parallel()
			many := newCollector(t)
			many.before = func(n int, _ []*eventsv1.Response, _ http.ResponseWriter) bool {
				<-time.After(time.Duration(n%5) * time.Millisecond) // requests overtake each other
				return false
			}
			o := options(t, many, sample+"answers.jsonl")
			o.Batch, o.Parallel = c.batch, c.parallel
			require.Equal(t, want, totals(t, o))
			require.LessOrEqual(t, many.largest, c.batch)
			requireSame(t, one, many)
		})
	}
}

func TestTheShopsSpreadsheet(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	o := options(t, c, sample+"magasins.csv")
	o.Mapping = sample + "magasins.mapping.yaml"
	s, err := replay.Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, replay.Totals{Rows: 50, Sent: 46, Duplicates: 1, Refused: 3}, s.Totals)
	require.Equal(t, []replay.Refusal{
		{15, `"Note sur 10": is beyond the scale`},
		{32, `there is no answer in this row: "Note sur 10", "Recommandation", "Commentaire" are empty`},
		{42, `"Date": "31/11/2026 16:16" is no date that exists, written as dd/mm/yyyy HH:MM`},
	}, s.Refusals)
	require.Equal(t, "+33199001877", c.held["magasins/M-0011"].last.GetCustomer().GetPhone(), "the 0 that was eaten")
	require.Contains(t, c.held["magasins/M-0003"].last.GetAnswers()[2].GetVerbatim(), "».\nIl faut")

	rejects, err := os.ReadFile(s.RejectsFile)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(rejects), "\ufeffN° réponse;Date;"))
	require.Contains(t, string(rejects), ";_line;_reason\n")

	// A person mends two of the three and plays the rejects.
	mended := strings.NewReplacer(";12;10;", ";10;10;", "31/11", "30/11").Replace(string(rejects))
	o2 := options(t, c, write(t, "mended.csv", mended))
	o2.Mapping = o.Mapping
	s, err = replay.Run(t.Context(), o2)
	require.NoError(t, err)
	require.Equal(t, replay.Totals{Rows: 3, Sent: 2, Refused: 1}, s.Totals)
	again, err := os.ReadFile(s.RejectsFile)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(again), "_line"), "the columns do not grow")
}

func TestPlayingTwiceStoresNothingTwice(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	text := strings.Repeat(`{"survey":"s","answers":[{"metric":"NPS","value":3}]}`+"\n", 30)
	file := write(t, "a.jsonl", "\ufeff"+text)
	require.Equal(t, replay.Totals{Rows: 30, Sent: 30}, totals(t, options(t, c, file)), "equal lines without an id are different answers")
	require.Equal(t, replay.Totals{Rows: 30, Duplicates: 30}, totals(t, options(t, c, file)))
	other := write(t, "a.jsonl", text+"\n")
	require.Equal(t, replay.Totals{Rows: 30, Sent: 30}, totals(t, options(t, c, other)), "another file's answers are others")
}

func TestLinesThatAreNoResponse(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	good := `{"id":"g","survey":"s","answers":[{"metric":"NPS","value":3}]}`
	file := write(t, "a.jsonl", strings.Join([]string{
		good, ``, `{"survey":"s","colour":"Durand"}`, `{"survey":"s","customer":{"name":12345678}}`, `{"survey":"s","answers":[{"metric":"NPZ"}]}`,
		`[]`, `not json, Durand`, `{"survey":"s"} {}`, "{\"survey\":\"\xff\"}", `{"answers":[]}`,
		`{"survey":"` + strings.Repeat("x", responsefile.MaxRow) + `"}`, strings.Replace(good, `"g"`, `"h"`, 1),
	}, "\r\n"))
	o := options(t, c, file)
	s, err := replay.Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, replay.Totals{Rows: 11, Sent: 2, Refused: 9}, s.Totals)
	for i, want := range []replay.Refusal{
		{3, `unknown field "colour" (column 15)`},
		{4, `invalid value for string field name (column 34)`},
		{5, `invalid value for enum field metric: "NPZ" (column 36)`},
		{6, `is not one JSON object (column 1)`},
		{7, `is not one JSON object (column 1)`},
		{8, `is not one JSON object (column 16)`},
		{9, `holds bytes that are not UTF-8 (column 11)`},
		{10, `survey: is required`},
		{11, `the line is longer than 1048576 bytes`},
	} {
		require.Equal(t, want, s.Refusals[i])
	}
	// What was refused can be mended where it lies, and played.
	rejects, err := os.ReadFile(s.RejectsFile)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(rejects)), "\n")
	require.Len(t, lines, 9)
	for _, l := range lines {
		require.True(t, json.Valid([]byte(l)), l)
	}
	mended := strings.Replace(lines[0], `"colour":"Durand"`, `"answers":[{"metric":"NPS","value":1}]`, 1)
	require.Equal(t, replay.Totals{Rows: 1, Sent: 1}, totals(t, options(t, c, write(t, "m.jsonl", mended))))
}

// What no mapping fills comes through from JSONL as it stands.
func TestSlotsAndCallbacksComeThrough(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	const callback = "abcdefghijklmnopqrstuvwxyz-2"
	file := write(t, "a.jsonl", `{"id":"a","survey":"s","answers":[{"metric":"NPS","value":1}],"callbackSlots":[{"from":"2026-11-10T17:00:00+01:00","to":"2026-11-10T19:00:00+01:00"},{"from":"2026-11-11T08:00:00Z","to":"2026-11-11T09:30:00Z"}]}
{"id":"b","survey":"apres-rappel","answers":[{"metric":"NPS","value":0}],"callbackId":"`+callback+`"}
{"id":"c","survey":"s","callbackSlots":[{"from":"tomorrow","to":"2026-11-11T09:30:00Z"}]}
`)
	s, err := replay.Run(t.Context(), options(t, c, file))
	require.NoError(t, err)
	require.Equal(t, replay.Totals{Rows: 3, Sent: 2, Refused: 1}, s.Totals)
	require.Equal(t, []replay.Refusal{{3, `is no time as 2026-11-09T10:00:00+01:00 (column 49)`}}, s.Refusals)
	var slots []string
	for _, s := range c.held["s/a"].last.GetCallbackSlots() {
		slots = append(slots, s.GetFrom().AsTime().Format(time.RFC3339), s.GetTo().AsTime().Format(time.RFC3339))
	}
	require.Equal(t, []string{"2026-11-10T16:00:00Z", "2026-11-10T18:00:00Z", "2026-11-11T08:00:00Z", "2026-11-11T09:30:00Z"}, slots)
	require.Equal(t, callback, c.held["apres-rappel/b"].last.GetCallbackId())
}

func TestAServerThatIsFullOrAwayIsWaitedFor(t *testing.T) {
	t.Parallel()
	one, c := newCollector(t), newCollector(t)
	_ = totals(t, options(t, one, sample+"answers.jsonl"))
	var waits atomic.Int64
	c.before = func(n int, _ []*eventsv1.Response, w http.ResponseWriter) bool {
		switch n % 4 {
		case 0:
			w.Header().Set("Retry-After", "0")
			problem(w, http.StatusServiceUnavailable, 8, "the store is full")
		case 1:
			problem(w, http.StatusTooManyRequests, 8, "slower")
		default:
			return false
		}
		return true
	}
	o := options(t, c, sample+"answers.jsonl")
	o.OnWait = func(error, time.Duration) { waits.Add(1) }
	require.Equal(t, replay.Totals{Rows: 275, Sent: 267, Revised: 19, Duplicates: 8}, totals(t, o))
	require.Positive(t, waits.Load())
	requireSame(t, one, c)
}

func TestAnswersLostOnTheWay(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	c.after = func(n int, _ http.ResponseWriter) bool {
		if n%3 != 0 {
			return false
		}
		panic(http.ErrAbortHandler) // stored, and the connection breaks
	}
	var b strings.Builder
	for i := range 200 {
		fmt.Fprintf(&b, `{"id":"r-%d","survey":"s","answers":[{"metric":"NPS","value":%d}]}`+"\n", i-i%20/19, (i-i%20/19)%10) // every 20th repeats the one before
	}
	s, err := replay.Run(t.Context(), options(t, c, write(t, "a.jsonl", b.String())))
	require.NoError(t, err)
	require.Equal(t, 190, c.stored)
	require.Equal(t, int64(190), s.Sent, "a row is sent once, however often it had to be")
	require.Equal(t, int64(10), s.Duplicates, "and a true duplicate stays one")
	require.Positive(t, s.SentAgain)
	require.Zero(t, s.Refused)
}

func TestRowsTheServerCannotStoreNow(t *testing.T) {
	t.Parallel()
	// The server stores a batch's good rows and answers UNAVAILABLE for one: it,
	// and what follows of the same response, come again in order.
	var n atomic.Int64
	c := newCollector(t)
	c.before = func(_ int, rows []*eventsv1.Response, w http.ResponseWriter) bool {
		if n.Add(1) != 1 {
			return false
		}
		results := make([]map[string]any, len(rows))
		for i, r := range rows {
			results[i] = map[string]any{"id": r.GetId(), "revision": 1, "duplicate": false}
		}
		results[0] = map[string]any{"error": map[string]any{"code": "UNAVAILABLE", "message": "later"}}
		_ = json.NewEncoder(w).Encode(map[string]any{"results": results})
		return true
	}
	file := write(t, "a.jsonl", `{"id":"a","survey":"s","answers":[{"metric":"NPS","value":1}]}
{"id":"b","survey":"s","answers":[{"metric":"NPS","value":2}]}
{"id":"a","survey":"s","answers":[{"metric":"NPS","value":3}]}
`)
	require.Equal(t, replay.Totals{Rows: 3, Sent: 3, Revised: 1}, totals(t, options(t, c, file)))
	require.Len(t, c.held, 1, "b was taken the first time")
	require.InDelta(t, 3, c.held["s/a"].last.GetAnswers()[0].GetValue(), 0)
}

func TestARowThatBreaksTheServerIsRefusedInTheEnd(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	c.before = func(_ int, rows []*eventsv1.Response, w http.ResponseWriter) bool {
		if rows[0].GetId() != "bad" {
			return false
		}
		_, _ = w.Write([]byte(`{"results":[{"error":{"code":"INTERNAL","message":"something went wrong on our side"}}]}`))
		return true
	}
	o := options(t, c, write(t, "a.jsonl", `{"id":"bad","survey":"s"}`+"\n"+`{"id":"ok","survey":"s"}`))
	o.Batch, o.Parallel = 1, 1
	require.Equal(t, replay.Totals{Rows: 2, Sent: 1, Refused: 1}, totals(t, o))
}

func TestWhatEndsARun(t *testing.T) {
	t.Parallel()
	file := write(t, "a.jsonl", `{"id":"a","survey":"s"}`+"\n")
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter)
		want   string
	}{
		"a whole batch refused": {func(w http.ResponseWriter) { problem(w, 400, 3, "responses: too many") }, "refuses a whole batch: responses: too many"},
		"no such path":          {func(w http.ResponseWriter) { problem(w, 404, 5, "no such path") }, "does not take answers: no such path; is it a Rappel server?"},
		"a key is asked for":    {func(w http.ResponseWriter) { problem(w, 401, 16, "who are you") }, "lets nobody in without a key"},
		"another server":        {func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>")) }, "answers in another language"},
		"results are missing":   {func(w http.ResponseWriter) { _, _ = w.Write([]byte("{}")) }, "0 results to 1 rows"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newCollector(t)
			srv.before = func(_ int, _ []*eventsv1.Response, w http.ResponseWriter) bool { c.answer(w); return true }
			o := options(t, srv, file)
			s, err := replay.Run(t.Context(), o)
			require.ErrorContains(t, err, c.want)
			require.False(t, s.Complete)
			require.Zero(t, s.Rows)
			require.FileExists(t, o.State, "the same command goes on")
		})
	}
}

func TestGivingUp(t *testing.T) {
	t.Parallel()
	o := replay.Options{File: write(t, "a.jsonl", `{"id":"a","survey":"s"}`), Server: "127.0.0.1:1", GiveUp: 300 * time.Millisecond}
	_, err := replay.Run(t.Context(), o)
	require.ErrorIs(t, err, replay.ErrStuck)
	require.ErrorContains(t, err, "no answer from http://127.0.0.1:1")
}

func TestAProxyThatTakesLittle(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	c.before = func(_ int, rows []*eventsv1.Response, w http.ResponseWriter) bool {
		big := slices.ContainsFunc(rows, func(r *eventsv1.Response) bool { return r.GetId() == "big" })
		if len(rows) > 2 || big {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return true
		}
		return false
	}
	var b strings.Builder
	for i := range 9 {
		fmt.Fprintf(&b, `{"id":"%d","survey":"s"}`+"\n", i)
	}
	b.WriteString(`{"id":"big","survey":"s"}` + "\n")
	o := options(t, c, write(t, "a.jsonl", b.String()))
	require.Equal(t, replay.Totals{Rows: 10, Sent: 9, Refused: 1}, totals(t, o))
}

func TestLimitAndRowsAsTheyCome(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	o := options(t, c, sample+"magasins.csv")
	o.Mapping, o.Limit = sample+"magasins.mapping.yaml", 13
	var lines []int64
	var last replay.Progress
	o.OnRow = func(r replay.RowResult) { lines = append(lines, r.Line) }
	o.OnProgress = func(p replay.Progress) { last = p }
	require.Equal(t, replay.Totals{Rows: 13, Sent: 12, Refused: 1}, totals(t, o))
	require.Len(t, lines, 13)
	require.IsIncreasing(t, lines)
	require.Equal(t, int64(13), last.ThisRun)
	require.Less(t, last.Bytes, last.Size)
	o = options(t, c, sample+"magasins.csv")
	o.Mapping, o.NoFiles = sample+"magasins.mapping.yaml", true
	require.Equal(t, int64(50), totals(t, o).Rows)
	require.NoFileExists(t, o.Rejects)
}

func TestWhatCannotBegin(t *testing.T) {
	t.Parallel()
	csv, jsonl := write(t, "a.csv", "a;b\n1;2\n"), write(t, "a.jsonl", "{}")
	badMap := write(t, "m.yaml", "survey: s\nanswers: [{verbatim: Avis}]")
	for want, o := range map[string]replay.Options{
		"name a file":          {},
		"batch: must be":       {File: csv, Batch: 2000},
		"parallel: must be":    {File: csv, Parallel: 100},
		"format \"xml\"":       {File: csv, Format: "xml"},
		"no such file":         {File: csv + "x"},
		"no regular file":      {File: t.TempDir()},
		"needs a mapping":      {File: csv},
		"a mapping is for CSV": {File: jsonl, Mapping: badMap},
		"m.yaml:2: answers[0].verbatim: the file has": {File: csv, Mapping: badMap},
		"the mapping: open":                           {File: csv, Mapping: "/nowhere"},
		"server's address":                            {File: jsonl, Server: "ftp://x"},
		"begins with a bracket":                       {File: write(t, "a.json", "[{}]")},
		"is it CSV or JSONL":                          {File: write(t, "a.txt", "hello")},
		"UTF-16":                                      {File: write(t, "u.csv", "\xff\xfea\x00"), Mapping: badMap},
	} {
		_, err := replay.Run(t.Context(), o)
		require.ErrorContains(t, err, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := newCollector(t)
	_, err := replay.Run(ctx, options(t, c, sample+"answers.jsonl"))
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, c.requests)
}

package collector_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/protobuf/encoding/protojson"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector"
	"github.com/rappel-loop/rappel/services/internal/keyfile"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

const shops = `
survey: {column: Enquête, default: magasins}
id: Numéro
customer: {name: Client, phone: {column: Téléphone, country: FR}}
answers:
  - {metric: CSAT, column: Note, scale: {min: 1, max: 10}}
  - verbatim: Avis
skip:
  - {when: {column: Avis, is: test}, reason: tests}
`

// windows is what a French spreadsheet saves: Windows-1252, semicolons, decimal commas.
const windows = "Num\xe9ro;Client;T\xe9l\xe9phone;Note;Avis;Enqu\xeate\r\n" +
	"1;Zo\xe9 Arc;01 99 00 18 77;7,5;Tr\xe8s bien;\r\n" +
	"2;L\xe9o Pic;;2;\"Long; \"\"trop\"\" long\";\r\n" +
	"2;L\xe9o Pic;;2;\"Long; \"\"trop\"\" long\";\r\n" +
	"3;Ida Val;;42;=SUM(A1);\r\n" +
	"4;Tom Bel;;1;test;\r\n" +
	"5;Eva Lac;;3;Correct;caisses\r\n"

// part is a field of a form; a file when it has a name.
type part struct{ field, name, content string }

func form(t *testing.T, parts ...part) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		var into io.Writer
		var err error
		if p.name != "" {
			into, err = w.CreateFormFile(p.field, p.name)
		} else {
			into, err = w.CreateFormField(p.field)
		}
		require.NoError(t, err)
		_, err = io.WriteString(into, p.content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String(), w.FormDataContentType()
}

func (l *loop) upload(parts []part, header ...string) answer {
	l.Helper()
	body, kind := form(l.T, parts...)
	return l.post("/v1/imports", body, append(header, "Content-Type", kind)...)
}

func (l *loop) get(path string, header ...string) answer {
	l.Helper()
	req, err := http.NewRequestWithContext(l.Context(), http.MethodGet, l.url+path, nil)
	require.NoError(l, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(l, err)
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	require.NoError(l, err)
	return answer{resp.StatusCode, resp.Header, string(data)}
}

func (a answer) imported(t *testing.T) *eventsv1.Import {
	t.Helper()
	resp := &collectorv1.GetImportResponse{}
	require.NoError(t, protojson.Unmarshal([]byte(a.body), resp), a.body)
	return resp.GetImport()
}

// imports sends a file and waits for its end.
func (l *loop) imports(parts []part, header ...string) *eventsv1.Import {
	l.Helper()
	a := l.upload(parts, header...)
	require.Equal(l, 202, a.code, a.body)
	require.Equal(l, "/v1/imports/"+a.imported(l.T).GetId(), a.header.Get("Location"))
	return l.ended(a.imported(l.T).GetId(), header...)
}

func (l *loop) ended(id string, header ...string) (i *eventsv1.Import) {
	l.Helper()
	l.eventually(func() bool {
		i = l.get("/v1/imports/"+id, header...).imported(l.T)
		return i.GetState() >= eventsv1.Import_COMPLETED
	})
	return i
}

// parts is how many parts of files are stored.
func (l *loop) parts() uint64 {
	l.Helper()
	s, err := l.bus.JetStream().Stream(l.Context(), subject.ImportFiles)
	require.NoError(l, err)
	info, err := s.Info(l.Context(), jetstream.WithSubjectFilter(subject.AllImportFiles))
	require.NoError(l, err)
	return uint64(len(info.State.Subjects))
}

func TestASpreadsheetIsImported(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zapcore.DebugLevel)
	l := start(t, testkit.Bus(t), zap.New(core))
	i := l.imports([]part{{"file", "avis été.csv", windows}, {"mapping", "", shops}})
	require.Equal(t, eventsv1.Import_COMPLETED, i.GetState(), i.GetProblem())
	require.Equal(t, []int64{6, 3, 0, 1, 1, 1}, []int64{i.GetRows(), i.GetStored(), i.GetRevised(), i.GetDuplicates(), i.GetRefused(), i.GetSkipped()})
	require.Equal(t, []any{"avis été.csv", "csv", int64(len(windows)), int64(len(windows))}, []any{i.GetName(), i.GetFormat(), i.GetRead(), i.GetSize()})
	require.Equal(t, map[string]int64{"tests": 1}, i.GetSkippedBecause())
	require.Len(t, i.GetRefusals(), 1)
	require.EqualValues(t, 5, i.GetRefusals()[0].GetLine())
	require.Equal(t, `"Note": 42 is outside the scale 1 to 10`, i.GetRefusals()[0].GetReason())

	rows := l.events()
	require.Len(t, rows, 3)
	zoe := rows[slices.IndexFunc(rows, func(e *eventsv1.ResponseReceived) bool { return e.GetResponse().GetId() == "1" })].GetResponse()
	require.Equal(t, "+33199001877", zoe.GetCustomer().GetPhone())
	require.InDelta(t, 7.5, zoe.GetAnswers()[0].GetValue(), 0)
	require.Equal(t, "Très bien", zoe.GetAnswers()[1].GetVerbatim())

	rejects := l.get("/v1/imports/" + i.GetId() + "/rejects")
	require.Equal(t, 200, rejects.code)
	require.Equal(t, "\ufeffNuméro;Client;Téléphone;Note;Avis;Enquête;_line;_reason\n3;Ida Val;;42;'=SUM(A1);;5;\"\"\"Note\"\": 42 is outside the scale 1 to 10\"\n", rejects.body)
	require.Equal(t, `attachment; filename*=utf-8''avis%20%C3%A9t%C3%A9.rejects.csv`, rejects.header.Get("Content-Disposition"))

	// Mended, its rows are sent again; the rest is known.
	mended := strings.Replace(rejects.body, ";42;", ";4;", 1)
	again := l.imports([]part{{"mapping", "", shops}, {"file", "mended.csv", mended}})
	require.Equal(t, []int64{1, 1}, []int64{again.GetRows(), again.GetStored()})
	require.Equal(t, "=SUM(A1)", l.events()[3].GetResponse().GetAnswers()[1].GetVerbatim())
	require.Equal(t, 204, l.get("/v1/imports/"+again.GetId()+"/rejects").code)
	known := l.imports([]part{{"mapping", "", shops}, {"file", "a.csv", windows}})
	require.Equal(t, []int64{0, 4, 1}, []int64{known.GetStored(), known.GetDuplicates(), known.GetRefused()})

	l.eventually(func() bool { return l.parts() == 0 && l.count("imports_total", "completed") == 3 })
	for _, e := range logs.All() {
		text, err := json.Marshal(e.ContextMap())
		require.NoError(t, err)
		for _, private := range []string{"Zoé", "Ida", "0199", "avis", "SUM"} {
			require.NotContains(t, string(text), private)
		}
	}
}

func TestAWorkbookAndLinesAreImported(t *testing.T) {
	t.Parallel()
	l := setup(t)
	book := excelize.NewFile()
	for n, row := range [][]any{{"Numéro", "Client", "Téléphone", "Note", "Avis", "Enquête"}, {1, "Zoé Arc", 199001877, 7.5, "Bien", "magasins"}, {2, "Léo Pic", nil, 99, "Non", nil}} {
		require.NoError(t, book.SetSheetRow("Sheet1", "A"+string(rune('1'+n)), &row))
	}
	file, err := book.WriteToBuffer()
	require.NoError(t, err)
	i := l.imports([]part{{"file", "export", file.String()}, {"mapping", "", shops}})
	require.Equal(t, []any{"xlsx", int64(1), int64(1)}, []any{i.GetFormat(), i.GetStored(), i.GetRefused()}, i.GetProblem())
	rejects := l.get("/v1/imports/" + i.GetId() + "/rejects")
	require.Equal(t, "attachment; filename=export.rejects.csv", rejects.header.Get("Content-Disposition"))
	require.Contains(t, rejects.body, `2;Léo Pic;;99;Non;;3;`)

	line := strings.Join(strings.Fields(good), "")
	lines := line + "\n\n{\"survey\":\"s\"}\nnothing\n"
	i = l.imports([]part{{"file", "answers", lines}})
	require.Equal(t, []any{"jsonl", int64(3), int64(1), int64(2)}, []any{i.GetFormat(), i.GetRows(), i.GetStored(), i.GetRefused()}, i.GetProblem())
	rejects = l.get("/v1/imports/" + i.GetId() + "/rejects")
	require.Equal(t, "application/x-ndjson", rejects.header.Get("Content-Type"))
	require.Equal(t, 2, strings.Count(rejects.body, "\n"), rejects.body)
	require.Len(t, l.events(), 2)
}

func TestFilesThatAreNotTaken(t *testing.T) {
	t.Parallel()
	l := setup(t, func(c *collector.Config) { c.Imports.MaxBytes = 1 << 20 })
	csv, m := part{"file", "a.csv", windows}, part{"mapping", "", shops}
	for name, c := range map[string]struct {
		parts []part
		code  int
		want  []string // fields or the reason
	}{
		"nothing":            {nil, 400, []string{"file"}},
		"empty":              {[]part{{"file", "a.csv", ""}, m}, 400, []string{"file"}},
		"twice":              {[]part{csv, csv, m}, 400, []string{"file"}},
		"no mapping":         {[]part{csv}, 400, []string{"mapping"}},
		"all wrong at once":  {[]part{{"format", "", "pdf"}, {"mapping", "", "survey: a b\nanswer: x"}, {"files", "", "x"}}, 400, []string{"body", "file", "format", "mapping", "mapping", "mapping"}},
		"other columns":      {[]part{{"file", "a.csv", "A;B\n1;2\n"}, m}, 400, []string{"mapping", "mapping", "mapping", "mapping", "mapping", "mapping", "mapping"}},
		"a mapping of lines": {[]part{{"file", "a.jsonl", good}, m}, 400, []string{"mapping"}},
		"what it is":         {[]part{{"file", "a", "Avis\nx\n"}}, 400, []string{"format"}},
		"no workbook":        {[]part{{"file", "a", windows}, m, {"format", "", "xlsx"}}, 400, []string{"format"}},
		"a damaged workbook": {[]part{{"file", "a.xlsx", "PK\x03\x04damaged"}, m}, 400, []string{"file"}},
		"too large":          {[]part{{"file", "a.jsonl", strings.Repeat(good+"\n", 20_000)}}, 413, []string{"BODY_TOO_LARGE"}},
		"a large mapping":    {[]part{csv, {"mapping", "", strings.Repeat("#", 300<<10)}}, 400, []string{"mapping"}},
	} {
		a := l.upload(c.parts)
		require.Equal(t, c.code, a.code, "%s: %s", name, a.body)
		if st := a.status(t); c.code == 400 {
			require.ElementsMatch(t, c.want, st.fields(), "%s: %s", name, a.body)
		} else {
			require.Equal(t, c.want[0], st.reason(), name)
		}
	}
	body, kind := form(t, csv, m)
	for name, a := range map[string]answer{
		"no form":         l.post("/v1/imports", good),
		"cut off":         l.post("/v1/imports", body[:len(body)-40], "Content-Type", kind),
		"compressed":      l.post("/v1/imports", body, "Content-Type", kind, "Content-Encoding", "gzip"),
		"a key in French": l.post("/v1/imports", body, "Content-Type", kind, "Idempotency-Key", "clé"),
	} {
		require.Equal(t, 400, a.code, "%s: %s", name, a.body)
	}
	require.Zero(t, l.parts(), "nothing is left of what was refused")
	require.JSONEq(t, `{}`, l.get("/v1/imports").body)
	for path, reason := range map[string]string{
		"/v1/imports/nosuch": "IMPORT_UNKNOWN", "/v1/imports/a.b": "IMPORT_UNKNOWN", "/v1/imports/nosuch/rejects": "IMPORT_UNKNOWN",
		"/v1/imports?pageSize=201": "INVALID_FIELDS", "/v1/imports?pageToken=nosuch": "INVALID_FIELDS",
	} {
		require.Equal(t, reason, l.get(path).status(t).reason(), path)
	}
}

func TestAnImportIsRepeatedByItsKey(t *testing.T) {
	t.Parallel()
	l := setup(t)
	file := []part{{"file", "a.csv", windows}, {"mapping", "", shops}}
	first := l.imports(file, "Idempotency-Key", "weekly-47")
	a := l.upload(file, "Idempotency-Key", "weekly-47")
	require.Equal(t, 202, a.code, a.body)
	require.Equal(t, first.GetId(), a.imported(t).GetId())
	require.EqualValues(t, 3, a.imported(t).GetStored(), "as it is by now")
	other := l.upload([]part{{"file", "a.csv", windows + "6;;;1;x;\r\n"}, {"mapping", "", shops}}, "Idempotency-Key", "weekly-47")
	require.Equal(t, 409, other.code, other.body)
	require.Equal(t, "IDEMPOTENCY_KEY_REUSED", other.status(t).reason())
	require.NotEqual(t, first.GetId(), l.imports(file).GetId())
	l.eventually(func() bool { return l.parts() == 0 })
}

func TestImportsAreTheirSenders(t *testing.T) {
	t.Parallel()
	shop, other := keyfile.New(), keyfile.New()
	entry := func(name, key, more string) string {
		h, err := keyfile.Sum(key)
		require.NoError(t, err)
		return "- {name: " + name + ", sha256: " + h.String() + more + "}\n"
	}
	keys := filepath.Join(t.TempDir(), "keys.yaml")
	require.NoError(t, os.WriteFile(keys, []byte("keys:\n"+entry("shop", shop, ", surveys: [magasins]")+entry("other", other, "")), 0o600))
	l := setup(t, func(c *collector.Config) { c.KeysFile = keys })
	file := []part{{"file", "a.csv", windows}, {"mapping", "", shops}}
	require.Equal(t, 401, l.upload(file).code)
	i := l.imports(file, "Authorization", "Bearer "+shop)
	require.Equal(t, []int64{2, 2}, []int64{i.GetStored(), i.GetRefused()})
	require.Equal(t, `"Enquête": is none that this key may send`, i.GetRefusals()[1].GetReason())
	for _, path := range []string{"/v1/imports/" + i.GetId(), "/v1/imports/" + i.GetId() + "/rejects"} {
		require.Equal(t, 401, l.get(path).code)
		require.Equal(t, 404, l.get(path, "Authorization", "Bearer "+other).code)
		require.Equal(t, 200, l.get(path, "Authorization", "Bearer "+shop).code)
	}
	require.JSONEq(t, `{}`, l.get("/v1/imports", "Authorization", "Bearer "+other).body)
	require.Contains(t, l.get("/v1/imports", "Authorization", "Bearer "+shop).body, i.GetId())
	require.Equal(t, 404, l.post("/v1/imports/"+i.GetId()+":cancel", "{}", "Authorization", "Bearer "+other).code)
}

func TestImportsAreListedAndCancelled(t *testing.T) {
	t.Parallel()
	l := setup(t, func(c *collector.Config) { c.Imports.RowsPerSecond = 0.001 })
	// The first slice is what may be read at once; the second waits for minutes.
	long := "Note;Avis;Numéro;Client;Téléphone;Enquête\n" + strings.Repeat("5;a;;;;\n", 2000) + "5;b;1;;;\n"
	a := l.upload([]part{{"file", "long.csv", long}, {"mapping", "", shops}}).imported(t)
	l.eventually(func() bool { return l.get("/v1/imports/"+a.GetId()).imported(t).GetState() == eventsv1.Import_RUNNING })
	b := l.upload([]part{{"file", "b.csv", windows}, {"mapping", "", shops}}).imported(t)
	page := l.get("/v1/imports?pageSize=1")
	require.Contains(t, page.body, "nextPageToken")
	for _, i := range []*eventsv1.Import{a, b} {
		got := l.post("/v1/imports/"+i.GetId()+":cancel", "{}").imported(t)
		require.Equal(t, eventsv1.Import_CANCELLED, got.GetState())
	}
	require.EqualValues(t, 2000, l.ended(a.GetId()).GetRows())
	require.Zero(t, l.ended(b.GetId()).GetRows())
	require.Equal(t, eventsv1.Import_CANCELLED, l.post("/v1/imports/"+a.GetId()+":cancel", "{}").imported(t).GetState())
}

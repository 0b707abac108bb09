package main

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector"
	"github.com/rappel-loop/rappel/services/internal/host"
)

const importMapping = "survey: apres-livraison\nid: id\nchannel: email\ntouchpoint: delivery\n" +
	"customer: {id: customer, name: name, phone: phone, email: email, language: language}\n" +
	"answers:\n  - {metric: NPS, column: score}\n  - verbatim: comment\n"

// BenchmarkImport sends a CSV file of b.N answers and waits until all are responses.
func BenchmarkImport(b *testing.B) {
	cfg := collector.DefaultConfig()
	cfg.Secret = "a secret of the benchmarks alone"
	cfg.Imports.RowsPerSecond = 0
	p := process(b, collector.Module(cfg, host.RedisConfig{}))
	series.Add(1)
	url := "http://" + p.HTTPAddr + "/v1/imports"
	b.ResetTimer()
	start := time.Now()
	i := imported(b, http.MethodPost, url)
	for url += "/" + i.GetId(); i.GetState() < eventsv1.Import_COMPLETED; i = imported(b, http.MethodGet, url) {
		<-time.After(5 * time.Millisecond)
	}
	b.StopTimer()
	require.EqualValues(b, b.N, i.GetStored(), "%v", i)
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "answers/s")
}

func imported(b *testing.B, method, url string) *eventsv1.Import {
	b.Helper()
	var body io.Reader
	kind := ""
	if method == http.MethodPost {
		r, w := io.Pipe()
		form := multipart.NewWriter(w)
		go func() { _ = w.CloseWithError(writeForm(form, b.N)) }() // the reader gets the error
		body, kind = r, form.FormDataContentType()
	}
	req, err := http.NewRequestWithContext(b.Context(), method, url, body)
	require.NoError(b, err)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(b, err)
	text, err := io.ReadAll(resp.Body)
	require.NoError(b, err)
	require.NoError(b, resp.Body.Close())
	got := &collectorv1.GetImportResponse{}
	require.NoError(b, protojson.Unmarshal(text, got), "%s", text)
	return got.GetImport()
}

// writeForm writes what the other rows send, as a spreadsheet would.
func writeForm(form *multipart.Writer, n int) error {
	if err := form.WriteField("mapping", importMapping); err != nil {
		return err
	}
	file, err := form.CreateFormFile("file", "answers.csv")
	if err != nil {
		return err
	}
	var rows bytes.Buffer
	rows.WriteString("id,customer,name,phone,email,language,score,comment\n")
	for i := range n {
		fmt.Fprintf(&rows, "r-%d-%d,C-%d,Camille Exemple,+33639981234,camille@example.com,fr,%d,\"Livré en retard, et personne au téléphone pour me dire où en était le colis.\"\n", series.Load(), i, i, i%11)
		if rows.Len() > 1<<20 || i == n-1 {
			if _, err := file.Write(rows.Bytes()); err != nil {
				return err
			}
			rows.Reset()
		}
	}
	return form.Close()
}

package e2e

import (
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const importMapping = "survey: e2e\nid: id\nanswers: [{metric: NPS, column: note}]\nconsent: {callback: {always: no}}\n"

// importFile sends a file of n rows; between runs when half of it has been sent, and the
// HTTP code is 0 when nobody answered.
func importFile(url string, n int, between func(), into any) int {
	body, out := io.Pipe()
	form := multipart.NewWriter(out)
	go func() {
		_ = form.WriteField("mapping", importMapping)
		file, _ := form.CreateFormFile("file", "a.csv")
		_, _ = io.WriteString(file, "id,note\n")
		for i := range n {
			if i == n/2 {
				between()
			}
			if _, err := fmt.Fprintf(file, "r-%d,%d%s\n", i, i%11, strings.Repeat(" ", 100)); err != nil {
				break // the process has died
			}
		}
		_ = form.Close()
		_ = out.Close()
	}()
	req, err := http.NewRequest(http.MethodPost, url+"/v1/imports", body)
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	return send(req, into)
}

// TestKilledDuringAnUpload kills the process by kill -9 while a file is on its way: nothing
// is imported of what was not taken, and the same file can be sent again.
func TestKilledDuringAnUpload(t *testing.T) {
	t.Parallel()
	p := start(t, "rappel", []string{"RAPPEL_COLLECTOR__IMPORTS__ROWS_PER_SECOND=0"}, "run", "--data-dir", t.TempDir())
	const rows = 100_000
	require.Zero(t, importFile(p.url(), rows, p.kill, nil), "nobody answers")
	p.restart("RAPPEL_COLLECTOR__IMPORTS__ROWS_PER_SECOND=0")
	var list struct{ Imports []any }
	require.Equal(t, http.StatusOK, get(p.url()+"/v1/imports", &list))
	require.Empty(t, list.Imports)
	type imported struct {
		Import struct{ ID, State, Stored string }
	}
	var i imported
	require.Equal(t, http.StatusAccepted, importFile(p.url(), 3000, func() {}, &i))
	require.Eventually(t, func() bool {
		var now imported
		get(p.url()+"/v1/imports/"+i.Import.ID, &now)
		return now.Import.State == "COMPLETED" && now.Import.Stored == "3000"
	}, eventually, 20*time.Millisecond)
}

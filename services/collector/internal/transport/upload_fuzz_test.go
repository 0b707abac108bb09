package transport

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector/internal/callkey"
	"github.com/rappel-loop/rappel/services/collector/internal/imports"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// deadlines lets a recorder be an upload's connection.
type deadlines struct{ *httptest.ResponseRecorder }

// FuzzUpload holds that whatever is sent as a form is taken, or refused with what is wrong,
// and that of what is refused nothing is kept.
func FuzzUpload(f *testing.F) {
	const boundary = "b"
	form := func(fields ...[2]string) []byte {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		require.NoError(f, w.SetBoundary(boundary))
		for _, field := range fields {
			part, err := w.CreateFormFile(field[0], "a.csv")
			require.NoError(f, err)
			_, err = part.Write([]byte(field[1]))
			require.NoError(f, err)
		}
		require.NoError(f, w.Close())
		return b.Bytes()
	}
	const mapped = "survey: s\nanswers: [{metric: NPS, column: a}]\n"
	f.Add(form([2]string{"mapping", mapped}, [2]string{"file", "a\n1\n2\n"}), boundary)
	f.Add(form([2]string{"file", "a\n1\n"}, [2]string{"format", "csv"}, [2]string{"mapping", "survey: ["}), boundary)
	f.Add(form([2]string{"file", `{"survey":"s"}`}, [2]string{"file", "x"}, [2]string{"other", ""}), boundary)
	f.Add([]byte("--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx"), boundary)
	f.Add([]byte(""), "\x00")
	b := testkit.Bus(f)
	o := options(f, &accepting{})
	o.CallKeys, o.Clock = callkey.NewBook(b), clock.System{}
	service := imports.New(imports.Options{
		Bus: b, Access: o.Access, Clock: clock.System{}, Log: zap.NewNop(), Count: func(eventsv1.Import_State) {}, MaxBytes: 1 << 20,
	})
	m := http.NewServeMux()
	NewImports(o, service, 1<<20).Register(m)
	kept := func(t testing.TB) uint64 {
		s, err := b.JetStream().Stream(t.Context(), subject.ImportFiles)
		require.NoError(t, err)
		info, err := s.Info(t.Context(), jetstream.WithSubjectFilter(subject.AllImportFiles))
		require.NoError(t, err)
		return info.State.Msgs
	}
	f.Fuzz(func(t *testing.T, body []byte, boundary string) {
		before := kept(t)
		r := httptest.NewRequest(http.MethodPost, ImportsPath, bytes.NewReader(body))
		r.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
		w := deadlines{httptest.NewRecorder()}
		m.ServeHTTP(w, r)
		require.Contains(t, []int{http.StatusAccepted, http.StatusBadRequest, http.StatusRequestEntityTooLarge}, w.Code, w.Body)
		require.True(t, json.Valid(w.Body.Bytes()))
		if w.Code != http.StatusAccepted {
			require.Equal(t, before, kept(t), "nothing of it is kept")
		}
	})
}

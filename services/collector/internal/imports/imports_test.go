package imports_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector/internal/callkey"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// counts are what an import of rows(n) ends with, whatever happened meanwhile.
func requireCounts(t *testing.T, n int64, i *eventsv1.Import) {
	t.Helper()
	require.Equal(t, eventsv1.Import_COMPLETED, i.GetState(), i.GetProblem())
	require.Equal(t, []int64{n, n - n/10 - n/100, n / 10, n / 100}, []int64{i.GetRows(), i.GetStored(), i.GetDuplicates(), i.GetRefused()})
	require.Equal(t, i.GetReadSize(), i.GetRead())
}

func (s *store) responses() int {
	s.Helper()
	n := 0
	errAll := io.EOF
	err := s.bus.Follow(s.Context(), bus.FollowOptions{Stream: subject.Responses, HeadersOnly: true},
		func(bus.Delivery) error { n++; return nil }, func() error { return errAll })
	require.ErrorIs(s, err, errAll)
	return n
}

func TestAnImportInManySlices(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	service, _ := s.start()
	i := s.send(service, rows(2000))
	requireCounts(t, 2000, s.ended(service, i.GetId()))
	require.Equal(t, 1780, s.responses())
	rejects, err := service.Rejects(t.Context(), s.caller(), i.GetId())
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, rejects.WriteTo(t.Context(), &b))
	require.Equal(t, 21, strings.Count(b.String(), "\n"))
	require.True(t, strings.HasPrefix(b.String(), "\ufeffid,score,text,_line,_reason\nr-50,42,said,52,"), b.String()[:80])
	require.Equal(t, 1, strings.Count(b.String(), "_line"))
}

// A crash between the rows and the state looks like this to whoever reads them again.
func TestRowsWhoseAnswerWasLostAreStoredOnceAndCountedOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.lose = func(batch int) error {
		if batch%2 == 1 {
			return errLost
		}
		return nil
	}
	service, _ := s.start()
	i := s.send(service, rows(2000))
	requireCounts(t, 2000, s.ended(service, i.GetId()))
	require.Equal(t, 1780, s.responses())
}

func TestAnotherCollectorGoesOn(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	lost := make(chan struct{}, 100)
	s.lose = func(batch int) error {
		if batch < 2 {
			return nil
		}
		lost <- struct{}{}
		return errLost
	}
	first, stop := s.start()
	i := s.send(first, rows(2000))
	<-lost
	stop()
	s.mu.Lock()
	s.lose = nil
	s.mu.Unlock()
	second, _ := s.start()
	requireCounts(t, 2000, s.ended(second, i.GetId()))
	require.Equal(t, 1780, s.responses())
}

func TestTwoCollectorsAndManyImports(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	first, _ := s.start()
	second, _ := s.start()
	var ids []string
	for n := range 5 {
		file := strings.ReplaceAll(rows(1000), "r-", "r"+strconv.Itoa(n)+"-")
		ids = append(ids, s.send(first, file).GetId())
	}
	for _, id := range ids {
		requireCounts(t, 1000, s.ended(second, id))
	}
	require.Equal(t, 5*(1000-110), s.responses())
}

func TestAFileThatCannotBeReadOn(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	service, _ := s.start()

	u := service.Begin()
	require.NoError(t, u.File(t.Context(), "a.xlsx", bytes.NewReader(damaged(t))))
	u.Mapping([]byte(mapped))
	i, err := u.Finish(t.Context(), s.caller(), callkey.Key{})
	require.NoError(t, err, "its head is whole")
	i = s.ended(service, i.GetId())
	require.Equal(t, eventsv1.Import_FAILED, i.GetState())
	require.Contains(t, i.GetProblem(), "row")

	// The parts expired before anybody read them: purging does it here.
	s.lose = func(int) error {
		stream, err := s.bus.JetStream().Stream(t.Context(), subject.ImportFiles)
		if err == nil {
			err = stream.Purge(t.Context(), jetstream.WithPurgeSubject(subject.AllImportFiles))
		}
		return err
	}
	long := "id,score,text\n" + strings.Repeat("x,1,"+strings.Repeat("long ", 1000)+"\n", 5000)
	i = s.ended(service, s.send(service, long).GetId())
	require.Equal(t, eventsv1.Import_FAILED, i.GetState())
	require.Contains(t, i.GetProblem(), "no longer stored")
	require.Positive(t, i.GetRows(), "the rows before stay")
}

// damaged is a workbook whose sheet breaks off behind its first rows.
func damaged(t *testing.T) []byte {
	t.Helper()
	f := excelize.NewFile()
	for n, row := range [][]any{{"id", "score", "text"}, {"r-1", 1, "one"}, {"r-2", 2, "two"}} {
		require.NoError(t, f.SetSheetRow("Sheet1", "A"+strconv.Itoa(n+1), &row))
	}
	whole, err := f.WriteToBuffer()
	require.NoError(t, err)
	in, err := zip.NewReader(bytes.NewReader(whole.Bytes()), int64(whole.Len()))
	require.NoError(t, err)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range in.File {
		r, err := e.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		if strings.Contains(e.Name, "sheet1") {
			text = text[:bytes.LastIndex(text, []byte("<row "))+20]
		}
		into, err := w.Create(e.Name)
		require.NoError(t, err)
		_, err = into.Write(text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

// Rows that were known before the import are duplicates, also when their slice is read
// again: only what the first reading stored counts as stored.
func TestRowsThatWereKnownBeforeAreDuplicatesWhenReadAgain(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	service, _ := s.start()
	half := strings.Join(strings.SplitAfter(rows(2000), "\n")[:1001], "")
	requireCounts(t, 1000, s.ended(service, s.send(service, half).GetId()))
	s.mu.Lock()
	begun := s.n
	s.lose = func(batch int) error {
		if (batch-begun)%2 == 1 {
			return errLost
		}
		return nil
	}
	s.mu.Unlock()
	i := s.ended(service, s.send(service, rows(2000)).GetId())
	require.Equal(t, []int64{2000, 890, 1090, 20}, []int64{i.GetRows(), i.GetStored(), i.GetDuplicates(), i.GetRefused()})
	require.Equal(t, 1780, s.responses())
}

// A crash may come amid a slice: what was stored of it is known again, what was not is
// stored, and a repeated row is a duplicate on either side.
func TestASliceThatWasStoredByHalf(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.half = true
	service, _ := s.start()
	i := s.send(service, rows(2000))
	requireCounts(t, 2000, s.ended(service, i.GetId()))
	require.Equal(t, 1780, s.responses())
}

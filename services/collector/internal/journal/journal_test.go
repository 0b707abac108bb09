package journal_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/journal"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func event(id, bucket string) *eventsv1.ResponseReceived {
	return &eventsv1.ResponseReceived{
		EventId: "e-" + id, Revision: 1, Bucket: bucket, Response: &eventsv1.Response{Survey: "s", Id: id},
	}
}

func TestAppendIsACompareAndSet(t *testing.T) {
	t.Parallel()
	j := journal.New(testkit.Bus(t))
	first, err := j.Append(t.Context(), event("a", "abc"), response.Digest{}, 0)
	require.NoError(t, err)
	_, err = j.Append(t.Context(), event("b", "abc"), response.Digest{}, 0)
	require.ErrorIs(t, err, ingest.ErrMoved)
	head, err := j.Head(t.Context(), subject.Response("s", "abc"))
	require.NoError(t, err)
	require.Equal(t, first, head)
	_, err = j.Append(t.Context(), event("b", "abc"), response.Digest{}, head)
	require.NoError(t, err)
	head, err = j.Head(t.Context(), subject.Response("s", "abd"))
	require.NoError(t, err)
	require.Zero(t, head)
	require.NoError(t, j.Durable(t.Context()))
}

// An id is taken once, on whatever subject.
func TestAnIdIsTakenOnce(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	j := journal.New(b)
	first, err := j.Append(t.Context(), event("a", "abc"), response.Digest{}, 0)
	require.NoError(t, err)
	same, err := j.Append(t.Context(), event("a", "abc"), response.Digest{}, 0)
	require.NoError(t, err, "the very same event: its acknowledgement was lost")
	require.Equal(t, first, same)

	other := event("a", "def")
	other.ReceivedAt = timestamppb.Now()
	var taken *ingest.TakenError
	_, err = j.Append(t.Context(), other, response.Digest{}, 0)
	require.ErrorAs(t, err, &taken)
	require.Equal(t, ingest.TakenError{Sequence: first}, *taken)

	s, err := b.JetStream().Stream(t.Context(), subject.Responses)
	require.NoError(t, err)
	require.NoError(t, s.SecureDeleteMsg(t.Context(), first))
	_, err = j.Append(t.Context(), other, response.Digest{}, 0)
	require.ErrorAs(t, err, &taken)
	require.True(t, taken.Gone)
}

func TestReadGivesTheResponseItIsAskedFor(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	j := journal.New(b)
	seq, err := j.Append(t.Context(), event("a", "abc"), response.Digest{}, 0)
	require.NoError(t, err)
	got, err := j.Read(t.Context(), seq, "s", "a")
	require.NoError(t, err)
	require.True(t, proto.Equal(event("a", "abc"), got))
	_, err = j.Read(t.Context(), seq, "s", "b")
	require.ErrorIs(t, err, ingest.ErrGone, "the sequence is another's")
	_, err = j.Read(t.Context(), 99, "s", "a")
	require.ErrorIs(t, err, ingest.ErrGone, "never stored, or before a restore")
	_, err = j.Append(t.Context(), event("b", "abc"), response.Digest{}, seq)
	require.NoError(t, err)
	s, err := b.JetStream().Stream(t.Context(), subject.Responses)
	require.NoError(t, err)
	require.NoError(t, s.DeleteMsg(t.Context(), seq))
	_, err = j.Read(t.Context(), seq, "s", "a")
	require.ErrorIs(t, err, ingest.ErrGone, "erased")
}

func TestAnEventTooLargeForTheStoreIsTheSourcesFault(t *testing.T) {
	t.Parallel()
	e := event("a", "abc")
	e.Response.Answers = []*eventsv1.Answer{{Verbatim: string(make([]byte, 9<<20))}}
	var invalid *ingest.InvalidError
	_, err := journal.New(testkit.Bus(t)).Append(t.Context(), e, response.Digest{}, 0)
	require.ErrorAs(t, err, &invalid)
}

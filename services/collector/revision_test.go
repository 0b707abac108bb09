package collector_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

func TestTheSameAnswerThreeTimesIsStoredOnce(t *testing.T) {
	t.Parallel()
	l := setup(t)
	for i := range 3 {
		res := l.submit(piece("r", "C", nps(2)))
		require.EqualValues(t, 1, res.GetRevision())
		require.Equal(t, i > 0, res.GetDuplicate())
		l.clock.Advance(time.Hour) // submittedAt is not given: the hour must not tell them apart
	}
	require.Len(t, l.events(), 1)
}

func TestALateCommentMakesARevisionWithThePreviousBesideIt(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.submit(piece("r", "C", nps(2)))
	res := l.submit(piece("r", "C", says("slow")))
	require.EqualValues(t, 2, res.GetRevision())
	require.False(t, res.GetDuplicate())
	// All of it again, and its parts: nothing new.
	for _, again := range []*eventsv1.Response{piece("r", "C", nps(2), says("slow")), piece("r", "", says("slow")), piece("r", "", nps(2))} {
		res = l.submit(again)
		require.EqualValues(t, 2, res.GetRevision())
		require.True(t, res.GetDuplicate())
	}
	events := l.events()
	require.Len(t, events, 2)
	require.True(t, proto.Equal(events[0].GetResponse(), events[1].GetPrevious()))
	require.Len(t, events[1].GetResponse().GetAnswers(), 2)
	require.NotEqual(t, events[0].GetEventId(), events[1].GetEventId())
}

// Every revision says when the first was received; one of before there was the field is the
// earliest moment that is known.
func TestWhenAResponseWasFirstReceivedIsKept(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.submit(piece("r", "C", nps(2)))
	l.clock.Advance(time.Hour)
	l.submit(piece("r", "C", nps(3)))
	l.clock.Advance(time.Hour)
	l.submit(piece("r", "C", says("slow")))
	events := l.events()
	require.Len(t, events, 3)
	for i, e := range events {
		require.Equal(t, noon.Add(time.Duration(i)*time.Hour), e.GetReceivedAt().AsTime())
		require.Equal(t, noon, e.GetFirstReceivedAt().AsTime())
	}
}

func TestACorrectionAndBackAgain(t *testing.T) {
	t.Parallel()
	l := setup(t)
	for i, v := range []float64{0, 10, 0} {
		require.EqualValues(t, i+1, l.submit(piece("r", "C", nps(v))).GetRevision())
	}
	old := piece("r", "C", nps(5))
	old.SubmittedAt = timestamppb.New(noon.Add(-time.Hour))
	require.True(t, l.submit(old).GetDuplicate(), "what was submitted earlier corrects nothing")
	require.Len(t, l.events(), 3)
}

func TestAResponseBelongsToOneCustomerForEver(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.submit(piece("r", "", nps(2)))
	l.submit(piece("r", "C-1", says("late details")))
	l.submit(piece("r", "C-2", says("other details")))
	l.submit(piece("other", "C-1", nps(2)))
	events := l.events()
	require.Len(t, events, 4)
	require.Equal(t, events[0].GetCustomerKey(), events[1].GetCustomerKey())
	require.Equal(t, events[0].GetCustomerKey(), events[2].GetCustomerKey())
	require.Equal(t, events[0].GetBucket(), events[2].GetBucket())
	require.Equal(t, "C-2", events[2].GetResponse().GetCustomer().GetId())
	require.NotEqual(t, events[0].GetCustomerKey(), events[3].GetCustomerKey())
}

func TestTheSameIdInAnotherSurveyIsAnotherResponse(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.submit(piece("r", "C", nps(2)))
	other := piece("r", "C", nps(2))
	other.Survey = "autre"
	require.False(t, l.submit(other).GetDuplicate())
}

func TestARestartReadsTheLedgerBack(t *testing.T) {
	t.Parallel()
	l := setup(t)
	for i := range 50 {
		l.submit(piece("r"+string(rune('0'+i)), "C", nps(2)))
	}
	l.submit(piece("r0", "C", says("slow")))
	l.stop()
	again := start(t, l.bus, zap.NewNop())
	res := again.submit(piece("r0", "C", says("slow")))
	require.True(t, res.GetDuplicate(), "by its digest")
	require.EqualValues(t, 2, res.GetRevision())
	require.True(t, again.submit(piece("r1", "C", nps(2))).GetDuplicate())
	require.True(t, again.submit(piece("r0", "C", nps(2))).GetDuplicate(), "by merging")
	require.EqualValues(t, 3, again.submit(piece("r0", "C", nps(9))).GetRevision())
	require.EqualValues(t, 1, again.submit(piece("new", "C", nps(9))).GetRevision())
	require.Len(t, again.events(), 53)
}

func TestAnErasedResponseGoesOnWithTheNextRevision(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.submit(piece("r", "C", nps(2), says("please forget me")))
	require.NoError(t, l.stream().SecureDeleteMsg(t.Context(), 1))
	res := l.submit(piece("r", "D", nps(9)))
	require.EqualValues(t, 2, res.GetRevision())
	events := l.events()
	require.Len(t, events, 1)
	require.Nil(t, events[0].GetPrevious())
	require.Len(t, events[0].GetResponse().GetAnswers(), 1)
	require.EqualValues(t, 3, l.submit(piece("r", "D", nps(8))).GetRevision())
}

// Erased, then forgotten by a restart, and sent again before the store's window
// of ids is over: it must not be lost for that.
func TestAnErasedResponseComesBackAfterARestart(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.submit(piece("r", "C", nps(2)))
	require.NoError(t, l.stream().SecureDeleteMsg(t.Context(), 1))
	l.stop()
	again := start(t, l.bus, zap.NewNop())
	require.EqualValues(t, 2, again.submit(piece("r", "C", nps(2))).GetRevision())
	require.True(t, again.submit(piece("r", "C", nps(2))).GetDuplicate())
	require.Len(t, again.events(), 1)
}

func TestAWholeThatGrowsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	l := setup(t)
	long := func(from int) (out []*eventsv1.Answer) {
		for i := range 7 {
			out = append(out, &eventsv1.Answer{Question: "q" + string(rune('a'+from+i)), Verbatim: strings.Repeat("v", 20_000)})
		}
		return out
	}
	l.submit(piece("r", "C", long(0)...))
	_, err := l.grpc.SubmitResponse(t.Context(), request(piece("r", "C", long(7)...)))
	require.ErrorContains(t, err, "with what was received before")
	require.Len(t, l.events(), 1)
}

// The sample says what must come of it.
func TestTheSample(t *testing.T) {
	t.Parallel()
	l := setup(t)
	f, err := os.Open(filepath.Join("..", "..", "sample", "answers.jsonl"))
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	duplicates, revised := 0, map[string]bool{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		a := l.post("/v1/responses", lines.Text())
		require.Equal(t, 202, a.code, a.body)
		if strings.Contains(a.body, `"duplicate":true`) {
			duplicates++
		}
	}
	require.NoError(t, lines.Err())
	customers, responses := map[string]bool{}, map[string]bool{}
	for _, e := range l.events() {
		customers[e.GetCustomerKey()] = true
		id := e.GetResponse().GetSurvey() + "/" + e.GetResponse().GetId()
		responses[id] = true
		if e.GetRevision() > 1 {
			revised[id] = true
		}
	}
	require.Equal(t, 8, duplicates)
	require.Len(t, l.events(), 267)
	require.Len(t, responses, 248)
	require.Len(t, revised, 19)
	require.Len(t, customers, 235)
}

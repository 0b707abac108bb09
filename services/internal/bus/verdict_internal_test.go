package bus

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/proto/subject"
)

var errOther = errors.New("other")

func TestJudge(t *testing.T) {
	t.Parallel()
	const most = 5
	away := fmt.Errorf("x: %w", ErrUnavailable)
	for name, c := range map[string]struct {
		err        error
		deliveries uint64
		tries      int
		want       verdict
	}{
		"done":                            {nil, 1, 0, verdict{ack: true}},
		"done at last":                    {nil, 99, 9, verdict{ack: true}},
		"failed":                          {errOther, 1, 0, verdict{after: 100 * time.Millisecond}},
		"failed again":                    {errOther, 4, 0, verdict{after: 800 * time.Millisecond}},
		"failed too often":                {errOther, most, 0, verdict{reason: "deliveries_exhausted"}},
		"failed for ever":                 {errOther, 99, 0, verdict{reason: "deliveries_exhausted"}},
		"conflict":                        {ErrConflict, 1, 0, verdict{after: 100 * time.Millisecond}},
		"timed out by itself":             {context.DeadlineExceeded, 2, 0, verdict{after: 200 * time.Millisecond}},
		"later":                           {RetryAfter(time.Minute, errOther), 1, 0, verdict{after: time.Minute}},
		"later, without a delay":          {RetryAfter(0, errOther), 1, 0, verdict{after: 100 * time.Millisecond}},
		"later, before now":               {RetryAfter(-time.Second, errOther), 1, 0, verdict{after: 100 * time.Millisecond}},
		"later too often":                 {RetryAfter(time.Minute, errOther), most, 0, verdict{reason: "deliveries_exhausted"}},
		"terminated":                      {Terminate("bad", errOther), 1, 0, verdict{reason: "bad"}},
		"terminated, wrapped":             {fmt.Errorf("x: %w", Terminate("bad", errOther)), 1, 0, verdict{reason: "bad"}},
		"terminated while away":           {Terminate("bad", away), 1, 0, verdict{reason: "bad"}},
		"terminated with no token":        {Terminate("a b", errOther), 1, 0, verdict{reason: "invalid_reason"}},
		"too large":                       {fmt.Errorf("x: %w", ErrTooLarge), 1, 0, verdict{reason: "too_large"}},
		"postponed":                       {Postpone(time.Hour), 99, 40, verdict{wait: true, quiet: true, after: time.Hour}},
		"postponed by nothing":            {fmt.Errorf("x: %w", Postpone(0)), 1, 0, verdict{wait: true, quiet: true, after: 100 * time.Millisecond}},
		"away":                            {away, 1, 0, verdict{wait: true, after: 100 * time.Millisecond}},
		"away for long":                   {away, 1, 40, verdict{wait: true, after: 2 * time.Second}},
		"away, although delivered often":  {away, 99, 0, verdict{wait: true, after: 100 * time.Millisecond}},
		"full":                            {fmt.Errorf("x: %w", ErrFull), 99, 1, verdict{wait: true, after: 200 * time.Millisecond}},
		"away, try later":                 {RetryAfter(time.Minute, away), 99, 0, verdict{wait: true, after: time.Minute}},
		"away, try later without a delay": {RetryAfter(0, away), 1, 0, verdict{wait: true, after: 100 * time.Millisecond}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := judge(c.err, c.deliveries, most, c.tries)
			require.Equal(t, c.want, got)
			require.NotEmpty(t, got.String())
			if !got.ack && got.reason == "" {
				require.Positive(t, got.after, "nothing is refused without a delay")
			}
		})
	}
	require.EqualError(t, Terminate("bad", nil), "bad: bad")
	require.ErrorIs(t, Terminate("bad", errOther), errOther)
	require.ErrorIs(t, RetryAfter(1, errOther), errOther)
	require.Equal(t, verdict{reason: "deliveries_exhausted"}, judge(errOther, 1, 0, 0), "no limit is a limit of one")
}

func TestBackoffGrowsAndIsBounded(t *testing.T) {
	t.Parallel()
	require.Equal(t, firstRetry, backoff(0))
	require.Equal(t, firstRetry, backoff(1))
	require.Equal(t, 2*firstRetry, backoff(2))
	for n := range uint64(100) {
		require.LessOrEqual(t, backoff(n), backoff(n+1))
		require.LessOrEqual(t, backoff(n), lastRetry)
	}
	require.Equal(t, lastRetry, backoff(^uint64(0)))
}

func TestClassify(t *testing.T) {
	t.Parallel()
	api := func(status int, code jetstream.ErrorCode, text string) error {
		return &jetstream.APIError{Code: status, ErrorCode: code, Description: text}
	}
	for _, c := range []struct {
		err, want error
	}{
		{api(400, 10071, "wrong last sequence: 3"), ErrConflict},
		{api(400, 10164, "wrong last sequence"), ErrConflict},
		{api(503, 10077, "maximum bytes exceeded"), ErrFull},
		{api(503, 10077, "maximum messages exceeded"), ErrFull},
		{api(503, 10077, "write: no space left on device"), ErrFull},
		{api(503, 10077, "store is closed"), ErrUnavailable},
		{api(400, 10002, "resource limits exceeded for account"), ErrFull},
		{api(503, 10023, "insufficient resources"), ErrFull},
		{api(500, 10028, "insufficient memory resources available"), ErrFull},
		{api(500, 10047, "insufficient storage resources available"), ErrFull},
		{api(429, 10167, "too many requests"), ErrFull},
		{api(400, 10054, "message size exceeds maximum allowed"), ErrTooLarge},
		{nats.ErrMaxPayload, ErrTooLarge},
		{api(409, 10158, "duplicate message id is in process"), ErrUnavailable},
		{api(503, 10008, "JetStream system temporarily unavailable"), ErrUnavailable},
		{jetstream.ErrNoStreamResponse, ErrUnavailable},
		{jetstream.ErrAsyncPublishTimeout, ErrUnavailable},
		{nats.ErrDisconnected, ErrUnavailable},
		{nats.ErrConnectionClosed, ErrUnavailable},
	} {
		got := classify(c.err)
		for _, other := range []error{ErrConflict, ErrFull, ErrTooLarge, ErrUnavailable} {
			require.Equal(t, errors.Is(c.want, other), errors.Is(got, other), "%v is %v", c.err, got)
		}
	}
	refused := classify(api(400, 10060, "expected stream does not match"))
	require.ErrorContains(t, refused, "refused")
	require.Equal(t, 4, resultOf(refused))
}

func TestKindsAndStreamsOfSubjects(t *testing.T) {
	t.Parallel()
	for subj, want := range map[string][2]string{
		subject.Response("s", "001"):                          {"response", subject.Responses},
		subject.Score("s", "001"):                             {"score", subject.Scores},
		subject.Alert("r", "001"):                             {"alert", subject.Alerts},
		subject.Callback("001", "abcdefghijklmnopqrstuvwxyz"): {"callback", subject.Callbacks},
		subject.Agent("abc"):                                  {"agent", subject.Agents},
		subject.FeedEvent("t", "s"):                           {"feed", subject.Feed},
		subject.DeadLetter("S", "r"):                          {"dead", subject.DeadLetters},
		"rappel.v1.other.x":                                   {"other", ""},
		"rappel.v1":                                           {"other", ""},
		"elsewhere":                                           {"other", ""},
		"":                                                    {"other", ""},
	} {
		require.Equal(t, want[0], kind(subj), subj)
		stream, err := streamNameOf(subj)
		require.Equal(t, want[1], stream, subj)
		require.Equal(t, want[1] == "", err != nil)
	}
}

func TestDetailIsCutToWhatADeadLetterHolds(t *testing.T) {
	t.Parallel()
	long := detail(fmt.Errorf("%0999dé\xff", 1))
	require.LessOrEqual(t, len(long), 1000)
	require.Equal(t, "a?", detail(errors.New("a\xff")))
}

func TestALaneHasEachEventOnce(t *testing.T) {
	t.Parallel()
	l := newLane()
	require.True(t, l.put(Delivery{Sequence: 1}, nil))
	require.True(t, l.put(Delivery{Sequence: 2}, nil))
	require.True(t, l.put(Delivery{Sequence: 1}, nil), "delivered again while in line")
	first := l.next()
	require.EqualValues(t, 1, first.d.Sequence)
	require.True(t, l.put(Delivery{Sequence: 1}, nil), "delivered again while at work")
	l.done(first)
	require.True(t, l.put(Delivery{Sequence: 1}, nil), "delivered again after it was done")
	l.close()
	require.False(t, l.put(Delivery{Sequence: 3}, nil))
	require.EqualValues(t, 2, l.next().d.Sequence)
	require.EqualValues(t, 1, l.next().d.Sequence)
	require.Nil(t, l.next())
}

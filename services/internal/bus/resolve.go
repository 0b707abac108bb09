package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/clock"
)

// Pauses between the repeats of a publish.
const (
	firstPause = 20 * time.Millisecond
	lastPause  = time.Second
)

// resolve finds out what became of a publish that failed. Without an
// acknowledgement it repeats the publish until the time is up; after a conflict
// it asks whether the event that was first is this one.
func (b *Bus) resolve(ctx context.Context, e Event, last uint64, m *nats.Msg, err error) (Receipt, error) {
	if !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrConflict) {
		return Receipt{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*b.timeout)
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		unknown := errors.Is(err, ErrUnavailable)
		if !unknown && !errors.Is(err, ErrConflict) {
			return Receipt{}, err
		}
		if unknown {
			if serr := clock.Sleep(ctx, pause); serr != nil {
				return Receipt{}, err
			}
			if b.Connected() != nil {
				continue
			}
			b.metrics.retries.Inc()
		}
		r, rerr := b.readBack(ctx, e, last)
		switch {
		case rerr == nil:
			return r, nil
		case !errors.Is(rerr, ErrNotFound):
			err = rerr // whether it was stored cannot be known yet
			continue
		case !unknown:
			return Receipt{}, err
		}
		if r, err = b.send(ctx, m); err == nil {
			return r, nil
		}
	}
}

// readBack looks for e where an earlier try would have put it: under a
// compare-and-set, right after last; otherwise at the end of its subject. It
// returns ErrNotFound when another event, or none, stands there.
func (b *Bus) readBack(ctx context.Context, e Event, last uint64) (Receipt, error) {
	ask := getRequest{Last: e.Subject}
	if last != anySequence {
		ask = getRequest{Seq: last + 1, Next: e.Subject}
	}
	stream, err := streamNameOf(e.Subject)
	if err != nil {
		return Receipt{}, ErrNotFound // a stream of somebody else's: nothing to compare with
	}
	d, err := b.leaderGet(ctx, stream, ask)
	if err != nil {
		return Receipt{}, err
	}
	if d.ID != e.ID {
		return Receipt{}, ErrNotFound
	}
	return Receipt{Sequence: d.Sequence, Duplicate: true}, nil
}

// getRequest and getResponse are JetStream's $JS.API.STREAM.MSG.GET.
type getRequest struct {
	Seq  uint64 `json:"seq,omitempty"`
	Last string `json:"last_by_subj,omitempty"`
	Next string `json:"next_by_subj,omitempty"`
}

type getResponse struct {
	Error   *jetstream.APIError `json:"error"`
	Message *struct {
		Subject  string    `json:"subject"`
		Sequence uint64    `json:"seq"`
		Header   []byte    `json:"hdrs"`
		Data     []byte    `json:"data"`
		Time     time.Time `json:"time"`
	} `json:"message"`
}

// leaderGet reads one event from the stream's leader. The library would ask any
// replica, which may not have heard of the event yet; the leader is who has just
// refused ours.
func (b *Bus) leaderGet(ctx context.Context, stream string, ask getRequest) (Delivery, error) {
	ctx, cancel := b.question(ctx)
	defer cancel()
	body, err := json.Marshal(ask)
	if err != nil {
		return Delivery{}, err
	}
	msg, err := b.nc.RequestWithContext(ctx, jetstream.DefaultAPIPrefix+"STREAM.MSG.GET."+stream, body)
	if err != nil {
		return Delivery{}, fmt.Errorf("%w: ask the leader: %w", ErrUnavailable, err)
	}
	d, err := fromAnswer(stream, msg.Data)
	if err != nil && !errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("%w: ask the leader: %w", ErrUnavailable, err)
	}
	return d, err
}

var errNoMessage = errors.New("an answer without a message")

func fromAnswer(stream string, answer []byte) (Delivery, error) {
	var resp getResponse
	if err := json.Unmarshal(answer, &resp); err != nil {
		return Delivery{}, err
	}
	switch {
	case resp.Error != nil && resp.Error.ErrorCode == jetstream.JSErrCodeMessageNotFound:
		return Delivery{}, ErrNotFound
	case resp.Error != nil:
		return Delivery{}, resp.Error
	case resp.Message == nil:
		return Delivery{}, errNoMessage
	}
	m := resp.Message
	h := nats.Header{} // without one it was not stored by a bus
	if len(m.Header) > 0 {
		var err error
		if h, err = nats.DecodeHeadersMsg(m.Header); err != nil {
			return Delivery{}, err
		}
	}
	return Delivery{
		Stream: stream, Subject: m.Subject, Sequence: m.Sequence, Time: m.Time,
		ID: h.Get(nats.MsgIdHdr), Type: h.Get(subject.HeaderType), Headers: h, Data: m.Data,
	}, nil
}

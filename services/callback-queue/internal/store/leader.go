package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// leaderTimeout bounds one question to the stream's leader.
const leaderTimeout = 5 * time.Second

// leaderAnswer is the answer of $JS.API.STREAM.MSG.GET.
type leaderAnswer struct {
	Error   *jetstream.APIError `json:"error"`
	Message *struct {
		Subject  string    `json:"subject"`
		Sequence uint64    `json:"seq"`
		Header   []byte    `json:"hdrs"`
		Data     []byte    `json:"data"`
		Time     time.Time `json:"time"`
	} `json:"message"`
}

// lastAtLeader reads the last event of a subject of CALLBACKS from the stream's
// leader. bus.Last asks any replica, which may not have heard of it yet.
func lastAtLeader(ctx context.Context, nc *nats.Conn, subj string) (bus.Delivery, error) {
	ctx, cancel := context.WithTimeout(ctx, leaderTimeout)
	defer cancel()
	ask, err := json.Marshal(map[string]string{"last_by_subj": subj})
	if err != nil {
		return bus.Delivery{}, err
	}
	reply, err := nc.RequestWithContext(ctx, jetstream.DefaultAPIPrefix+"STREAM.MSG.GET."+subject.Callbacks, ask)
	if err != nil {
		return bus.Delivery{}, fmt.Errorf("%w: %w", bus.ErrUnavailable, err)
	}
	var a leaderAnswer
	if err := json.Unmarshal(reply.Data, &a); err != nil {
		return bus.Delivery{}, fmt.Errorf("%w: %w", bus.ErrUnavailable, err)
	}
	switch {
	case a.Error != nil && a.Error.ErrorCode == jetstream.JSErrCodeMessageNotFound:
		return bus.Delivery{}, bus.ErrNotFound
	case a.Error != nil:
		return bus.Delivery{}, fmt.Errorf("%w: %w", bus.ErrUnavailable, a.Error)
	case a.Message == nil:
		return bus.Delivery{}, fmt.Errorf("%w: an answer without a message", bus.ErrUnavailable)
	}
	h := nats.Header{}
	if len(a.Message.Header) > 0 {
		if h, err = nats.DecodeHeadersMsg(a.Message.Header); err != nil {
			return bus.Delivery{}, fmt.Errorf("%w: %w", bus.ErrUnavailable, err)
		}
	}
	return bus.Delivery{
		Stream: subject.Callbacks, Subject: a.Message.Subject, Sequence: a.Message.Sequence, Time: a.Message.Time,
		ID: h.Get(nats.MsgIdHdr), Type: h.Get(subject.HeaderType), Headers: h, Data: a.Message.Data,
	}, nil
}

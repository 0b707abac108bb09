package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

const (
	// leaderTimeout bounds one question to the stream's leader.
	leaderTimeout = 5 * time.Second
	// lease is for how long after a majority was heard its leader cannot have been
	// replaced: a server misses its leader for 4 s at least before it stands for
	// election. The rest is for the time that an answer takes.
	lease = 3 * time.Second
)

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
//
// A leader that was cut off from the others answers, too, with what it had: it
// takes 10 s and more to find out, and they elect another in 4 to 9 s. So it is
// asked after that whom it has heard, and not believed alone. What is left is the
// moment when the two meet again, if each answers one of the two questions.
func lastAtLeader(ctx context.Context, js jetstream.JetStream, subj string) (bus.Delivery, error) {
	ctx, cancel := context.WithTimeout(ctx, leaderTimeout)
	defer cancel()
	d, err := askLeader(ctx, js.Conn(), subj)
	if err != nil && !errors.Is(err, bus.ErrNotFound) {
		return d, err
	}
	if lerr := checkLease(ctx, js); lerr != nil {
		return bus.Delivery{}, fmt.Errorf("%w: %w", bus.ErrUnavailable, lerr)
	}
	return d, err
}

var errNoLease = errors.New("the leader has not heard of the other replicas lately")

// checkLease fails unless the stream's leader has just heard a majority, itself
// included.
func checkLease(ctx context.Context, js jetstream.JetStream) error {
	s, err := js.Stream(ctx, subject.Callbacks)
	if err != nil {
		return err
	}
	c := s.CachedInfo().Cluster
	switch {
	case c == nil:
		return nil // a server that is no cluster
	case c.Leader == "":
		return errNoLease // a replica that leads nothing answers, too
	}
	heard := 1
	for _, r := range c.Replicas {
		// Zero is a replica that this leader has never heard.
		if r.Active > 0 && r.Active < lease {
			heard++
		}
	}
	if 2*heard <= len(c.Replicas)+1 {
		return errNoLease
	}
	return nil
}

func askLeader(ctx context.Context, nc *nats.Conn, subj string) (bus.Delivery, error) {
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

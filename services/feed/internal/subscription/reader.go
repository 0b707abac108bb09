package subscription

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// ahead is how many events are pulled before they are asked for, ready how many of them
	// are at hand.
	ahead, ready = 256, 64
	// asking bounds a question to the server.
	asking = 2 * time.Second
)

// reader is one subscription. Reading has a goroutine of its own, because the library, while
// it looks for a server, listens to no context.
type reader struct {
	feed   *Feed
	stream jetstream.Stream
	cons   jetstream.Consumer
	filter filter
	to     Sink
	events chan read
	moves  chan move

	looking bool     // look is under way
	at      Cursor   // where the subscriber stands
	last    position // of the last event that came
	// end is where the stream ended at the last beat, when nothing has come since.
	end uint64
}

// read is one message, or what ended reading.
type read struct {
	m    jetstream.Msg
	meta *jetstream.MsgMetadata
	err  error
}

// position is a place in what one consumer delivers.
type position struct {
	consumer string
	sequence uint64
}

// move is what the server said: up to a place in the stream, all that is wanted was delivered.
type move struct {
	end       uint64 // the stream's
	delivered position
	caughtUp  bool
}

func (r *reader) read(ctx context.Context, msgs jetstream.MessagesContext) {
	defer msgs.Stop()
	defer context.AfterFunc(ctx, msgs.Stop)()
	for {
		var e read
		if e.m, e.err = msgs.Next(); e.err == nil {
			e.meta, e.err = e.m.Metadata()
		}
		select {
		case r.events <- e:
		case <-ctx.Done():
			return
		}
		if e.err != nil {
			return
		}
	}
}

func (r *reader) run(ctx context.Context) error {
	if err := r.to.Begin(r.at); err != nil {
		return err
	}
	beat := time.NewTicker(r.feed.o.Heartbeat)
	defer beat.Stop()
	for {
		var err error
		select {
		case e := <-r.events:
			err = r.take(ctx, e, beat)
		case m := <-r.moves:
			r.looking = false
			r.move(m)
			err = r.to.Beat(r.at)
		case <-beat.C:
			err = r.beat(ctx)
		case <-r.feed.o.Ending:
			return ErrEnding
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// beat has the subscriber hear that all is well, once the server was asked how far it is; or
// at once when the server takes longer than that.
func (r *reader) beat(ctx context.Context) error {
	if r.looking {
		return r.to.Beat(r.at)
	}
	r.looking = true
	go r.look(ctx)
	return nil
}

func (r *reader) take(ctx context.Context, e read, beat *time.Ticker) error {
	if e.err != nil {
		return r.feed.unavailable(ctx, e.err)
	}
	r.at.Sequence, r.end = e.meta.Sequence.Stream, 0
	r.last = position{e.meta.Consumer, e.meta.Sequence.Consumer}
	if !r.filter.lets(e.m.Headers()) {
		return nil
	}
	beat.Reset(r.feed.o.Heartbeat)
	return r.to.Event(r.at, e.m.Data(), len(r.events) > 0 && !r.filter.looks())
}

// look asks where the stream ends and what was delivered.
func (r *reader) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	var m move
	if s, err := r.feed.o.JetStream.Stream(ctx, r.stream.CachedInfo().Config.Name); err == nil && s.CachedInfo().Created.Equal(r.stream.CachedInfo().Created) {
		m.end = s.CachedInfo().State.LastSeq
	}
	if c, err := r.cons.Info(ctx); err == nil {
		m.caughtUp, m.delivered = c.NumPending == 0, position{c.Name, c.Delivered.Consumer}
	}
	r.moves <- m // there is room: one look at a time
}

// move puts the subscriber to where the stream ended at the beat before, when nothing that it
// wants has come since and it has all that there was. Not to where it ends now: of several
// servers the one that delivers may not have heard of the last events.
func (r *reader) move(m move) {
	has := m.caughtUp && (m.delivered.sequence == 0 || m.delivered == r.last) && len(r.events) == 0
	if has && r.end > r.at.Sequence {
		r.at.Sequence = r.end
	}
	r.end = m.end
	if !has {
		r.end = 0
	}
}

package ledger

import (
	"context"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// Follower keeps a ledger up to the stream.
type Follower struct {
	// Ledger is filled, and made ready once it has caught up.
	Ledger *Ledger
	// Bus is where the stream is.
	Bus *bus.Bus
	// Log gets interruptions.
	Log *zap.Logger
	// Sweep is how often what has left the stream is forgotten; 0 is 10 minutes.
	Sweep time.Duration
}

// Delays before the stream is followed again after an interruption.
const (
	firstDelay = 50 * time.Millisecond
	lastDelay  = 5 * time.Second
)

// Run follows the stream until ctx ends. An interruption is logged and ended by
// beginning again where it came: meanwhile the ledger is behind, which costs a
// second decision and never a wrong one.
func (f *Follower) Run(ctx context.Context) {
	var sweeping sync.WaitGroup
	sweeping.Go(func() { f.sweep(ctx) })
	defer sweeping.Wait()
	delay := firstDelay
	for ctx.Err() == nil {
		before := f.Ledger.Applied()
		err := f.Bus.Follow(ctx, bus.FollowOptions{Stream: subject.Responses, From: before + 1, HeadersOnly: true},
			f.apply, f.caughtUp)
		if ctx.Err() != nil {
			return
		}
		if f.Ledger.Applied() > before {
			delay = firstDelay
		}
		f.Log.Warn("following the responses was interrupted; will go on", zap.Duration("after", delay), zap.Error(err))
		select {
		case <-time.After(delay):
		case <-ctx.Done():
		}
		delay = min(2*delay, lastDelay)
	}
}

func (f *Follower) caughtUp() error {
	if !f.Ledger.ready.Swap(true) {
		f.Log.Info("the ledger of received responses is read", zap.Int("responses", f.Ledger.Len()))
	}
	return nil
}

// errForeign says that an event of the stream is none that a collector wrote.
var errForeign = errors.New("the event lacks the headers of a received response")

func (f *Follower) apply(d bus.Delivery) error {
	id, e, err := entryOf(d)
	if err != nil {
		f.Log.Error("an event in the stream of responses is left out of the ledger", zap.Uint64("sequence", d.Sequence), zap.Error(err))
	} else {
		f.Ledger.Note(d.Subject, id, e)
	}
	f.Ledger.advance(d.Sequence)
	return nil
}

// entryOf reads subject and headers; the body is not there.
func entryOf(d bus.Delivery) (response.Identity, ingest.Entry, error) {
	survey, _, ok := strings.Cut(strings.TrimPrefix(d.Subject, prefix), ".")
	id, err := base64.RawURLEncoding.DecodeString(d.Headers.Get(subject.HeaderResponseID))
	if err != nil || len(id) == 0 || !ok {
		return response.Identity{}, ingest.Entry{}, errForeign
	}
	revision, err := strconv.ParseUint(d.Headers.Get(subject.HeaderRevision), 10, 32)
	if err != nil || revision == 0 {
		return response.Identity{}, ingest.Entry{}, errForeign
	}
	digest, ok := response.ParseDigest(d.Headers.Get(subject.HeaderDigest))
	if !ok {
		return response.Identity{}, ingest.Entry{}, errForeign
	}
	e := ingest.Entry{Sequence: d.Sequence, Revision: uint32(revision), Digest: digest}
	return response.IdentityOf(survey, string(id)), e, nil
}

var prefix = strings.TrimSuffix(subject.AllResponses, ">")

// sweep forgets what has left the stream, now and then.
func (f *Follower) sweep(ctx context.Context) {
	every := f.Sweep
	if every == 0 {
		every = 10 * time.Minute
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			f.forgetOld(ctx)
		case <-ctx.Done():
			return
		}
	}
}

func (f *Follower) forgetOld(ctx context.Context) {
	s, err := f.Bus.JetStream().Stream(ctx, subject.Responses)
	if err != nil {
		f.Log.Warn("the age of the stream of responses is not known", zap.Error(err))
		return
	}
	// An empty stream says the sequence that comes next.
	f.Ledger.Forget(s.CachedInfo().State.FirstSeq)
}

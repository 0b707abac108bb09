package donotcall

import (
	"context"
	"errors"
	"strings"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/obs"
	"github.com/rappel-loop/rappel/services/internal/pseudonym"
)

// ErrLoading says that the list has not been read yet: who is not found may be on it.
var ErrLoading = errors.New("the list of who is not to be called is being read")

// Has reports whether any of the pseudonyms is listed, as far as was followed.
func (l *List) Has(keys ...string) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if len(l.keys) == 0 {
		return false
	}
	for _, key := range keys {
		if k, ok := pseudonym.Of(key); ok {
			if _, listed := l.keys[k]; listed {
				return true
			}
		}
	}
	return false
}

// Len is how many pseudonyms are listed.
func (l *List) Len() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return len(l.keys)
}

// Ready is ErrLoading until the list has been read to its end once.
func (l *List) Ready() error {
	select {
	case <-l.read:
		return nil
	default:
		return ErrLoading
	}
}

// Wait returns nil once the list is read, or ErrLoading when ctx ends before.
func (l *List) Wait(ctx context.Context) error {
	select {
	case <-l.read:
		return nil
	case <-ctx.Done():
		return ErrLoading
	}
}

// News yields after the list was read, and after pseudonyms were added; several may be
// told of at once. It is for one reader.
func (l *List) News() <-chan struct{} { return l.news }

// Follow keeps the list in line with the stream until ctx ends.
func (l *List) Follow(ctx context.Context) error {
	for ctx.Err() == nil {
		err := l.follow(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the end was asked for: what it cut off is no failure
		}
		l.log.Warn("the list is read again", zap.Error(err))
		_ = clock.Sleep(ctx, l.retry) // the loop's condition says why it ended
	}
	return nil
}

// follow reads the list from its beginning. What was known counts until all is read: a
// stream that was made anew or put back takes its place then.
func (l *List) follow(ctx context.Context) error {
	found := map[pseudonym.ID]struct{}{}
	live := false
	l.mu.Lock()
	clear(l.own)
	l.mu.Unlock()
	each := func(d bus.Delivery) error {
		var m eventsv1.DoNotCallChanged
		key := strings.TrimPrefix(d.Subject, strings.TrimSuffix(subject.AllDoNotCall, ">"))
		k, ok := pseudonym.Of(key)
		if err := d.Decode(&m); err != nil || !ok {
			l.log.Error("an event cannot be read and is left out", zap.Uint64(obs.Sequence, d.Sequence), zap.Error(err))
			return nil
		}
		if live {
			l.learn(key, m.GetListed())
			return nil
		}
		set(found, k, m.GetListed())
		return nil
	}
	return l.bus.Follow(ctx, bus.FollowOptions{Stream: subject.DoNotCall, LastOnly: true, Check: l.check}, each, func() error {
		live = true
		l.replace(found)
		return nil
	})
}

func set(keys map[pseudonym.ID]struct{}, k pseudonym.ID, listed bool) {
	if listed {
		keys[k] = struct{}{}
	} else {
		delete(keys, k)
	}
}

// learn takes a change over. An older one that comes later is mended by what follows it.
func (l *List) learn(key string, listed bool) {
	k, ok := pseudonym.Of(key)
	if !ok {
		return
	}
	l.mu.Lock()
	_, was := l.keys[k]
	set(l.keys, k, listed)
	l.mu.Unlock()
	if listed && !was {
		l.tell()
	}
}

// changed takes over what was changed here, which following may bring later.
func (l *List) changed(key string, listed bool) {
	if k, ok := pseudonym.Of(key); ok {
		l.mu.Lock()
		l.own[k] = listed
		l.mu.Unlock()
	}
	l.learn(key, listed)
}

func (l *List) replace(keys map[pseudonym.ID]struct{}) {
	l.mu.Lock()
	for k, listed := range l.own {
		set(keys, k, listed)
	}
	clear(l.own)
	l.keys = keys
	l.mu.Unlock()
	l.log.Info("the list is read", zap.Int("pseudonyms", len(keys)))
	if l.Ready() != nil {
		close(l.read)
	}
	l.tell()
}

func (l *List) tell() {
	select {
	case l.news <- struct{}{}:
	default: // it is told of already
	}
}

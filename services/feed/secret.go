package feed

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// secretSize is the secret's, in bytes.
const secretSize = 32

// secretTries bounds how often another process may have been first with a secret that then
// cannot be read.
const secretTries = 3

// secret is what pseudonyms are made with: the one that is stored, else a new one. It is kept
// with the streams because whoever reads those has what it hides anyway, and so that no
// replica, restore or move can have another. Whoever may read rappel.feed.v1.> alone does not
// see it.
func secret(ctx context.Context, b *bus.Bus) ([]byte, error) {
	var err error
	for range secretTries {
		var d bus.Delivery
		d, err = b.Latest(ctx, subject.FeedKey())
		if err == nil {
			return storedSecret(d)
		}
		if !errors.Is(err, bus.ErrNotFound) {
			return nil, fmt.Errorf("read the secret of pseudonyms: %w", err)
		}
		made := make([]byte, secretSize)
		if _, err := rand.Read(made); err != nil {
			return nil, err
		}
		_, err = b.PublishAt(ctx, bus.Event{
			Subject: subject.FeedKey(), ID: "feed-key-" + rand.Text(), Body: &eventsv1.FeedKey{Secret: made},
		}, 0)
		if err == nil {
			return made, nil
		}
		if !errors.Is(err, bus.ErrConflict) {
			return nil, fmt.Errorf("store the secret of pseudonyms: %w", err)
		}
	}
	return nil, fmt.Errorf("the secret of pseudonyms: %w", err)
}

func storedSecret(d bus.Delivery) ([]byte, error) {
	key := &eventsv1.FeedKey{}
	if err := d.Decode(key); err != nil {
		return nil, fmt.Errorf("the secret of pseudonyms: %w", err)
	}
	if len(key.GetSecret()) != secretSize {
		return nil, errors.New("the secret of pseudonyms is damaged: restore the stream FEED_KEYS")
	}
	return key.GetSecret(), nil
}

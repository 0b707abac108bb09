package collector

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/disk"
)

// secretBytes is the length of a made secret: 256 bits, as long as the HMAC it
// is for.
const secretBytes = 32

// secret returns the deployment's secret: the one given, else the one in the
// file, which is made at the first start.
func (c Config) secret() (string, error) {
	if c.SecretFile == "" {
		return c.Secret, nil
	}
	secret, err := readSecret(c.SecretFile)
	if errors.Is(err, os.ErrNotExist) {
		if err := makeSecret(c.SecretFile); err != nil {
			return "", fmt.Errorf("secret_file: %w", err)
		}
		secret, err = readSecret(c.SecretFile)
	}
	if err != nil {
		return "", fmt.Errorf("secret_file: %w", err)
	}
	return secret, nil
}

func readSecret(path string) (string, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the operator names it
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(data))
	if len(secret) < response.MinSecret {
		return "", fmt.Errorf("%s has %d bytes, at least %d are needed: restore it with the data it belongs to", path, len(secret), response.MinSecret)
	}
	return secret, nil
}

// makeSecret stores a new secret on disk before anybody uses it, whole or not at
// all. Of two collectors that start at once on one file, the first makes it.
func makeSecret(path string) error {
	raw := make([]byte, secretBytes)
	if _, err := rand.Read(raw); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".secret-*") // readable by its owner alone
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(base64.RawURLEncoding.EncodeToString(raw) + "\n")
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return disk.SyncDir(filepath.Dir(path))
}

// ErrOtherSecret says that the responses stored so far were given their
// customers' keys under another secret than this collector's.
var ErrOtherSecret = errors.New("the stored responses were keyed under another secret: " +
	"under this one every customer would be a stranger, and be called a second time; " +
	"give the collector the secret that it had (collector.secret), or restore the file that collector.secret_file names")

// firstRevisionsWithin is how many of the last responses are looked at for one
// whose key can be made again. Most responses have one revision.
const firstRevisionsWithin = 256

// checkSecret makes the key of one of the last stored responses again. A response
// at its first revision holds all that its key was made of; later ones may name
// their customer otherwise and keep the first key.
func checkSecret(ctx context.Context, b *bus.Bus, k *response.Keyer) error {
	stream, err := b.JetStream().Stream(ctx, subject.Responses)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil // nothing is stored, and nothing can be until somebody makes it
	}
	if err != nil {
		return fmt.Errorf("look at the stored responses: %w", err)
	}
	state := stream.CachedInfo().State
	for n := uint64(0); n < firstRevisionsWithin && state.LastSeq > n && state.LastSeq-n >= state.FirstSeq; n++ {
		d, err := b.At(ctx, subject.Responses, state.LastSeq-n)
		if errors.Is(err, bus.ErrNotFound) {
			continue // erased
		}
		if err != nil {
			return fmt.Errorf("look at the stored responses: %w", err)
		}
		e := &eventsv1.ResponseReceived{}
		if d.Decode(e) != nil || e.GetRevision() != 1 {
			continue
		}
		if k.Key(e.GetResponse()) != e.GetCustomerKey() {
			return ErrOtherSecret
		}
		return nil
	}
	return nil
}

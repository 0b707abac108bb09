package embednats

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rappel-loop/rappel/services/internal/bus"
)

// ErrBehindMark says that the store has lost events it once held.
var ErrBehindMark = errors.New("the event store has lost events")

// mark is how far a stream once reached, on disk for certain.
type mark struct {
	Stream   string `json:"stream"`
	Sequence uint64 `json:"sequence"`
	// Hash of the event at Sequence: subject, a zero byte, body.
	Hash string `json:"hash"`
}

const markInterval = time.Second

// checkMark refuses a store whose streams do not reach their marks, or hold
// another event there. A missing file passes: the store is new.
func checkMark(ctx context.Context, js jetstream.JetStream, path string) error {
	marks, err := readMarks(path)
	if err != nil {
		return err
	}
	var lost []error
	for _, m := range marks {
		if err := m.check(ctx, js); err != nil {
			lost = append(lost, err)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	dir := filepath.Dir(path)
	return fmt.Errorf("%w: %w\nRestore %s from a backup taken after the last clean stop. "+
		"To go on with what is left, knowing that accepted answers or callbacks are gone, move %s away and start again",
		ErrBehindMark, errors.Join(lost...), filepath.Join(dir, "jetstream"), path)
}

func (m mark) check(ctx context.Context, js jetstream.JetStream) error {
	s, err := js.Stream(ctx, m.Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("stream %s is gone; it had reached event %d", m.Stream, m.Sequence)
	}
	if err != nil {
		return err
	}
	state := s.CachedInfo().State
	if state.LastSeq < m.Sequence {
		return fmt.Errorf("stream %s ends at event %d; it had reached event %d", m.Stream, state.LastSeq, m.Sequence)
	}
	if m.Sequence < state.FirstSeq {
		return nil // aged out since
	}
	raw, err := s.GetMsg(ctx, m.Sequence)
	if err != nil {
		return fmt.Errorf("stream %s: event %d cannot be read: %w", m.Stream, m.Sequence, err)
	}
	if hashOf(raw) != m.Hash {
		return fmt.Errorf("stream %s: event %d is not the one that was stored there", m.Stream, m.Sequence)
	}
	return nil
}

// keepMark writes the marks each second while they move, and once at the end.
func keepMark(ctx context.Context, js jetstream.JetStream, barrier bus.Barrier, path string) error {
	marks, err := readMarks(path)
	if err != nil {
		return err
	}
	tick := time.NewTicker(markInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := advance(ctx, js, barrier, marks, path); err != nil && ctx.Err() == nil {
				return fmt.Errorf("high-water mark: %w", err)
			}
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), markInterval*5)
			defer cancel()
			return advance(last, js, barrier, marks, path)
		}
	}
}

func advance(ctx context.Context, js jetstream.JetStream, barrier bus.Barrier, marks map[string]mark, path string) error {
	moved := false
	for info := range js.ListStreams(ctx).Info() {
		name, seq := info.Config.Name, info.State.LastSeq
		if seq == 0 || seq == marks[name].Sequence || info.State.Msgs == 0 {
			continue
		}
		s, err := js.Stream(ctx, name)
		if err != nil {
			return err
		}
		raw, err := s.GetMsg(ctx, seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue // deleted since: the next event moves the mark
		}
		if err != nil {
			return err
		}
		marks[name] = mark{Stream: name, Sequence: seq, Hash: hashOf(raw)}
		moved = true
	}
	if !moved {
		return nil
	}
	// The mark may never be ahead of the disk.
	if err := barrier.Wait(ctx); err != nil {
		return err
	}
	return writeMarks(path, marks)
}

func hashOf(m *jetstream.RawStreamMsg) string {
	h := sha256.New()
	_, _ = io.WriteString(h, m.Subject)
	_, _ = h.Write([]byte{0})
	_, _ = h.Write(m.Data)
	return hex.EncodeToString(h.Sum(nil))
}

func readMarks(path string) (map[string]mark, error) {
	marks := map[string]mark{}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return marks, nil
	}
	if err != nil {
		return nil, fmt.Errorf("high-water mark: %w", err)
	}
	var list []mark
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("high-water mark %s cannot be read: %w; restore it with the store it belongs to", path, err)
	}
	for _, m := range list {
		marks[m.Stream] = m
	}
	return marks, nil
}

// writeMarks replaces the file as a whole, on disk when it returns.
func writeMarks(path string, marks map[string]mark) error {
	list := make([]mark, 0, len(marks))
	for _, m := range marks {
		list = append(list, m)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Stream < list[j].Stream })
	data, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

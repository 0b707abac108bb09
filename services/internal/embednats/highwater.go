package embednats

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/disk"
)

// ErrBehindMark says that the store has lost events it once held.
var ErrBehindMark = errors.New("the event store has lost events")

// mark is how far a stream once reached, on disk for certain.
type mark struct {
	Stream   string `json:"stream"`
	Sequence uint64 `json:"sequence"`
	// Hash of the event at Sequence: subject, a zero byte, body. Empty when that
	// event was deleted while we looked: then only the sequence can be checked.
	Hash string `json:"hash,omitempty"`
	// Time when the event was stored, which tells whether it may have expired.
	Time time.Time `json:"time,omitzero"`
}

// checkMark refuses a store whose streams do not reach their marks, or hold
// another event there. A missing file passes: the store is new.
func checkMark(ctx context.Context, js jetstream.JetStream, path string) error {
	marks, err := readMarks(path)
	if err != nil {
		return err
	}
	var lost []error
	for _, m := range sorted(marks) {
		err := m.check(ctx, js)
		if errors.Is(err, errLost) {
			lost = append(lost, err)
		} else if err != nil {
			return fmt.Errorf("compare stream %s with its high-water mark: %w", m.Stream, err)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w\nRestore %s from a backup taken after the last clean stop. "+
		"To go on with what is left, knowing that accepted answers or callbacks are gone, move %s away and start again",
		ErrBehindMark, errors.Join(lost...), filepath.Join(filepath.Dir(path), "jetstream"), path)
}

// lost is one stream's loss.
type lost string

var errLost = errors.New("lost")

func (l lost) Error() string         { return string(l) }
func (l lost) Is(err error) bool     { return err == errLost }
func lostf(f string, a ...any) error { return lost(fmt.Sprintf(f, a...)) }

func (m mark) check(ctx context.Context, js jetstream.JetStream) error {
	s, err := js.Stream(ctx, m.Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return lostf("stream %s is gone; it had reached event %d", m.Stream, m.Sequence)
	}
	if err != nil {
		return err
	}
	info := s.CachedInfo()
	switch {
	case info.State.LastSeq < m.Sequence:
		return lostf("stream %s ends at event %d; it had reached event %d", m.Stream, info.State.LastSeq, m.Sequence)
	case m.Hash == "":
		return nil
	case m.Sequence < info.State.FirstSeq:
		if age := info.Config.MaxAge; age > 0 && !m.Time.Add(age).After(time.Now()) {
			return nil // expired since
		}
		return lostf("stream %s begins at event %d; event %d has not expired and is gone", m.Stream, info.State.FirstSeq, m.Sequence)
	}
	raw, err := s.GetMsg(ctx, m.Sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		// The store may well list it as deleted: that is how it recovers from a
		// block that was cut off. An event that was erased on purpose has no hash
		// here (see next).
		return lostf("stream %s: event %d cannot be read", m.Stream, m.Sequence)
	}
	if err != nil {
		return err
	}
	if hashOf(raw) != m.Hash {
		return lostf("stream %s: event %d is not the one that was stored there", m.Stream, m.Sequence)
	}
	return nil
}

const (
	markInterval = time.Second
	// markFailures is how many times in a row the mark may fail to be kept, each
	// a second or more after the last, before nothing watches over the store.
	markFailures = 30
)

// marker keeps the marks of a running server.
type marker struct {
	js      jetstream.JetStream
	barrier bus.Barrier
	path    string
	log     *zap.Logger
	deleted map[string]int // by stream: how many events had been when we last looked
}

// keep writes the marks each second while they move, and once at the end.
func (k *marker) keep(ctx context.Context) error {
	marks, err := readMarks(k.path)
	if err != nil {
		return err
	}
	tick := time.NewTicker(markInterval)
	defer tick.Stop()
	for failures := 0; ; {
		select {
		case <-tick.C:
			err := k.advance(ctx, marks)
			switch {
			case err == nil || ctx.Err() != nil:
				failures = 0
			case failures < markFailures:
				failures++
				k.log.Warn("the high-water mark was not kept", zap.Error(err))
			default:
				return fmt.Errorf("high-water mark: %w", err)
			}
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*markInterval)
			defer cancel()
			return k.advance(last, marks)
		}
	}
}

// advance moves the marks to where the streams are, and writes them if any
// moved. An idle store costs one listing of the streams.
func (k *marker) advance(ctx context.Context, marks map[string]mark) error {
	list := k.js.ListStreams(ctx)
	moved, deleted := false, map[string]int{}
	for info := range list.Info() {
		m, err := k.next(ctx, marks[info.Config.Name], info)
		if err != nil {
			return err
		}
		deleted[info.Config.Name] = info.State.NumDeleted
		if m != marks[m.Stream] {
			marks[m.Stream] = m
			moved = true
		}
	}
	if err := list.Err(); err != nil {
		return err
	}
	k.deleted = deleted
	if !moved {
		return nil
	}
	// The mark may never be ahead of the disk.
	if err := k.barrier.Wait(ctx); err != nil {
		return err
	}
	return writeMarks(k.path, marks)
}

// next is the mark of a stream that had its mark at m.
func (k *marker) next(ctx context.Context, m mark, info *jetstream.StreamInfo) (mark, error) {
	name, state := info.Config.Name, info.State
	if state.LastSeq == 0 {
		return mark{}, nil
	}
	bare := mark{Stream: name, Sequence: state.LastSeq}
	if state.Msgs == 0 || state.LastSeq < state.FirstSeq {
		return bare, nil // everything was purged, or has expired
	}
	same := m.Sequence == state.LastSeq
	if same && (m.Hash == "" || k.deleted[name] == state.NumDeleted) {
		return m, nil
	}
	s, err := k.js.Stream(ctx, name)
	if err != nil {
		return mark{}, err
	}
	if same {
		gone, err := isDeleted(ctx, s, m.Sequence)
		if err != nil || !gone {
			return m, err
		}
		return bare, nil
	}
	raw, err := s.GetMsg(ctx, state.LastSeq)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return bare, nil // deleted
	}
	if err != nil {
		return mark{}, err
	}
	return mark{Stream: name, Sequence: state.LastSeq, Hash: hashOf(raw), Time: raw.Time}, nil
}

// isDeleted tells an event that was erased from one that the running server
// cannot read any more: it knows what it deleted.
func isDeleted(ctx context.Context, s jetstream.Stream, seq uint64) (bool, error) {
	if _, err := s.GetMsg(ctx, seq); !errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, err
	}
	info, err := s.Info(ctx, jetstream.WithDeletedDetails(true))
	if err != nil {
		return false, err
	}
	return slices.Contains(info.State.Deleted, seq), nil
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
		return nil, fmt.Errorf("high-water mark %s is damaged: %w\nRestore it from a backup, with the store beside it. "+
			"If the store is known to be whole, move the mark away and start again", path, err)
	}
	for _, m := range list {
		marks[m.Stream] = m
	}
	return marks, nil
}

func sorted(marks map[string]mark) []mark {
	return slices.SortedFunc(maps.Values(marks), func(a, b mark) int { return strings.Compare(a.Stream, b.Stream) })
}

// writeMarks replaces the file as a whole, on disk when it returns.
func writeMarks(path string, marks map[string]mark) error {
	data, err := json.MarshalIndent(sorted(marks), "", "  ")
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
	return disk.SyncDir(filepath.Dir(path))
}

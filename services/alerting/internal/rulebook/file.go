package rulebook

import (
	"context"
	"errors"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/internal/filewatch"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// watched is what is known of the file. Only Follow's task reads and writes it, and New
// and Open before.
type watched struct {
	watcher *filewatch.Watcher
	text    []byte // of the version in force
	stored  bool   // that version is in RULES
}

// look looks at the file once, and takes it when it has changed and stood still since the
// last look.
func (b *Book) look(ctx context.Context) {
	b.file.watcher.Look()
	if !b.file.stored {
		if err := b.record(ctx); err != nil && ctx.Err() == nil {
			b.deps.Log.Warn("the version of the rules is not stored yet", zap.Error(err))
		}
	}
}

// takeFile puts the file in force, unless it is wrong.
func (b *Book) takeFile() error {
	text, err := readFile(b.deps.File)
	if err != nil {
		b.refuse("the rules file cannot be read", err)
		return err
	}
	if digest(text) == b.Current().Version.SHA256 {
		return nil // it is again as it was
	}
	set, err := rule.Load(b.deps.File, text, b.deps.Rules)
	if err != nil {
		b.refuse("the rules file is wrong", err)
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.file.text, b.file.stored = text, false
	b.enforce(InForce{Version{Name: set.Version, SHA256: digest(text), Origin: eventsv1.RulesStored_FILE}, set})
	return nil
}

// record stores the file's version, unless it is the last one.
func (b *Book) record(ctx context.Context) error {
	v, err := b.store(ctx, candidate{text: b.file.text, version: b.Current().Version})
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.file.stored = true
	b.enforce(InForce{v, b.Current().Set})
	return nil
}

// mostFaults is how many faults of one file are logged.
const mostFaults = 50

// refuse says why other rules are not taken. Faults repeat what the rules say, which is
// nobody's data.
func (b *Book) refuse(what string, err error) {
	b.deps.Refused()
	kept := zap.String("kept", b.Current().Version.Name)
	var wrong *strictyaml.Error
	if !errors.As(err, &wrong) {
		b.deps.Log.Error(what+"; the rules before are kept", zap.Error(err), kept)
		return
	}
	b.deps.Log.Error(what+"; the rules before are kept", zap.Int("faults", len(wrong.Problems)+wrong.More), kept)
	for i, line := range wrong.Lines() {
		if i == mostFaults {
			break
		}
		b.deps.Log.Error("a fault of the rules", zap.String("fault", line))
	}
}

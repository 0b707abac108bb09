package rulebook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/filewatch"
)

// Version names a set of rules.
type Version struct {
	// Number rises with each version; 0 is not stored.
	Number uint64
	// Name is the version as alerts carry it.
	Name string
	// SHA256 of the text, in hexadecimal.
	SHA256 string
	// At is when it was stored, By who did; zero and empty when that is not known.
	At time.Time
	By string
	// Origin is how it came in; unspecified for the rules that are shipped.
	Origin eventsv1.RulesStored_Origin
}

// InForce is a set of rules that runs. It never changes.
type InForce struct {
	Version Version
	Set     *rule.Set
}

// Deps is what a book works with. All are required.
type Deps struct {
	Bus   *bus.Bus
	Log   *zap.Logger
	Clock clock.Clock
	// File is the file that decides; empty leaves that to the stream.
	File string
	// Rules are how rules are compiled.
	Rules rule.Options
	// Every is how often the file is looked at.
	Every time.Duration
	// Changed is told what is in force, when it begins to be. It must be quick.
	Changed func(InForce)
	// Refused is told that a set came and was wrong.
	Refused func()
}

// Book is the rules in force. Safe for concurrent use.
type Book struct {
	deps    Deps
	current atomic.Pointer[InForce]
	pace    pace

	mu   sync.Mutex // guards every change of current
	file watched
}

// pace is how often things are done; tests are in a hurry.
type pace struct{ retry, check time.Duration }

// New reads the file, where there is one, and returns a book with its rules in force; else
// with those that are shipped, until Open. The error names everything that is wrong with the
// file, with lines.
func New(d Deps) (*Book, error) {
	d.Log = d.Log.Named("rules")
	b := &Book{deps: d, pace: pace{retry: time.Second, check: 2 * time.Second}}
	name, text, origin := rule.DefaultFile, rule.DefaultText, eventsv1.RulesStored_ORIGIN_UNSPECIFIED
	if d.File != "" {
		// What became of a change is told where it is taken.
		b.file.watcher = filewatch.New(d.Every, func(string, error) {}, filewatch.Set{Name: "rules_file", Files: []string{d.File}, Take: b.takeFile})
		var err error
		if text, err = readFile(d.File); err != nil {
			return nil, fmt.Errorf("rules_file: %w", err)
		}
		name, origin = d.File, eventsv1.RulesStored_FILE
	}
	set, err := rule.Load(name, text, d.Rules)
	if err != nil {
		return nil, fmt.Errorf("the rules are refused:\n%w", err)
	}
	b.enforce(InForce{Version{Name: set.Version, SHA256: digest(text), Origin: origin}, set})
	b.file.text = text
	return b, nil
}

// Current is what is in force.
func (b *Book) Current() InForce { return *b.current.Load() }

// File is the file that decides; empty when the stream does.
func (b *Book) File() string { return b.deps.File }

// Check compiles rules without putting them in force. The error is a *strictyaml.Error.
func (b *Book) Check(text string) (*rule.Set, error) {
	return rule.Load("rules", []byte(text), b.deps.Rules)
}

// Open makes sure that what ought to be in force is, before anything is decided by it: it
// stores the file's version, or puts the last stored one in force. It returns an error of
// the bus, or says that no stored version can be used.
func (b *Book) Open(ctx context.Context) error {
	if b.deps.File != "" {
		return b.record(ctx)
	}
	return b.openStored(ctx)
}

// Follow keeps the rules in line with the file, or with the stream, until ctx ends.
func (b *Book) Follow(ctx context.Context) error {
	if b.deps.File != "" {
		clock.Every(ctx, b.deps.Every, func() { b.look(ctx) })
		return nil
	}
	return b.followStored(ctx)
}

// enforce puts rules in force. The caller holds mu, or is alone.
func (b *Book) enforce(f InForce) {
	before := b.current.Swap(&f)
	b.deps.Changed(f)
	if before != nil && before.Version.SHA256 != f.Version.SHA256 {
		b.deps.Log.Info("other rules are in force", zap.String("rules_version", f.Version.Name), zap.String("before", before.Version.Name),
			zap.Uint64("number", f.Version.Number), zap.Int("rules", len(f.Set.Rules)))
	}
}

// maxText is a little more than rule.Load takes, which says so.
const maxText = 1<<20 + 1

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxText))
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

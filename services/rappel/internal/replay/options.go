package replay

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/responsefile"
)

// Bounds.
const (
	// MaxBatch is the API's bound on the rows of one request.
	MaxBatch = 1000
	// maxBatchBytes keeps a request well under the server's bound on a body.
	maxBatchBytes = 4 << 20
	// maxListed is how many refusals a summary names; the rejects file has all.
	maxListed = 20
)

// Options say what to send, where, and how.
type Options struct {
	// File to send; required.
	File string
	// Format of the file.
	Format responsefile.Format
	// Mapping is a file that says what columns become; for CSV and XLSX.
	Mapping string
	// Server's address; empty is http://127.0.0.1:8080.
	Server string
	// Key that the server asks for; empty sends none.
	Key string
	// Batch is rows a request, 1 to 1,000; 0 is 100.
	Batch int
	// Parallel is requests under way at once, 1 to 64; 0 is 4.
	Parallel int
	// Limit ends after that many rows of the file; 0 is all.
	Limit int64
	// Rejects is where refused rows go; empty is beside the file.
	Rejects string
	// State is where progress is kept; empty is beside the file.
	State string
	// Restart forgets what an interrupted run left.
	Restart bool
	// NoFiles keeps neither state nor rejects: for a file that is played once.
	NoFiles bool
	// GiveUp ends a run in which nothing moves for that long; 0 is 2 minutes.
	GiveUp time.Duration
	// Grace is how long requests under way may last after ctx ends; 0 is 10 s.
	Grace time.Duration

	// OnRow is told what became of each row, in the file's order, one call at a
	// time. It must be quick.
	OnRow func(RowResult)
	// OnProgress is told how far it is, after each finished batch.
	OnProgress func(Progress)
	// OnWait is told that the server is being waited for, and why.
	OnWait func(err error, next time.Duration)

	// Client makes the calls; nil is one of its own.
	Client *http.Client
	// Clock tells the time; nil is the machine's.
	Clock clock.Clock
}

// Validate names everything that is wrong.
func (o Options) Validate() error {
	var errs []error
	if o.File == "" || o.File == "-" {
		errs = append(errs, errors.New("name a file: standard input cannot be gone on with after an interruption"))
	}
	if _, err := responsefile.ParseFormat(string(o.Format)); err != nil {
		errs = append(errs, err)
	}
	if o.Batch < 0 || o.Batch > MaxBatch {
		errs = append(errs, fmt.Errorf("batch: must be 1 to %d", MaxBatch))
	}
	if o.Parallel < 0 || o.Parallel > 64 {
		errs = append(errs, errors.New("parallel: must be 1 to 64"))
	}
	if o.Limit < 0 {
		errs = append(errs, errors.New("limit: must not be negative"))
	}
	return errors.Join(errs...)
}

func (o Options) withDefaults() Options {
	if o.Batch == 0 {
		o.Batch = 100
	}
	if o.Parallel == 0 {
		o.Parallel = 4
	}
	if o.GiveUp == 0 {
		o.GiveUp = 2 * time.Minute
	}
	if o.Grace == 0 {
		o.Grace = 10 * time.Second
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Client == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = o.Parallel
		o.Client = &http.Client{Transport: t, Timeout: 60 * time.Second}
	}
	if o.State == "" {
		o.State = o.File + ".replay-state"
	}
	return o
}

// rejectsBeside is where refused rows go when nobody said.
func rejectsBeside(file string, f responsefile.Format) string {
	return strings.TrimSuffix(file, filepath.Ext(file)) + ".rejects." + string(f)
}

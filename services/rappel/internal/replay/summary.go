package replay

import (
	"time"

	"github.com/rappel-loop/rappel/services/internal/responsefile"
)

// Outcome is what became of a row.
type Outcome int

// The outcomes.
const (
	// Sent is stored as new, or as a new revision of a response.
	Sent Outcome = iota + 1
	// Duplicate is known to the server already; nothing was stored.
	Duplicate
	// Refused cannot be stored as it is.
	Refused
	// Skipped is left out because the mapping says so.
	Skipped
)

// RowResult is what became of one row.
type RowResult struct {
	// Line of the file the row begins on.
	Line int64
	// Outcome is what became of it.
	Outcome Outcome
	// Survey and ID name the response; empty for a row that never became one.
	Survey, ID string
	// Revision the response now has; 0 unless sent or duplicate.
	Revision uint32
	// Reason of a refusal or a skip.
	Reason string
}

// Totals count rows.
type Totals struct {
	// Rows read; blank ones are not counted.
	Rows int64 `json:"rows"`
	// Sent were stored: new responses and new revisions.
	Sent int64 `json:"sent"`
	// Revised of those sent brought a former response up to date.
	Revised int64 `json:"revised"`
	// Duplicates were known already.
	Duplicates int64 `json:"duplicates"`
	// Refused are in the rejects file.
	Refused int64 `json:"refused"`
	// Skipped were left out on purpose.
	Skipped int64 `json:"skipped"`
	// SentAgain of those sent lost their answer in an interruption and were
	// confirmed by a second sending.
	SentAgain int64 `json:"sentAgain,omitempty"`
}

// Refusal is one refused row.
type Refusal struct {
	Line   int64  `json:"line"`
	Reason string `json:"reason"`
}

// Summary is what came of a file, over all the runs it took.
type Summary struct {
	File   string              `json:"file"`
	Format responsefile.Format `json:"format"`
	Server string              `json:"server"`
	Totals
	// SkippedBecause counts the skipped rows by the mapping's reasons.
	SkippedBecause map[string]int64 `json:"skippedBecause,omitempty"`
	// Refusals are the first ones, in the file's order.
	Refusals []Refusal `json:"refusals,omitempty"`
	// RejectsFile holds all of them; empty when there are none.
	RejectsFile string `json:"rejectsFile,omitempty"`
	// Resumed says that an earlier, interrupted run is counted in.
	Resumed bool `json:"resumed"`
	// Complete says that the end of the file (or the limit) was reached.
	Complete bool `json:"complete"`
	// StateFile holds what the next run goes on from; empty when complete.
	StateFile string `json:"stateFile,omitempty"`
	// Elapsed is the time this run took.
	Elapsed time.Duration `json:"-"`
	// Seconds is Elapsed.
	Seconds float64 `json:"seconds"`
}

// Progress is how far a run is.
type Progress struct {
	Totals
	// Bytes finished of Size.
	Bytes, Size int64
	// ThisRun is the rows finished since this run began, in Elapsed.
	ThisRun int64
	// BytesThisRun are the bytes finished since this run began.
	BytesThisRun int64
	Elapsed      time.Duration
}

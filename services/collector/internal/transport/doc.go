// Package transport is the collector's two ways in: gRPC, and HTTP with JSON.
// They say the same: what one answers with a code and details, the other answers
// with that google.rpc.Status in JSON.
//
// The HTTP routes are made by hand and not by the gateway, for three reasons: a
// body with wrong fields gets all of them named, those of syntax and those of
// meaning, in one answer; a batch is read row by row, so that a bad row costs
// only itself; and the answers are written as the contract spells them, with
// zeros.
//
// Access. Who calls is let in before a body is read (internal/access); what they may send
// is asked of each response. A webhook's source is known by its body's signature, so its
// body is read first, and what counts is the endpoint and not the address.
//
// Cost. A body is read under two bounds, its own and that of all bodies being
// read at once, and only what has arrived counts.
package transport

import (
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/collector/internal/callkey"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/push"
)

// MaxRows is how many responses a batch may have.
const MaxRows = 1000

// Options are what both ways in work with; all are required.
type Options struct {
	Ingest *ingest.Service
	// CallKeys knows the calls that name themselves.
	CallKeys *callkey.Book
	// Access lets callers in, and Addresses says where they are.
	Access    *access.Guard
	Addresses access.Addresses
	// Pushes takes sources' calls; Clock says when.
	Pushes *push.Service
	Clock  ingest.Clock
	Log    *zap.Logger
	// CountUnknown is told of each call to an endpoint that is not there, with its source.
	CountUnknown func(source string)
	// RetryAfter is when a source is told to come back.
	RetryAfter time.Duration
	// MaxBodyBytes bounds the bodies being read at once.
	MaxBodyBytes int64
}

package callback

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// MaxTaken is how many alerts an aggregate remembers; the one that was heard of
// longest ago is forgotten first.
const MaxTaken = 256

// Aggregate is one customer: the current or last callback, and the alerts dealt
// with. It is what the last event of the customer's subject carries. An
// aggregate returned by Decide may share slices and pointers with the one it
// was decided on: read both, change neither.
type Aggregate struct {
	// CustomerKey is the customer's pseudonym. It is set even before the first
	// event: whoever loads an aggregate knows whose it is.
	CustomerKey string
	// Seq is the stream sequence of the last event; 0 when there is none.
	Seq uint64
	// EventNo rises by one with each event; 0 when there is none.
	EventNo uint64
	// LastHash is the hash of the last event's body, for the store's chain.
	LastHash [32]byte
	// Callback is the open callback, else the last closed one; nil before the
	// first.
	Callback *Callback
	// Taken is what became of each alert, the newest heard of last, at most
	// MaxTaken. It is kept across callbacks.
	Taken []TakenAlert
	// Past are the closed callbacks before Callback, the latest last, at most MaxPast.
	Past []Past
}

// TakenAlert remembers an alert, so that its return opens nothing twice.
type TakenAlert struct {
	// AlertID is the alert, the same for each revision of its response.
	AlertID string
	// Revision is the highest revision heard of, and Correction the highest correction
	// of it.
	Revision, Correction uint32
	// Resolved says that the alert no longer stood at that revision. A resolved
	// alert counts again when it is raised at a higher one.
	Resolved bool
}

// order compares what was heard of an alert with a revision of its response and a correction
// of that: -1 is older, 0 the same, 1 newer.
func (t TakenAlert) order(revision, correction uint32) int {
	return cmp.Or(cmp.Compare(t.Revision, revision), cmp.Compare(t.Correction, correction))
}

// NewAggregate is a customer to whom nothing has happened yet.
func NewAggregate(customerKey string) Aggregate {
	return Aggregate{CustomerKey: customerKey}
}

// Loaded tells the aggregate the sequence of the event it came from: seq becomes
// Seq, and the fencing token of a hold that this very event gave. Call it on
// every aggregate that was decoded or committed, before deciding on it.
func (a *Aggregate) Loaded(seq uint64) {
	a.Seq = seq
	if !a.lacksToken() {
		return
	}
	cb, h := *a.Callback, *a.Callback.Holder
	h.Token = seq
	cb.Holder = &h
	a.Callback = &cb
}

// lacksToken reports whether a hold is there whose token is not known yet.
func (a *Aggregate) lacksToken() bool {
	return a.Callback != nil && a.Callback.Holder != nil && a.Callback.Holder.Token == 0
}

// Find returns the customer's current or last callback if it has that id, else
// ErrNoCallback: an earlier callback is history, to be read in the stream.
func (a *Aggregate) Find(id string) (*Callback, error) {
	if a.Callback == nil || a.Callback.ID != id {
		return nil, ErrNoCallback
	}
	return a.Callback, nil
}

// taken returns what is remembered of an alert. The current callback's reasons
// are a second memory, for an alert that fell out of the bounded one.
func (a *Aggregate) taken(alertID string) (TakenAlert, bool) {
	for _, t := range a.Taken {
		if t.AlertID == alertID {
			return t, true
		}
	}
	if i := a.Callback.reason(alertID); i >= 0 {
		r := a.Callback.Reasons[i]
		return TakenAlert{AlertID: alertID, Revision: r.Revision, Correction: r.Correction, Resolved: r.Withdrawn}, true
	}
	return TakenAlert{}, false
}

// remember puts t last and forgets the alert heard of longest ago when full.
func (a *Aggregate) remember(t TakenAlert) {
	kept := make([]TakenAlert, 0, min(len(a.Taken)+1, MaxTaken+1))
	for _, other := range a.Taken {
		if other.AlertID != t.AlertID {
			kept = append(kept, other)
		}
	}
	kept = append(kept, t)
	a.Taken = slices.Clip(kept[max(0, len(kept)-MaxTaken):])
}

// ID is the id of a customer's n-th callback, `<customer_key>-<n>`.
func ID(customerKey string, n uint32) string {
	return customerKey + "-" + strconv.FormatUint(uint64(n), 10)
}

// ParseID takes an ID apart; ok is false for a string that ID never makes.
func ParseID(id string) (customerKey string, n uint32, ok bool) {
	i := strings.LastIndexByte(id, '-')
	if i < 1 {
		return "", 0, false
	}
	v, err := strconv.ParseUint(id[i+1:], 10, 32)
	if err != nil || v == 0 || ID(id[:i], uint32(v)) != id {
		return "", 0, false
	}
	return id[:i], uint32(v), true
}

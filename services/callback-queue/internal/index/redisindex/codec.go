package redisindex

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// An entry's value is text with single spaces between its fields. The first
// twelve are for the scripts too (prelude.lua says what they mean); state, SLA and the
// customer follow. Id and queue stand in the key.
const (
	fieldsOfValue = 15
	// absent is what is not there; same is a customer that is found in the id.
	absent, same = "-", "="
	// literal comes before a customer key that is not in the id.
	literal = "!"
)

// Kinds of entry, as the scripts know them.
const (
	kindPending = "p"
	kindHeld    = "h"
	kindOther   = "o"
	kindMoved   = "m"
)

var errValue = errors.New("a value in the index is damaged")

func encode(e *queue.Entry) string {
	kind, list := kindOf(e)
	ready := order.Nanos(e.ReadyAt)
	b := make([]byte, 0, 192)
	b = strconv.AppendUint(b, e.Seq, 10)
	b = append(append(append(b, ' '), kind...), ' ')
	b = append(append(b, list...), ' ')
	b = append(strconv.AppendInt(b, e.Rank, 10), ' ')
	b = append(strconv.AppendInt(b, ready, 10), ' ')
	b = append(append(b, order.HexOf(order.Nanos(e.OpenedAt))...), ' ')
	b = append(append(b, instant(e.DueAt)...), ' ')
	b = append(append(b, url.QueryEscape(e.Agent)...), ' ')
	b = append(append(b, e.Line...), ' ')
	b = append(append(b, placeOf(e)...), ' ')
	b = append(append(b, alarmOf(e)...), ' ')
	b = append(append(b, forgetting(e)...), ' ')
	b = append(strconv.AppendUint(b, uint64(e.State), 10), ' ')
	b = append(strconv.AppendUint(b, uint64(e.SLA)<<1|overdue(e), 10), ' ')
	return string(append(b, customer(e)...))
}

// placeSize is how long a place is, and rankSize how much of it is the rank.
const (
	rankSize  = order.SortableSize
	placeSize = 3 * order.SortableSize
)

// placeOf is what orders an entry within its line, but for the id.
func placeOf(e *queue.Entry) string {
	return order.Sortable(e.Rank) + order.Sortable(order.Nanos(e.FirstDue)) + order.Sortable(order.Nanos(e.OpenedAt))
}

// firstDueIn reads a place.
func firstDueIn(place string) (time.Time, error) {
	if len(place) != placeSize {
		return time.Time{}, fmt.Errorf("place of %d characters", len(place))
	}
	due, err := order.FromSortable(place[rankSize : 2*rankSize])
	return order.Time(due), err
}

// readyMember is an entry of a line as the ready set has it.
func readyMember(line, place, id string) string { return line + " " + place + id }

// splitReady takes a member apart: the rank, and what decides where ranks are equal.
func splitReady(member, line string) (rank int64, tie string, err error) {
	at := len(line) + 1
	if len(member) < at+placeSize {
		return 0, "", errValue
	}
	rank, err = order.FromSortable(member[at : at+rankSize])
	return rank, member[at+rankSize:], err
}

// encodeMoved is the value of an entry that is in another queue since an event, and of
// which that is remembered until a moment.
func encodeMoved(seq uint64, until time.Time) string {
	return strconv.FormatUint(seq, 10) + " " + kindMoved + " - 0 0 " + order.HexOf(0) + " " + absent + "   - " + absent + " " + instant(until) + " 0 0 " + same
}

// isMoved reports whether a value says that its entry is elsewhere.
func isMoved(value string) bool {
	_, rest, _ := strings.Cut(value, " ")
	return strings.HasPrefix(rest, kindMoved+" ")
}

// kindOf is the kind and the page list an entry begins in. No clock is at hand,
// so only what was ready when it was opened is certainly ready.
func kindOf(e *queue.Entry) (kind, list string) {
	switch {
	case e.State == callback.Pending && order.Nanos(e.ReadyAt) <= order.Nanos(e.OpenedAt):
		return kindPending, listReady
	case e.State == callback.Pending:
		return kindPending, listWaiting
	case e.State.Held():
		return kindHeld, listOf(e.State)
	default:
		return kindOther, listOf(e.State)
	}
}

// instant is a moment as text, absent for none.
func instant(t time.Time) string {
	if t.IsZero() {
		return absent
	}
	return decimal(order.Nanos(t))
}

// forgetting is when an entry may be forgotten, as text: only what is closed may.
func forgetting(e *queue.Entry) string {
	if !e.State.Terminal() {
		return absent
	}
	return instant(e.ForgetAt)
}

// instantOf reads what instant made.
func instantOf(text string) (time.Time, error) {
	if text == absent {
		return time.Time{}, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return order.Time(n), err
}

// alarmOf is the list of alarms that an entry is in.
func alarmOf(e *queue.Entry) string {
	a, ok := order.AlarmOf(e.State, e.SLA)
	if !ok {
		return absent
	}
	return alarmLists[a]
}

func overdue(e *queue.Entry) uint64 {
	if e.Overdue {
		return 1
	}
	return 0
}

func customer(e *queue.Entry) string {
	if e.CustomerKey == customerIn(e.ID) {
		return same
	}
	return literal + url.QueryEscape(e.CustomerKey)
}

// customerIn is the customer key in an id of the form `<customer_key>-<n>`.
func customerIn(id string) string {
	return id[:max(strings.LastIndexByte(id, '-'), 0)]
}

// customerOf reads what customer made.
func customerOf(id, field string) (string, error) {
	if field == same {
		return customerIn(id), nil
	}
	key, given := strings.CutPrefix(field, literal)
	if !given {
		return "", fmt.Errorf("customer field %q", field[:min(1, len(field))])
	}
	return url.QueryUnescape(key)
}

func decode(queueName, id, value string) (queue.Entry, error) {
	f := strings.Split(value, " ")
	if len(f) != fieldsOfValue {
		return queue.Entry{}, fmt.Errorf("%w: %d fields", errValue, len(f))
	}
	var errs [11]error
	e := queue.Entry{ID: id, Queue: queueName, Line: f[8]}
	e.Seq, errs[0] = strconv.ParseUint(f[0], 10, 64)
	e.Rank, errs[1] = strconv.ParseInt(f[3], 10, 64)
	ready, err := strconv.ParseInt(f[4], 10, 64)
	e.ReadyAt, errs[2] = order.Time(ready), err
	opened, err := order.FromHex(f[5])
	e.OpenedAt, errs[3] = order.Time(opened), err
	e.Agent, errs[4] = url.QueryUnescape(f[7])
	state, err := strconv.ParseUint(f[12], 10, 8)
	e.State, errs[5] = callback.State(state), err
	e.DueAt, errs[6] = instantOf(f[6])
	e.CustomerKey, errs[7] = customerOf(id, f[14])
	e.FirstDue, errs[8] = firstDueIn(f[9])
	e.ForgetAt, errs[10] = instantOf(f[11])
	sla, err := strconv.ParseUint(f[13], 10, 8)
	e.SLA, e.Overdue, errs[9] = callback.SLAState(sla>>1), sla&1 == 1, err
	if err := errors.Join(errs[:]...); err != nil {
		return queue.Entry{}, fmt.Errorf("%w: %w", errValue, err)
	}
	return e, nil
}

// decodeRows reads a reply of id, value, id, value, …
func decodeRows(queueName string, reply []string) ([]queue.Entry, error) {
	entries := make([]queue.Entry, 0, len(reply)/2)
	for i := 0; i+1 < len(reply); i += 2 {
		e, err := decode(queueName, reply[i], reply[i+1])
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

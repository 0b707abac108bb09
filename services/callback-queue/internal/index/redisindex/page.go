package redisindex

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// Page lists. Every entry is in one list of its state, and in one of its agent
// when it names one, so a page of some states or of an agent reads only those.
const (
	// listReady and listWaiting are the lists of pending entries; the other
	// states' lists are their numbers.
	listReady   = "r"
	listWaiting = "w"
	// listUnknown is the list of everything that has no state known here.
	listUnknown = "0"
	// deskHeld and deskOther, before an agent's escaped name, are the lists of
	// what the agent holds and of what only names it.
	deskHeld, deskOther = "h/", "x/"
)

// alarmLists are the lists of what an SLA needs somebody's eyes for, over and above
// the state's.
var alarmLists = [order.Alarms]string{order.AtRisk: "k", order.Breached: "b", order.BreachedClosed: "c"}

// maxPage bounds what one script reads of a list.
const maxPage = 1000

// listOf is the list of a state that is not Pending.
func listOf(s callback.State) string {
	if s.Held() || s.Terminal() {
		return strconv.Itoa(int(s))
	}
	return listUnknown
}

var (
	heldStates = []callback.State{callback.Reserved, callback.Assigned, callback.Attempting, callback.Wrapping}
	allStates  = append(slices.Clone(heldStates),
		callback.StateUnspecified, callback.Pending, callback.Completed, callback.Canceled)
)

func listsOf(states []callback.State) []string {
	var lists []string
	for _, s := range states {
		if s == callback.Pending {
			lists = append(lists, listReady, listWaiting)
		} else {
			lists = append(lists, listOf(s))
		}
	}
	slices.Sort(lists)
	return slices.Compact(lists)
}

// listsFor are the lists that together hold all that a filter may choose.
func listsFor(f queue.Filter) []string {
	alarms := order.AlarmsFor(f.SLA)
	switch {
	case f.Agent != "":
		name := url.QueryEscape(f.Agent)
		return []string{deskHeld + name, deskOther + name}
	case len(alarms) > 0:
		lists := make([]string, len(alarms))
		for i, a := range alarms {
			lists[i] = alarmLists[a]
		}
		return lists
	case len(f.States) > 0:
		return listsOf(f.States)
	default:
		return listsOf(allStates)
	}
}

// Page implements queue.Index. A limit above 1,000 is taken as 1,000. One call
// chooses from limit entries, so a page that filters an agent's entries by
// state, or any by how their SLA stands, may be short.
func (x *Index) Page(ctx context.Context, f queue.Filter, after string, limit int) (queue.Page, error) {
	limit = min(max(limit, 1), maxPage)
	key, given, err := order.Start(f, after)
	if err != nil {
		return queue.Page{}, fmt.Errorf("index page: %w", err)
	}
	place := ""
	if given {
		place = key.Text()
	}
	queues := []string{f.Queue}
	if f.Queue == "" {
		if queues, err = x.queues(ctx); err != nil {
			return queue.Page{}, fmt.Errorf("index page: %w", err)
		}
	}
	// One more than the limit says whether there is a next page.
	read, err := x.read(ctx, queues, listsFor(f), place, limit+1)
	if err != nil {
		return queue.Page{}, fmt.Errorf("index page: %w", err)
	}
	return cut(read, f, limit), nil
}

// read returns entries of the lists behind a place, in page order. Of each list
// count at most are read, so that the first count returned have no gap between
// them; a negative count reads all.
func (x *Index) read(ctx context.Context, queues, lists []string, place string, count int) ([]queue.Entry, error) {
	args := []any{count, place}
	for _, list := range lists {
		args = append(args, list)
	}
	read, err := x.rows(ctx, callEach(pageScript, queues, args...))
	slices.SortFunc(read, func(a, b queue.Entry) int {
		return cmp.Or(keyOf(a).Compare(keyOf(b)), cmp.Compare(b.Seq, a.Seq))
	})
	// One that moves may be in two queues: the newer is right.
	return slices.CompactFunc(read, func(a, b queue.Entry) bool { return a.ID == b.ID }), err
}

// rows makes calls that return entries, and returns them all.
func (x *Index) rows(ctx context.Context, calls []call) ([]queue.Entry, error) {
	replies, err := x.run(ctx, calls...)
	if err != nil {
		return nil, err
	}
	var all []queue.Entry
	for i, c := range calls {
		texts, err := replies[i].StringSlice()
		if err != nil {
			return nil, err
		}
		entries, err := decodeRows(c.queue, texts)
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
	}
	return all, nil
}

func keyOf(e queue.Entry) order.Key {
	return order.Key{Opened: order.Nanos(e.OpenedAt), ID: e.ID}
}

// idOf is the id in a member of a page list, list:opened:id. A list's name is
// escaped and holds no colon.
func idOf(member string) (string, error) {
	parts := strings.SplitN(member, ":", 3)
	if len(parts) != 3 {
		return "", errAnswer
	}
	return parts[2], nil
}

// cut keeps what the filter chooses of the first limit entries.
func cut(read []queue.Entry, f queue.Filter, limit int) queue.Page {
	var p queue.Page
	if !f.OpenedBefore.IsZero() {
		end := order.Nanos(f.OpenedBefore)
		if i := slices.IndexFunc(read, func(e queue.Entry) bool { return keyOf(e).Opened >= end }); i >= 0 {
			read = read[:i]
		}
	}
	if len(read) > limit {
		read = read[:limit]
		p.Next = keyOf(read[limit-1]).Cursor()
	}
	for _, e := range read {
		if (len(f.States) == 0 || slices.Contains(f.States, e.State)) && (len(f.SLA) == 0 || slices.Contains(f.SLA, e.SLA)) {
			p.Entries = append(p.Entries, e)
		}
	}
	return p
}

package memory

import (
	"unique"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
)

// listNo names one page list of a queue. Every record is in exactly one, so a
// page of some states reads only what it shows.
type listNo uint8

// Pending entries have two lists, so that the oldest ready one is found without
// a search; the other states have one each.
const (
	listReady listNo = iota
	listWaiting
	listUnknown
	listReserved
	listAssigned
	listAttempting
	listWrapping
	listCompleted
	listCanceled
	listCount
	// listNone is where a record is before its first list.
	listNone = listCount
)

// listsOf says which lists hold the entries of a state.
func listsOf(s callback.State) []listNo {
	if s == callback.Pending {
		return []listNo{listReady, listWaiting}
	}
	return []listNo{listOf(s)}
}

// listOf is the list of a state that is not Pending.
func listOf(s callback.State) listNo {
	if s.Held() || s.Terminal() {
		return listReserved + listNo(s-callback.Reserved)
	}
	return listUnknown
}

// lane is one queue.
type lane struct {
	name string
	// lines hold what is ready, sorted as reservations go; none is empty.
	lines map[unique.Handle[string]]*tree
	ready int // in all lines
	// lists are sorted as pages are, and so are alarms: the entries that one of them is
	// about, over and above their list.
	lists  [listCount]*tree
	alarms [order.Alarms]*tree
	// holds counts the entries that are reserved here and not committed yet.
	holds int
}

func (x *Index) lane(name string) *lane {
	l, known := x.lanes[name]
	if !known {
		l = &lane{name: name, lines: make(map[unique.Handle[string]]*tree)}
		for i := range l.lists {
			l.lists[i] = newTree(byOpening)
		}
		for i := range l.alarms {
			l.alarms[i] = newTree(byOpening)
		}
		x.lanes[name] = l
	}
	return l
}

// queueUp puts a record into its line.
func (l *lane) queueUp(r *record) {
	line, known := l.lines[r.line]
	if !known {
		line = newTree(byPlace)
		l.lines[r.line] = line
	}
	line.Set(r)
	l.ready++
}

// stepOut takes a record out of its line, and the line away when it was the last.
func (l *lane) stepOut(r *record) {
	line := l.lines[r.line]
	line.Delete(r)
	l.ready--
	if line.Len() == 0 {
		delete(l.lines, r.line)
	}
}

// desk is one agent: the entries that name it, sorted as pages are.
type desk struct {
	agent string
	// held are in the agent's hands; others name it for the record only.
	held, others *tree
}

// desk finds or makes the agent's desk; nobody has none.
func (x *Index) desk(agent string) *desk {
	if agent == "" {
		return nil
	}
	d, known := x.desks[agent]
	if !known {
		d = &desk{agent: agent, held: newTree(byOpening), others: newTree(byOpening)}
		x.desks[agent] = d
	}
	return d
}

// leave takes a record off its desk, and the desk away when it was the last.
func (x *Index) leave(r *record) {
	if r.desk == nil {
		return
	}
	r.desk.tree(r.state).Delete(r)
	if r.desk.held.Len()+r.desk.others.Len() == 0 {
		delete(x.desks, r.desk.agent)
	}
}

func (d *desk) tree(s callback.State) *tree {
	if s.Held() {
		return d.held
	}
	return d.others
}

package correction_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// state is a revision of a response with so many corrections.
type state struct{ revision, correction int }

func (s state) after(o state) bool {
	return s.revision > o.revision || s.revision == o.revision && s.correction > o.correction
}

// event is what is stored in SCORES; package score has the states it takes the place of.
type event struct{ state }

func (e event) before() (all []state) {
	for c := range e.correction + 1 {
		if e.revision > 1 {
			all = append(all, state{e.revision - 1, c})
		}
		if c < e.correction {
			all = append(all, state{e.revision, c})
		}
	}
	return all
}

// world is the two streams, and SCORES, in the order of storing.
type world struct {
	revisions, corrections int
	scores                 []event
}

// handler is one try of a handler, one read or write a step; done says that it has ended.
type handler interface {
	step(w *world) (done bool)
}

// scoring is Service.handle of a revision: it, and where something was corrected those after
// it that there are by then.
type scoring struct{ revision, known, latest, at int }

func (h *scoring) step(w *world) bool {
	switch h.at++; {
	case h.at == 1 && h.revision > 1:
		h.known = w.corrections
	case h.at == 2:
		if h.latest = h.revision; h.known > 0 {
			h.latest = w.revisions
		}
	case h.at > 2:
		revision := h.revision + h.at - 3
		w.scores = append(w.scores, event{state{revision, h.known}})
		return revision == h.latest
	}
	return false
}

// correcting is Service.corrected of a correction.
type correcting struct{ latest, known, at int }

func (h *correcting) step(w *world) bool {
	switch h.at++; h.at {
	case 1:
		h.latest = w.revisions
	case 2:
		h.known = w.corrections
	case 3:
		w.scores = append(w.scores, event{state{h.latest, h.known}})
		return true
	}
	return false
}

// Revisions and corrections of a response in any order, handlers of both that are cut short
// anywhere and begin anew, and are repeated: whatever a rule says of each state, whoever
// heeds revision and correction ends with what it says of the last, and hears of the last.
func TestNoOrderLosesACorrection(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := &world{}
		revisions, corrections := rapid.IntRange(1, 4).Draw(t, "revisions"), rapid.IntRange(0, 4).Draw(t, "corrections")
		matches := map[state]bool{}
		for r := range revisions + 1 {
			for c := range corrections + 1 {
				matches[state{r, c}] = rapid.Bool().Draw(t, fmt.Sprint("matches ", r, c))
			}
		}
		var making []func() handler // what is to be handled, still
		var running []handler
		restart := map[handler]func() handler{}
		for w.revisions < revisions || w.corrections < corrections || len(making) > 0 || len(running) > 0 {
			switch what := rapid.IntRange(0, 9).Draw(t, "what"); {
			case what == 0 && w.revisions < revisions:
				w.revisions++
				n := w.revisions
				making = append(making, func() handler { return &scoring{revision: n} })
			case what == 1 && w.corrections < corrections && w.revisions > 0:
				w.corrections++
				making = append(making, func() handler { return &correcting{} })
			case what <= 4 && len(making) > 0:
				i := rapid.IntRange(0, len(making)-1).Draw(t, "delivered")
				h := making[i]()
				restart[h] = making[i]
				running = append(running, h)
				making = append(making[:i:i], making[i+1:]...)
			case what == 5 && len(running) > 0: // killed: delivered again
				i := rapid.IntRange(0, len(running)-1).Draw(t, "killed")
				making = append(making, restart[running[i]])
				running = append(running[:i:i], running[i+1:]...)
			case len(running) > 0:
				i := rapid.IntRange(0, len(running)-1).Draw(t, "steps")
				if running[i].step(w) {
					if rapid.IntRange(0, 4).Draw(t, "again") == 0 { // a lost acknowledgement
						making = append(making, restart[running[i]])
					}
					running = append(running[:i:i], running[i+1:]...)
				}
			}
		}
		heard, raised, last := state{}, false, state{}
		for _, e := range rapid.Permutation(w.scores).Draw(t, "order") {
			if e.after(last) {
				last = e.state
			}
			says := matches[e.state]
			for _, b := range e.before() {
				says = says || matches[b]
			}
			if says && e.after(heard) { // else nothing is said, or it is too late
				heard, raised = e.state, matches[e.state]
			}
		}
		require.Equal(t, state{revisions, corrections}, last, "%v", w.scores)
		require.Equal(t, matches[last], raised, "%v", w.scores)
	})
}

package callback

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/state-machine.md instead of comparing it")

const documentHead = `# The states of a callback

Printed from the transition table in
` + "`services/callback-queue/internal/callback/table.go`" + `; do not edit. To print it again, from the root of the
repository:

` + "```sh" + `
go test ./services/callback-queue/internal/callback -run TestDocument -update
` + "```" + `

`

const documentRules = `## What the table does not show

- **One person, one callback.** The aggregate is the customer. An alert opens a callback only when none is open;
  else it becomes a reason of the open one, in whatever state that is. After a close the next has number n+1.
- **Age.** ` + "`opened_at`" + ` is set once. No release, timeout, retry or transfer resets it.
- **Holds.** Reserved, assigned, attempting and wrapping are held by exactly one agent, under a fencing token (the
  stream sequence of the commit that gave the hold) and a lease. A token of another hold, or of one that has ended,
  is refused as stale; so is another agent. Without a token the agent's id must match.
- **Leases.** Nothing new is begun (accept, start) in a lease that is over, however late the timer is. A report of
  what has happened (an attempt's end, a wrap-up, a release) is taken as long as the hold stands.
- **A wrap-up never expires to pending:** the customer was called, and would be called twice. Nor does a timer write
  it: that would invent an outcome. When its lease is over it is marked overdue (event ` + "`WRAP_UP_OVERDUE`" + `); it stays
  with its agent, its lease has no further end, and from then on anybody may complete it, under their own name.
- **What comes after the call is not answered by it.** A reason that comes while the customer is being called, or after, is
  marked ` + "`unanswered`" + `. Being spoken to answers what came by then. A callback that is completed with unanswered reasons
  is followed at once by the next (` + "`openNext`" + `), which has them, their age and their clocks. A wrap-up has no more time
  than such a reason can wait, until its warning; then, and at once when it is overdue already, the callback waits
  again, for all its reasons: the customer is to be called anyway. A cancellation is for all of them.
- **A call that never ended** (the lease of attempting is over) is closed as a technical failure, and the callback
  waits for the gap, because the customer may have been spoken to.
- **Attempts.** A technical failure is no try. The last allowed try that finds nobody completes the callback as
  unreachable; a customer who names a moment is called then, whatever was tried before.
- **A corrected score** withdraws its reason, which stays to be seen and no longer counts. It cancels the callback
  only if no other reason counts, no attempt was ever started, and nobody reopened it.
- **A reopening** puts a closed callback back within ` + "`callback.reopen_within`" + ` of its close, unless the customer has a
  newer one. It keeps its id, its age, its reasons and its attempts; the attempt policy counts anew, and the first
  attempt is due as after an opening.
- **A transfer** takes the callback out of the hands of an agent who has not begun to call, and puts it into another
  queue at its age. To **requeue** it takes it back from whatever hands, at its age and at once: from a call, which is then
  no try, and from a wrap-up, which is then not written. An **escalation** adds points to its priority, in whatever hands it is.
- **The SLA's clocks** ring by ` + "`checkSLA`" + `, one bell a command, the earliest first: a warning, a breach, or a step of
  escalation. Only a step that moves to another queue waits until nobody has the callback in hand.
- **The customer's slots** are waited for one after the other; an attempt in hand is not bound to them.
- **How it went.** A completed callback may ask the customer (` + "`askFollowUp`" + `). The answer is linked to it in whatever state;
  a bad one reopens what is completed, once an answer, as an alert about it does.
- **A settled alert stays settled.** A later revision of an alert that a closed callback answered is noted and opens
  nothing. An alert that was withdrawn and is raised again at a higher revision counts again.
- **Repeats.** Every command given again by the same caller after a lost answer changes nothing and is answered with
  the callback as it stands. A timer that comes early, late or twice changes nothing either.
`

var stateMeaning = map[State]string{
	StateUnspecified: "The customer has no callback yet, or the last one is closed.",
	Pending:          "Waits for an agent, at once or from `not_before` on.",
	Reserved:         "Offered to one agent, for a short time.",
	Assigned:         "Held by an agent who has not started to call yet.",
	Attempting:       "Being called right now.",
	Wrapping:         "Has been called; the outcome is still to be written down.",
	Completed:        "Closed with an outcome. Terminal, but for a reopening.",
	Canceled:         "Closed without the call being needed any more. Terminal, but for a reopening.",
}

// The document says what the table says: it fails when stale, and -update
// writes it.
func TestDocument(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "..", "..", "docs", "state-machine.md")
	want := document()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "stale: run this test with -update")
}

func document() string {
	var b strings.Builder
	b.WriteString(documentHead)
	b.WriteString("```mermaid\nstateDiagram-v2\n")
	for _, a := range arrows {
		fmt.Fprintf(&b, "    %s --> %s: %s\n", mermaid(a.from), mermaid(a.to), label(a.on))
	}
	fmt.Fprintf(&b, "    %s --> [*]\n    %s --> [*]\n```\n\n", Completed, Canceled)

	b.WriteString("## States\n\n| state | meaning | open | held |\n|---|---|---|---|\n")
	for s := range State(stateCount) {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", s, stateMeaning[s], yes(s.Open()), yes(s.Held()))
	}
	b.WriteString("\n## Arrows\n\n| from | command | to | when |\n|---|---|---|---|\n")
	for _, a := range arrows {
		tr := triggers[a.on]
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", a.from, tr.command, a.to, tr.when)
	}
	b.WriteString("\n## Every state and every command\n\nWhere the cell is empty, the state does not change.\n\n")
	b.WriteString(grid())
	b.WriteString("\n" + documentRules)
	return b.String()
}

// grid is the whole matrix, one row a command.
func grid() string {
	var commands []string
	for _, tr := range triggers {
		if !slices.Contains(commands, tr.command) {
			commands = append(commands, tr.command)
		}
	}
	head, rule := "| command |", "|---|"
	for s := range State(stateCount) {
		head += " " + s.String() + " |"
		rule += "---|"
	}
	var b strings.Builder
	b.WriteString(head + "\n" + rule + "\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "| `%s` |", c)
		for s := range State(stateCount) {
			fmt.Fprintf(&b, " %s |", strings.Join(targets(s, c), " or "))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// targets are the states a command can lead to from s.
func targets(s State, command string) []string {
	var names []string
	for _, a := range arrows {
		if a.from == s && triggers[a.on].command == command {
			names = append(names, a.to.String())
		}
	}
	return names
}

// label tells apart the arrows of one command.
func label(t trigger) string {
	switch t {
	case concluded:
		return "endAttempt (spoken to, or settled)"
	case retry:
		return "endAttempt (again later)"
	case giveUp:
		return "endAttempt (used up)"
	default:
		return triggers[t].command
	}
}

func mermaid(s State) string {
	if s == StateUnspecified {
		return "[*]"
	}
	return s.String()
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

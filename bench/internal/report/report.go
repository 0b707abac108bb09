// Package report prints what was measured: a table for people, JSON for machines.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Measure is one thing that was measured of every contender.
type Measure struct {
	// ID names it in the JSON.
	ID string
	// Title says in the table what it is, and its unit.
	Title string
	// Digits is how many are shown after the point.
	Digits int
}

// What is measured. A rate is the better the higher, a time the lower.
var (
	Answered = Measure{"enqueue_answered_per_second", "enqueue: answered as stored, jobs/s", 0}
	Ready    = Measure{"enqueue_ready_per_second", "enqueue: there for a worker to take, jobs/s", 0}
	Worked   = Measure{"worked_per_second", "work: taken and completed, jobs/s", 0}
	StoreCPU = Measure{"enqueue_cpu_ms_per_job", "enqueue: processor time of server and load, ms a job", 2}
	WorkCPU  = Measure{"work_cpu_ms_per_job", "work: processor time of server and load, ms a job", 2}
	Commits  = Measure{"commits_per_second", "work: commits (Rappel: 4 a job, kept; peers: 1 ack), /s", 0}
	P50      = Measure{"latency_p50_ms", "asked for to in hand, peers as shipped, p50 ms", 1}
	P99      = Measure{"latency_p99_ms", "asked for to in hand, peers as shipped, p99 ms", 1}
	FastP50  = Measure{"latency_shortest_polling_p50_ms", "asked for to in hand, peers' shortest polling, p50 ms", 1}
	FastP99  = Measure{"latency_shortest_polling_p99_ms", "asked for to in hand, peers' shortest polling, p99 ms", 1}
)

// Measures are all of them, in the table's order.
var Measures = []Measure{Answered, Ready, StoreCPU, Worked, Commits, WorkCPU, P50, P99, FastP50, FastP99}

// Figures are what was measured of one contender, by the measure's id. What is not
// there was not measured.
type Figures map[string]float64

// Column is one contender.
type Column struct {
	// Name is the contender's.
	Name string `json:"name"`
	// Version is what exactly was run.
	Version string `json:"version,omitempty"`
	// Rounds are what was measured, each time.
	Rounds []Figures `json:"rounds,omitempty"`
	// Figures are the medians.
	Figures Figures `json:"figures,omitempty"`
	// Ratios are Rappel's figure divided by this one's; Rappel itself has none.
	Ratios Figures `json:"rappel_ratios,omitempty"`
	// Why says what kept it from being measured, or from being measured whole.
	Why string `json:"why,omitempty"`
}

// Report is one run.
type Report struct {
	// Setting is the machine and the load, in a line.
	Setting string `json:"setting"`
	// Rappel is what the others are compared with.
	Rappel Column `json:"rappel"`
	// Peers are the others.
	Peers []Column `json:"peers"`
	// Notes say what a reader must know to read the figures right.
	Notes []string `json:"notes"`
}

// Median is, of each measure, the middle of its figures (the lower one of two).
func Median(rounds []Figures) Figures {
	out := Figures{}
	for _, m := range Measures {
		var all []float64
		for _, f := range rounds {
			if v, ok := f[m.ID]; ok {
				all = append(all, v)
			}
		}
		if len(all) > 0 {
			slices.Sort(all)
			out[m.ID] = all[(len(all)-1)/2]
		}
	}
	return out
}

// Compare works out the ratios.
func (r *Report) Compare() {
	for i := range r.Peers {
		p := &r.Peers[i]
		p.Ratios = Figures{}
		for _, m := range Measures {
			ours, have := r.Rappel.Figures[m.ID]
			theirs, had := p.Figures[m.ID]
			if have && had && theirs > 0 {
				p.Ratios[m.ID] = ours / theirs
			}
		}
	}
}

// JSON prints the report for machines.
func (r *Report) JSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Table prints the report for people.
func (r *Report) Table(out io.Writer) error {
	fmt.Fprintf(out, "%s\n\n", r.Setting)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "\t", r.Rappel.Name, "\t")
	for _, p := range r.Peers {
		fmt.Fprintf(w, "%s\t%s/%s\t", p.Name, r.Rappel.Name, p.Name)
	}
	fmt.Fprintln(w)
	for _, m := range Measures {
		fmt.Fprintf(w, "%s\t%s\t", m.Title, r.Rappel.Figures.show(m.ID, m.Digits))
		for _, p := range r.Peers {
			fmt.Fprintf(w, "%s\t%s\t", p.Figures.show(m.ID, m.Digits), p.Ratios.show(m.ID, 2))
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	r.footnotes(out)
	return nil
}

func (r *Report) footnotes(out io.Writer) {
	fmt.Fprintln(out)
	for _, c := range append([]Column{r.Rappel}, r.Peers...) {
		if c.Version != "" {
			fmt.Fprintln(out, wrap(c.Name+": "+c.Version))
		}
		if c.Why != "" {
			fmt.Fprintf(out, "%s: NOT MEASURED WHOLE (-): %s\n", c.Name, strings.TrimSpace(c.Why))
		}
	}
	fmt.Fprintln(out)
	for _, n := range r.Notes {
		fmt.Fprintln(out, wrap("- "+n))
	}
}

// width is how long a line of text gets.
const width = 118

// wrap breaks a paragraph into lines, those after the first set in.
func wrap(text string) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = " "
		}
		line += strings.Repeat(" ", min(1, len(line))) + word
	}
	return strings.Join(append(lines, line), "\n")
}

func (f Figures) show(id string, digits int) string {
	v, ok := f[id]
	if !ok {
		return "-"
	}
	return fmt.Sprintf("%.*f", digits, v)
}

package cli

import (
	"fmt"
	"strings"
)

// diffContext is how many lines stay around what differs.
const diffContext = 3

// mostCompared is how many pairs of lines are compared; beyond, all that differs is one change.
const mostCompared = 20_000_000

// edit is one line of a comparison: kept (' '), removed ('-') or added ('+').
type edit struct {
	sign     byte
	text     string
	from, to int // its number in each text, from 1; that of the next line where it is missing
}

// lineDiff is what differs between two texts, by lines, as diff -u writes it; empty when
// nothing does.
func lineDiff(from, to string) string {
	edits := compare(strings.Split(strings.TrimSuffix(from, "\n"), "\n"), strings.Split(strings.TrimSuffix(to, "\n"), "\n"))
	var b strings.Builder
	for i := 0; i < len(edits); {
		if edits[i].sign == ' ' {
			i++
			continue
		}
		first := max(0, i-diffContext)
		last := i // the last that differs of those that are near each other
		for j := i; j < len(edits) && j <= last+2*diffContext+1; j++ {
			if edits[j].sign != ' ' {
				last = j
			}
		}
		end := min(len(edits), last+diffContext+1)
		writeHunk(&b, edits[first:end])
		i = end
	}
	return b.String()
}

func writeHunk(b *strings.Builder, hunk []edit) {
	removed, added := 0, 0
	for _, e := range hunk {
		if e.sign != '+' {
			removed++
		}
		if e.sign != '-' {
			added++
		}
	}
	fmt.Fprintf(b, "@@ -%d,%d +%d,%d @@\n", hunk[0].from, removed, hunk[0].to, added)
	for _, e := range hunk {
		fmt.Fprintf(b, "%c%s\n", e.sign, e.text)
	}
}

// compare finds the fewest lines to remove and to add (the longest common subsequence). What
// both texts begin and end with is set aside first, so that a large file with a small change
// costs little.
func compare(a, b []string) []edit {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var edits []edit
	i, j := 0, 0
	add := func(sign byte, text string) {
		edits = append(edits, edit{sign, text, i + 1, j + 1})
		if sign != '+' {
			i++
		}
		if sign != '-' {
			j++
		}
	}
	for range head {
		add(' ', a[i])
	}
	common := func(int, int) int32 { return 0 } // all removed, then all added
	if restA, restB := a[head:len(a)-tail], b[head:len(b)-tail]; len(restA)*len(restB) <= mostCompared {
		lengths := commonLengths(restA, restB)
		common = func(i, j int) int32 { return lengths[i-head][j-head] }
	}
	for i < len(a)-tail || j < len(b)-tail {
		switch {
		case i < len(a)-tail && j < len(b)-tail && a[i] == b[j]:
			add(' ', a[i])
		case j == len(b)-tail || i < len(a)-tail && common(i+1, j) >= common(i, j+1):
			add('-', a[i])
		default:
			add('+', b[j])
		}
	}
	for range tail {
		add(' ', a[i])
	}
	return edits
}

// commonLengths are, for each pair of places, how many lines the rests have in common.
func commonLengths(a, b []string) [][]int32 {
	rows := make([][]int32, len(a)+1)
	for i := range rows {
		rows[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				rows[i][j] = rows[i+1][j+1] + 1
			} else {
				rows[i][j] = max(rows[i+1][j], rows[i][j+1])
			}
		}
	}
	return rows
}

package strictjson

import "strings"

// maxSuggest is the longest name that a suggestion is looked for.
const maxSuggest = 32

// nearest returns the name of the plan that somebody who wrote name may have meant.
func (p *plan) nearest(name string) string { return Nearest(name, p.names) }

// Nearest returns the one of names that somebody who wrote name may have meant: at most a
// third of it different, and two letters; "" when none is near.
func Nearest(name string, names []string) string {
	if len(name) > maxSuggest {
		return ""
	}
	best, found := min(2, len(name)/3)+1, ""
	for _, candidate := range names {
		if len(candidate) > maxSuggest {
			continue
		}
		if n := distance(strings.ToLower(name), strings.ToLower(candidate)); n < best {
			best, found = n, candidate
		}
	}
	return found
}

// distance is Levenshtein's, on bytes, for strings up to maxSuggest.
func distance(a, b string) int {
	var row [maxSuggest*4 + 1]int // lower case may be longer than the name
	if len(b) >= len(row) {
		return len(b)
	}
	for j := range len(b) + 1 {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

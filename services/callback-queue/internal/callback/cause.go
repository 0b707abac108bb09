package callback

import "strings"

// Cause is a node of the tree of root causes.
type Cause struct {
	// ID is the node's own word; a cause is named by the words from the top,
	// separated by slashes.
	ID string
	// French and English are what people read.
	French, English string
	// Causes are what it is divided into; empty at the end of a branch.
	Causes []Cause
}

// RootCauses is the tree that a wrap-up chooses from; its first level are the
// four dimensions of feedback. An empty one allows any words.
type RootCauses []Cause

// Dimensions are the first level of every tree.
var Dimensions = [...]string{
	"product_service_quality", "communication_relationship", "responsiveness_after_sales", "overall_experience",
}

// Has reports whether the tree has a cause of that name. A dimension alone is
// none: it says what it was about, and not why it happened.
func (t RootCauses) Has(name string) bool {
	words := strings.Split(name, "/")
	level := []Cause(t)
	for _, word := range words {
		at := -1
		for i := range level {
			if level[i].ID == word {
				at = i
			}
		}
		if at < 0 {
			return false
		}
		level = level[at].Causes
	}
	return len(words) > 1
}

// choose returns what is wrong with a root cause that somebody wrote.
func (t RootCauses) choose(name string) error {
	var f fields
	f.check(len(t) == 0 || t.Has(name), "root_cause",
		"must be one of those configured, as "+Dimensions[0]+"/damaged; GET /v1/rootCauses lists them")
	return f.err()
}

package subscription

import (
	"slices"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/rappel-loop/rappel/proto/feedevent"
	"github.com/rappel-loop/rappel/proto/subject"
)

// filter is which events a subscriber wants; an empty list is all.
type filter struct {
	types           []feedevent.Type
	surveys, queues []string
}

// maxSubjects bounds the subjects that a consumer's filter is made of: beyond them the server
// sends more than is wanted, and the rest is left out here.
const maxSubjects = 128

// subjects is what the server is asked for: nothing less than what is wanted.
func (f filter) subjects() []string {
	types := f.types
	if len(types) == 0 {
		if len(f.surveys) == 0 && len(f.queues) == 0 {
			return []string{subject.AllFeed}
		}
		for _, d := range feedevent.Types() {
			types = append(types, d.Type)
		}
	}
	var narrow, wide []string
	for _, t := range types {
		d, _ := feedevent.Describe(t)
		about := f.surveys
		if d.AboutQueue() {
			about = f.queues
		}
		for _, name := range about {
			narrow = append(narrow, subject.FeedEvent(string(t), name))
		}
		if len(about) == 0 {
			narrow = append(narrow, subject.FeedType(string(t)))
		}
		wide = append(wide, subject.FeedType(string(t)))
	}
	for _, choice := range [][]string{narrow, wide} {
		slices.Sort(choice)
		if choice = slices.Compact(choice); len(choice) <= maxSubjects {
			return choice
		}
	}
	return []string{subject.AllFeed}
}

// looks reports whether the server sends what is not wanted, so that what comes next may be
// left out.
func (f filter) looks() bool { return len(f.surveys) > 0 || len(f.queues) > 0 }

// lets reports whether an event that the server sent is wanted.
func (f filter) lets(h nats.Header) bool {
	if len(f.queues) > 0 && !slices.Contains(f.queues, h.Get(subject.HeaderQueue)) {
		return false
	}
	if len(f.surveys) == 0 {
		return true
	}
	for survey := range strings.SplitSeq(h.Get(subject.HeaderSurveys), ",") {
		if slices.Contains(f.surveys, survey) {
			return true
		}
	}
	return false
}

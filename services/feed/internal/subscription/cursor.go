package subscription

import (
	"errors"
	"fmt"
	"hash/fnv"
	"regexp"
	"strconv"
	"time"
)

// Cursor is a place in FEED: behind the event with a sequence. Feed tells one stream from
// another that was made in its place, whose sequences begin anew.
type Cursor struct {
	Feed     uint32
	Sequence uint64
}

var errCursor = errors.New("must be the cursor of an event, as it was given")

var cursorForm = regexp.MustCompile(`^([0-9a-f]{8})-(0|[1-9][0-9]{0,19})$`)

// String is the cursor as subscribers keep it.
func (c Cursor) String() string { return fmt.Sprintf("%08x-%d", c.Feed, c.Sequence) }

// ParseCursor reads one.
func ParseCursor(s string) (Cursor, error) {
	m := cursorForm.FindStringSubmatch(s)
	if m == nil {
		return Cursor{}, errCursor
	}
	feed, err := strconv.ParseUint(m[1], 16, 32)
	if err != nil {
		return Cursor{}, errCursor
	}
	seq, err := strconv.ParseUint(m[2], 10, 64)
	if err != nil {
		return Cursor{}, errCursor
	}
	return Cursor{Feed: uint32(feed), Sequence: seq}, nil
}

// feedOf tells a stream from others by when it was made.
func feedOf(created time.Time) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(strconv.FormatInt(created.UnixNano(), 10))) // it never fails
	return h.Sum32()
}

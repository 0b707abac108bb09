package response

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// slots returns the slots sorted and each once: their order means nothing, and
// must not tell two submissions apart. A past slot is right, since answers may be
// imported long after they were given.
func (c *checker) slots(in []*eventsv1.Slot) []*eventsv1.Slot {
	if n := len(in); n > MaxSlots {
		c.add("callbackSlots", fmt.Sprintf("are %d, at most %d are taken", n, MaxSlots))
		return nil
	}
	before := len(c.found)
	c.within = "callbackSlots"
	for i, s := range in {
		c.index = i
		c.slot(s)
	}
	c.within = ""
	if len(c.found) > before || len(in) < 2 {
		return in
	}
	slices.SortFunc(in, func(a, b *eventsv1.Slot) int {
		return cmp.Or(a.GetFrom().AsTime().Compare(b.GetFrom().AsTime()), a.GetTo().AsTime().Compare(b.GetTo().AsTime()))
	})
	return slices.CompactFunc(in, func(a, b *eventsv1.Slot) bool { return proto.Equal(a, b) })
}

func (c *checker) slot(s *eventsv1.Slot) {
	from, to := c.end(".from", s.GetFrom()), c.end(".to", s.GetTo())
	switch {
	case !from || !to:
	case !s.GetTo().AsTime().After(s.GetFrom().AsTime()):
		c.add(".to", "must be after from")
	case s.GetTo().AsTime().Sub(s.GetFrom().AsTime()) > MaxSlot:
		c.add(".to", fmt.Sprintf("is more than %d days after from", MaxSlot/(24*time.Hour)))
	}
}

// end reports whether one end of a slot can be read.
func (c *checker) end(path string, at *timestamppb.Timestamp) bool {
	switch {
	case at == nil:
		c.add(path, "is required")
	case at.CheckValid() != nil:
		c.add(path, "is no point in time")
	default:
		return true
	}
	return false
}

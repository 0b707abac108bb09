package callback

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// heldBack is the alert at a revision, as a fallback lets it come: what the rule would ask
// for is not in it.
func heldBack(id string, revision uint32) TakeAlert {
	al := alert(id).at(revision)
	al.HeldBack, al.Queue, al.Reason.Priority = true, "", 0
	al.Reason.Verbatim = "Toujours rien."
	return TakeAlert{Alert: al}
}

func TestWhatIsHeldBackOpensNothingAndIsNewsLater(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.refuse(ErrNoChange, heldBack("a1", 1))
	require.Nil(t, s.cb())
	ev := s.do(TakeAlert{Alert: alert("a1").at(2)})
	require.Equal(t, EventOpened, ev.Type, "the fallback has ended")
	require.Equal(t, uint32(2), s.cb().Reasons[0].Revision)
	// The first revision comes once more, outside of the duplicate window, as it was or as it
	// would be decided now.
	s.refuse(ErrNoChange, heldBack("a1", 1))
	s.refuse(ErrNoChange, TakeAlert{Alert: alert("a1")})
	require.Len(t, s.cb().Reasons, 1)
}

// The same revision, decided anew: what was asked for first holds.
func TestTheSameRevisionHeldBackLaterChangesNothing(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.do(take("a1"))
	s.refuse(ErrNoChange, heldBack("a1", 1))
	moved := alert("a1")
	moved.Queue, moved.Skills = "overflow", nil
	s.refuse(ErrNoChange, TakeAlert{Alert: moved})
	require.Equal(t, "care", s.cb().Queue)
}

// A callback that is open is brought up to date all the same, and keeps what was asked for.
func TestALaterRevisionThatIsHeldBackEnrichesTheOpenCallback(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	al := alert("a1")
	al.Skills, al.FirstAttemptWithin = []string{"billing"}, 2*time.Hour
	s.do(TakeAlert{Alert: al})
	priority := s.cb().Priority
	ev := s.do(heldBack("a1", 2))
	require.Equal(t, EventEnriched, ev.Type)
	require.Equal(t, "Toujours rien.", s.cb().Reasons[0].Verbatim)
	require.Equal(t, uint32(2), s.cb().Reasons[0].Revision)
	require.Equal(t, priority, s.cb().Priority)
	require.Equal(t, "care", s.cb().Queue)
	require.Equal(t, []string{"billing"}, s.cb().Skills)
	require.Equal(t, 2*time.Hour, s.cb().Reasons[0].FirstAttemptWithin)
	s.refuse(ErrNoChange, heldBack("a2", 1))
}

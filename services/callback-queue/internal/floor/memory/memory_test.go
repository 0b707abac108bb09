package memory_test

import (
	"testing"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor/floortest"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor/memory"
)

func TestFloor(t *testing.T) {
	t.Parallel()
	floortest.Exercise(t, func(*testing.T) floor.Floor { return memory.New() })
}

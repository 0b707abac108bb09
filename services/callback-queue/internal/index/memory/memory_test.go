package memory_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/indextest"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/memory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestIndex(t *testing.T) {
	t.Parallel()
	indextest.Exercise(t, func(*testing.T) queue.Index { return memory.New() })
}

func BenchmarkIndexClaim(b *testing.B) {
	indextest.BenchmarkClaim(b, newIndex, 1_000, 400_000, 1_000_000)
}

func BenchmarkApply(b *testing.B) {
	indextest.BenchmarkApply(b, newIndex, 100_000, 1_000_000)
}

func newIndex(*testing.B) queue.Index { return memory.New() }

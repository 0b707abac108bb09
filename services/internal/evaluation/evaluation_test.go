package evaluation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/evaluation"
)

func TestAUC(t *testing.T) {
	t.Parallel()
	// Pairs: 0.9 beats 0.2 and 0.5; 0.5 beats 0.2 and ties with 0.5.
	got, ok := evaluation.AUC([]evaluation.Scored{{0.9, true}, {0.5, true}, {0.5, false}, {0.2, false}})
	require.True(t, ok)
	require.Equal(t, 3.5/4, got)
	_, ok = evaluation.AUC([]evaluation.Scored{{1, true}})
	require.False(t, ok)
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	m := evaluation.Matrix{{3, 1}, {2, 4}}
	require.Equal(t, 0.7, m.Accuracy())
	require.InDelta(t, (6.0/9+8.0/11)/2, m.MacroF1(), 1e-12)
	require.InDelta(t, (3.0/4+4.0/6)/2, m.BalancedAccuracy(), 1e-12)
	empty := evaluation.NewMatrix(3)
	require.Zero(t, empty.MacroF1()+empty.Accuracy()+empty.BalancedAccuracy())
	empty.Add(2, 2)
	require.Equal(t, 1.0, empty.MacroF1())
}

package verbatim

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// No text makes the work more than linear: what is looked up in the tries for a
// long text is what its pieces take, however they begin entries and go on to gaps.
func TestLookupsAreLinear(t *testing.T) {
	t.Parallel()
	a, err := New()
	require.NoError(t, err)
	var s Scratch
	for _, piece := range []string{
		"je ne reviendrai pas ", "merci de bien vouloir ", "ne de la de la ", "depuis 3 jours ", "demande de la le de la ", "plus jamais ",
		"never again ", "please call me back ", "take my my the ", "merci à Zoé ", "1 2 3 ", "n'y ", "il faudrait ",
	} {
		short, long := strings.Repeat(piece, 100), strings.Repeat(piece, 1000)
		a.Analyse(&s, short)
		base := s.steps
		a.Analyse(&s, long)
		require.LessOrEqual(t, s.steps, 10*base+1000, piece)
		require.LessOrEqual(t, s.steps, 40*len(s.tokens), piece)
	}
}

package whereabouts_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/whereabouts"
)

func TestWhereANumberMayBe(t *testing.T) {
	t.Parallel()
	for phone, want := range map[string]struct {
		country string
		zones   []string
	}{
		"+33612345678":   {"FR", []string{"Europe/Paris"}},
		"+15145550123":   {"CA", []string{"America/Toronto"}},
		"+14155550123":   {"US", []string{"America/Los_Angeles"}},
		"+351912345678":  {"PT", []string{"Atlantic/Azores", "Europe/Lisbon"}},
		"+442079460123":  {"GB", []string{"Europe/London"}},
		"+262692123456":  {"RE", []string{"Indian/Mayotte", "Indian/Reunion"}},
		"+5511987654321": {"BR", []string{"America/Sao_Paulo"}},
		"+80012345678":   {whereabouts.Nowhere, nil},
		"0612345678":     {"", nil},
		"":               {"", nil},
	} {
		country, zones := whereabouts.Of(phone)
		require.Equal(t, want.country, country, phone)
		require.Equal(t, want.zones, zones, phone)
	}
}

// A mobile phone of a country with several zones may be in any of them, and so may a
// number that is of no place.
func TestANumberThatMayBeAnywhereHasAllZones(t *testing.T) {
	t.Parallel()
	for phone, some := range map[string][]string{
		"+61412345678": {"Australia/Perth", "Australia/Sydney"},
		"+18005550123": {"America/Grand_Turk", "Pacific/Honolulu"},
	} {
		_, zones := whereabouts.Of(phone)
		require.Subset(t, zones, some, "%s", phone)
		require.Less(t, len(zones), 30, "none twice")
	}
}

func BenchmarkOf(b *testing.B) {
	for b.Loop() {
		whereabouts.Of("+15145550123")
	}
}

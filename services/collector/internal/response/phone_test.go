package response

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/language"
)

// The short way must never differ from the library: any number of a plain
// country, in any plain notation.
func TestPlainNumbersAreReadAsTheLibraryReadsThem(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	taken := 0
	check := func(region, s string) {
		got, ok := plain(s, region)
		if !ok {
			return
		}
		taken++
		want, ok := parsed(s, region)
		require.True(t, ok, "%s in %s", s, region)
		require.Equal(t, want, got, "%s in %s", s, region)
	}
	for range 300 {
		for _, list := range []map[string]int{trunked, untrunked} {
			for region, code := range list {
				var b strings.Builder
				for range 6 + r.IntN(9) {
					b.WriteByte(byte('0' + r.IntN(10)))
				}
				digits := b.String()
				check(region, fmt.Sprintf("+%d%s", code, digits))
				check("FR", fmt.Sprintf("+%d %s-%s", code, digits[:2], digits[2:]))
				check(region, "0"+digits)
				check(region, digits)
			}
		}
	}
	require.Greater(t, taken, 2_000, "the short way is taken")
}

func TestPhonesBecomeE164(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, lang, zone, home, want string }{
		{"+33612345678", "", "", "FR", "+33612345678"},
		{" +33 6 12 34 56 78 ", "", "", "GB", "+33612345678"},
		{"06 12 34 56 78", "", "", "FR", "+33612345678"},
		{"06.12.34.56.78", "", "", "FR", "+33612345678"},
		{"(06) 12-34-56-78", "", "", "FR", "+33612345678"},
		{"0033612345678", "", "", "FR", "+33612345678"},
		{"+33 (0)6 12 34 56 78", "", "", "FR", "+33612345678"},
		{"tel:+33612345678", "", "", "FR", "+33612345678"},
		{"+33 1 99 00 10 10", "", "", "FR", "+33199001010"}, // kept for fiction: possible, not valid
		{"06 39 98 20 11", "", "", "FR", "+33639982011"},
		{"+44 7700 900123", "", "", "FR", "+447700900123"},
		{"07700 900123", "en-GB", "", "FR", "+447700900123"},
		{"0470 12 34 56", "fr-BE", "", "FR", "+32470123456"},
		{"0470 12 34 56", "fr", "Europe/Brussels", "FR", "+32470123456"},
		{"0470 12 34 56", "fr", "", "BE", "+32470123456"}, // French is spoken at home
		{"06 12 34 56 78", "fr", "", "US", "+33612345678"},
		{"06 12 34 56 78", "en", "", "FR", "+33612345678"},                  // English says nothing
		{"06 12 34 56 78", "da", "Europe/Copenhagen", "FR", "+33612345678"}, // too long for Denmark: read at home
		{"079 123 45 67", "de", "Europe/Zurich", "FR", "+41791234567"},
		{"202-555-0143", "en-US", "", "FR", "+12025550143"},
		{"+39 06 1234 5678", "", "", "FR", "+390612345678"},
		{"612345678", "", "", "FR", "+33612345678"}, // the spreadsheet ate the 0
		{"", "", "", "FR", ""},
	} {
		p, err := newPhones(c.home)
		require.NoError(t, err)
		tag := language.Und
		if c.lang != "" {
			tag = language.MustParse(c.lang)
		}
		var ck checker
		require.Equal(t, c.want, p.check(&ck, c.in, tag, c.zone), c.in)
		require.Empty(t, ck.found, c.in)
	}
}

func TestWhatIsNoPhoneNumber(t *testing.T) {
	t.Parallel()
	p, err := newPhones("FR")
	require.NoError(t, err)
	for _, s := range []string{
		"+33", "+33612", "+999612345678", "12", "no number", "+336123456789012345", strings.Repeat("1", 65), "0+33612345678", "06\x0012345678", "@",
	} {
		var c checker
		require.Empty(t, p.check(&c, s, language.Und, ""), s)
		require.Len(t, c.found, 1, s)
		require.Equal(t, "customer.phone", c.found[0].Path)
	}
	_, err = newPhones("fr")
	require.Error(t, err)
	_, err = newPhones("")
	require.Error(t, err)
}

package access_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/collector/internal/access"
)

// FuzzAddresses holds that a call is always somebody's: an IPv4 address, a /64, or unknown;
// and that nobody who is no trusted proxy says whose it is.
func FuzzAddresses(f *testing.F) {
	f.Add("10.0.0.1:80", "198.51.100.7, 10.0.0.2", "10.0.0.0/8")
	f.Add("[2001:db8::1%eth0]:80", "::ffff:10.1.2.3", "2001:db8::/32")
	f.Add("x", ",,", "nonsense")
	f.Fuzz(func(t *testing.T, connection, forwarded, proxy string) {
		none, err := access.ParseAddresses(nil)
		require.NoError(t, err)
		alone := none.Of(connection, nil)
		require.Equal(t, alone, none.Of(connection, []string{forwarded}), "nobody is trusted")
		for _, trusted := range []string{proxy, "0.0.0.0/0", "::/0"} {
			a, err := access.ParseAddresses([]string{trusted})
			if err != nil {
				continue
			}
			whose := a.Of(connection, []string{forwarded})
			if whose == "unknown" {
				require.Equal(t, "unknown", alone)
				continue
			}
			if at, err := netip.ParseAddr(whose); err == nil {
				require.True(t, at.Is4(), whose)
				continue
			}
			p, err := netip.ParsePrefix(whose)
			require.NoError(t, err, whose)
			require.Equal(t, 64, p.Bits())
			require.Equal(t, p.Masked(), p)
		}
	})
}

package access_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/collector/internal/access"
)

func TestWhoseACallIs(t *testing.T) {
	t.Parallel()
	a, err := access.ParseAddresses([]string{"10.0.0.0/8", "192.0.2.7", "2001:db8:ffff::/48"})
	require.NoError(t, err)
	for _, c := range []struct {
		name, connection string
		forwarded        []string
		want             string
	}{
		{"the connection's", "198.51.100.1:4711", nil, "198.51.100.1"},
		{"a stranger's word is nothing", "198.51.100.1:4711", []string{"203.0.113.9"}, "198.51.100.1"},
		{"a proxy's word", "10.1.2.3:4711", []string{"203.0.113.9"}, "203.0.113.9"},
		{"a single address is a proxy", "192.0.2.7:1", []string{"203.0.113.9"}, "203.0.113.9"},
		{"what a stranger wrote before it", "10.1.2.3:4711", []string{"198.51.100.66, 203.0.113.9"}, "203.0.113.9"},
		{"written so that it looks like a proxy", "10.1.2.3:4711", []string{"198.51.100.66, 10.9.9.9, 203.0.113.9, 10.4.4.4"}, "203.0.113.9"},
		{"several lines", "10.1.2.3:4711", []string{"198.51.100.66", "203.0.113.9", "10.4.4.4"}, "203.0.113.9"},
		{"all are proxies", "10.1.2.3:4711", []string{"10.4.4.4, 10.5.5.5"}, "10.4.4.4"},
		{"a proxy that says nothing", "10.1.2.3:4711", nil, "10.1.2.3"},
		{"nonsense ends it", "10.1.2.3:4711", []string{"203.0.113.9, unknown, 10.4.4.4"}, "10.4.4.4"},
		{"with a port", "10.1.2.3:4711", []string{"203.0.113.9:8080"}, "203.0.113.9"},
		{"IPv6", "[2001:db8:1:2:3:4:5:6]:4711", nil, "2001:db8:1:2::/64"},
		{"its neighbour", "[2001:db8:1:2:ffff::1]:4711", nil, "2001:db8:1:2::/64"},
		{"IPv6 with a zone", "[fe80::1%eth0]:4711", nil, "fe80::/64"},
		{"an IPv6 proxy", "[2001:db8:ffff::1]:4711", []string{`[2001:db8:1:2::9]:80`}, "2001:db8:1:2::/64"},
		{"IPv4 in IPv6", "[::ffff:10.1.2.3]:4711", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"no address", "bufconn", []string{"203.0.113.9"}, "unknown"},
	} {
		require.Equal(t, c.want, a.Of(c.connection, c.forwarded), c.name)
	}
}

func TestProxiesAreNetworks(t *testing.T) {
	t.Parallel()
	_, err := access.ParseAddresses([]string{"10.0.0.0/8", "localhost", "10.0.0.0/33", "::ffff:10.0.0.0/104"})
	require.EqualError(t, err, `"localhost", "10.0.0.0/33", "::ffff:10.0.0.0/104": must be networks as 10.0.0.0/8 or addresses`)
}

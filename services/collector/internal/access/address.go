package access

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Addresses says whose a call is by where it comes from.
type Addresses struct{ trusted []netip.Prefix }

// ParseAddresses takes the proxies whose word on X-Forwarded-For is taken: networks, as
// 10.0.0.0/8, or single addresses. The error names every wrong one.
func ParseAddresses(proxies []string) (Addresses, error) {
	var a Addresses
	var wrong []string
	for _, text := range proxies {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			var single netip.Addr
			if single, err = netip.ParseAddr(text); err == nil {
				p = netip.PrefixFrom(single, single.BitLen())
			}
		}
		if err != nil || p.Addr().Is4In6() {
			wrong = append(wrong, fmt.Sprintf("%q", text))
			continue
		}
		a.trusted = append(a.trusted, p.Masked())
	}
	if len(wrong) > 0 {
		return a, fmt.Errorf("%s: must be networks as 10.0.0.0/8 or addresses", strings.Join(wrong, ", "))
	}
	return a, nil
}

// Of is whose a call is: an IPv4 address, or the /64 of an IPv6 one, which is what one
// customer of a provider has. It is the connection's own (HOST:PORT), unless that is a
// trusted proxy's: then the last address in forwarded, the values of X-Forwarded-For,
// that is not. What stands before it anybody may have written.
func (a Addresses) Of(connection string, forwarded []string) string {
	at, ok := parseAddr(connection)
	if !ok {
		return "unknown"
	}
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !a.trusts(at) {
			break
		}
		next, ok := parseAddr(strings.TrimSpace(hop))
		if !ok {
			break
		}
		at = next
	}
	if at.Is4() {
		return at.String()
	}
	return netip.PrefixFrom(at, 64).Masked().String()
}

func (a Addresses) trusts(at netip.Addr) bool {
	return slices.ContainsFunc(a.trusted, func(p netip.Prefix) bool { return p.Contains(at) })
}

// parseAddr reads an address, with a port or without.
func parseAddr(s string) (netip.Addr, bool) {
	at, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		with, err := netip.ParseAddrPort(s)
		if err != nil {
			return at, false
		}
		at = with.Addr()
	}
	return at.Unmap().WithZone(""), true
}

package door

import "net/netip"

// Address is what a caller cannot change at will, of "ip:port" or "ip": an IPv4
// address, or the /64 of an IPv6 one. It is the zero value for what is neither.
func Address(from string) netip.Addr {
	a := parse(from)
	if !a.Is6() {
		return a
	}
	net, err := a.Prefix(64)
	if err != nil {
		return a
	}
	return net.Addr()
}

// parse takes an address out of "ip:port" or "ip".
func parse(from string) netip.Addr {
	ap, err := netip.ParseAddrPort(from)
	a := ap.Addr()
	if err != nil {
		if a, err = netip.ParseAddr(from); err != nil {
			return netip.Addr{}
		}
	}
	return a.Unmap().WithZone("")
}

// Trusted are the networks of proxies whose word about a caller's address counts.
type Trusted []netip.Prefix

// Has reports whether "ip:port" or "ip" is a trusted proxy's.
func (t Trusted) Has(from string) bool {
	a := parse(from)
	if !a.IsValid() {
		return false
	}
	for _, p := range t {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

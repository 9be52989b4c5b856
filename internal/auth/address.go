package auth

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
)

// ClientAddr returns the address of the client that sent r, unmapped (never IPv4 in IPv6) and without a zone.
//
// It is the peer's address, unless the peer is a trusted proxy: then it is the rightmost entry of X-Forwarded-For that
// is not itself a trusted proxy, because everything left of that one is the client's own claim. Where all entries are
// trusted, it is the leftmost. Entries may carry a port. It is the zero Addr, which no list of addresses allows, where
// the peer has no IP address or where the entry that counts is not one.
func ClientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	client := hostAddr(r.RemoteAddr)
	for _, line := range slices.Backward(r.Header.Values("X-Forwarded-For")) {
		for rest, more := line, true; more; {
			if !within(trusted, client) {
				return client
			}
			var entry string
			rest, entry, more = cutLast(rest)
			client = hostAddr(strings.Trim(entry, " \t"))
		}
	}
	return client
}

// cutLast cuts s at its last comma; more is false where there is none, and last is all of s.
func cutLast(s string) (rest, last string, more bool) {
	i := strings.LastIndexByte(s, ',')
	return s[:max(i, 0)], s[i+1:], i >= 0
}

// hostAddr reads an address with or without a port; it is the zero Addr for anything else.
func hostAddr(s string) netip.Addr {
	if addrPort, err := netip.ParseAddrPort(s); err == nil { // as peers' are
		return plain(addrPort.Addr())
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil {
		return netip.Addr{}
	}
	return plain(addr)
}

func plain(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }

func within(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if contains(p, addr) {
			return true
		}
	}
	return false
}

// contains is Prefix.Contains for a prefix that may be written as IPv4 in IPv6.
func contains(p netip.Prefix, addr netip.Addr) bool {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Contains(addr)
}

// allows reports whether a list of addresses and prefixes lets addr through. The empty list lets everything through;
// what is neither an address nor a prefix lets nothing through.
func allows(list []string, addr netip.Addr) bool {
	addr = plain(addr)
	for _, s := range list {
		if p, err := roster.ParsePrefix(s); err == nil && contains(p, addr) {
			return true
		}
	}
	return len(list) == 0
}

package webhook

import (
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// RefusedError says that a receiver is at an address that nothing is sent to.
type RefusedError struct{}

// Error implements [error].
func (*RefusedError) Error() string {
	return "the receiver is at an address that is not public, to which this server sends nothing " +
		"without --webhook-allow-private"
}

// The limits of a connection.
const (
	dialTimeout = 10 * time.Second
	idleTimeout = 90 * time.Second
	mostHeader  = 64 << 10
)

// NewTransport returns a transport for messages. Unless private addresses are allowed, it refuses with [RefusedError]
// to connect to any that is not public, whatever name led to it and whenever: what counts is the address of the
// connection. It goes through no proxy, whatever the environment says, because a proxy would connect to what it is
// told.
func NewTransport(allowPrivate bool) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout}
	if !allowPrivate {
		dialer.Control = refusePrivate
	}
	return &http.Transport{
		Proxy: nil, DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: dialTimeout,
		IdleConnTimeout: idleTimeout, MaxIdleConns: 2 * defaultWorkers, MaxIdleConnsPerHost: 2,
		MaxResponseHeaderBytes: mostHeader, DisableCompression: true,
	}
}

// refusePrivate is called with the address that a connection is about to be made to.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !isPublic(at.Addr()) {
		return &RefusedError{}
	}
	return nil
}

// isPublic reports whether an address is one of the internet's own: none of those that the registries of IANA have for
// other purposes (RFC 6890), and none that carries another one inside. Of IPv6 only 2000::/3 is assigned at all.
func isPublic(a netip.Addr) bool {
	if a.Is4In6() || a.Zone() != "" {
		return false
	}
	if a.Is4() {
		return !within(a, special4[:])
	}
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20}), 3).Contains(a) && !within(a, special6[:])
}

func within(a netip.Addr, prefixes []netip.Prefix) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// The prefixes with another purpose than to be reached by everybody.
//
//nolint:gochecknoglobals // constant tables
var (
	special4 = [...]netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"),
		netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"),
		netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.0.0.0/24"),
		netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"),
		netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("198.18.0.0/15"),
		netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("224.0.0.0/4"), netip.MustParsePrefix("240.0.0.0/4"),
	}
	special6 = [...]netip.Prefix{
		netip.MustParsePrefix("2001::/23"), // Teredo among them
		netip.MustParsePrefix("2001:db8::/32"),
		netip.MustParsePrefix("2002::/16"), // 6to4
		netip.MustParsePrefix("3fff::/20"),
	}
)

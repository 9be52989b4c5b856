package auth_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
)

func TestClientAddr(t *testing.T) {
	proxies := []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48"),
		netip.MustParsePrefix("::ffff:172.16.0.0/108"),
	}
	tests := []struct {
		name, peer string
		forwarded  []string
		want       string // "" for none
	}{
		{"direct", "192.0.2.7:1234", nil, "192.0.2.7"},
		{"direct over IPv6", "[2001:db8::7]:1234", nil, "2001:db8::7"},
		{"IPv4 in IPv6", "[::ffff:192.0.2.7]:1234", nil, "192.0.2.7"},
		{"a zone", "[fe80::1%eth0]:1234", nil, "fe80::1"},
		{"peer is not trusted", "192.0.2.7:1234", []string{"198.51.100.1"}, "192.0.2.7"},
		{"one proxy", "10.0.0.1:1234", []string{"198.51.100.1"}, "198.51.100.1"},
		{"proxy over IPv6", "[2001:db8:1::5]:1234", []string{"198.51.100.1"}, "198.51.100.1"},
		{"proxy by a mapped prefix", "172.17.0.2:1234", []string{"198.51.100.1"}, "198.51.100.1"},
		{"trusted proxy without the header", "10.0.0.1:1234", nil, "10.0.0.1"},
		{"client invents entries", "10.0.0.1:1234", []string{"203.0.113.9, 198.51.100.1"}, "198.51.100.1"},
		{"two proxies", "10.0.0.1:1234", []string{"203.0.113.9, 198.51.100.1 ,\t10.0.0.2"}, "198.51.100.1"},
		{"two lines", "10.0.0.1:1234", []string{"203.0.113.9", "198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"last line all trusted", "10.0.0.1:1234", []string{"198.51.100.1", "10.0.0.3, 10.0.0.2"}, "198.51.100.1"},
		{"all trusted", "10.0.0.1:1234", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"entry with a port", "10.0.0.1:1234", []string{"198.51.100.1:5555"}, "198.51.100.1"},
		{"entry with brackets", "10.0.0.1:1234", []string{"[2001:db8::9]"}, "2001:db8::9"},
		{"entry with brackets and port", "10.0.0.1:1234", []string{"[2001:db8::9]:80"}, "2001:db8::9"},
		{"not an address", "10.0.0.1:1234", []string{"198.51.100.1, unknown"}, ""},
		{"an empty entry", "10.0.0.1:1234", []string{"198.51.100.1,"}, ""},
		{"an empty header", "10.0.0.1:1234", []string{""}, ""},
		{"a socket of the system", "@", []string{"198.51.100.1"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.RemoteAddr = test.peer
			for _, line := range test.forwarded {
				r.Header.Add("X-Forwarded-For", line)
			}
			want := netip.Addr{}
			if test.want != "" {
				want = netip.MustParseAddr(test.want)
			}
			if got := auth.ClientAddr(r, proxies); got != want {
				t.Errorf("ClientAddr = %v, want %v", got, want)
			}
		})
	}
}

// TestAllowedAddresses goes through Bearer, where the lists are used.
func TestAllowedAddresses(t *testing.T) {
	secret := newSecret(t, "right")
	tests := []struct {
		allowed, from string
		want          bool
	}{
		{"192.0.2.7", "192.0.2.7", true},
		{"192.0.2.7", "::ffff:192.0.2.7", true},
		{"::ffff:192.0.2.7", "192.0.2.7", true},
		{"::ffff:192.0.2.0/120", "192.0.2.7", true},
		{"::ffff:192.0.2.0/120", "192.0.3.7", false},
		{"192.0.2.0/24", "192.0.3.7", false},
		{"2001:db8::/32", "2001:db8::1%eth0", true},
		{"2001:db8::/32", "192.0.2.7", false},
		{"::/0", "192.0.2.7", false},
		{"0.0.0.0/0", "2001:db8::1", false},
	}
	for _, test := range tests {
		dir := &tokens{token: newToken(secret)}
		dir.token.AllowedIPs = []string{test.allowed}
		a := &auth.Authenticator{Tokens: dir, Now: func() roster.Time { return noon }}
		_, err := a.Bearer(t.Context(), secret, "fipto", netip.MustParseAddr(test.from))
		if got := err == nil; got != test.want {
			t.Errorf("%s allows %s = %t (%v), want %t", test.allowed, test.from, got, err, test.want)
		}
	}
}

// FuzzForwardedFor checks that nothing left of the entry that a trusted proxy added has any effect.
func FuzzForwardedFor(f *testing.F) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, s := range []string{"", ",", "10.0.0.1", "[::1]:80, 1.2.3.4", "unknown", "10.0.0.1,,10.0.0.2", "::ffff:10.0.0.1%1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, claim string) {
		r := &http.Request{RemoteAddr: "10.0.0.1:1234", Header: http.Header{}}
		r.Header.Set("X-Forwarded-For", claim+",198.51.100.1, 10.0.0.2")
		if got, want := auth.ClientAddr(r, proxies), netip.MustParseAddr("198.51.100.1"); got != want {
			t.Errorf("after %q ClientAddr = %v, want %v", claim, got, want)
		}
		r.Header.Set("X-Forwarded-For", claim)
		if got := auth.ClientAddr(r, proxies); got.Is4In6() || got.Zone() != "" {
			t.Errorf("for %q ClientAddr = %v, want it plain", claim, got)
		}
		r.RemoteAddr = "192.0.2.7:1234"
		if got, want := auth.ClientAddr(r, proxies), netip.MustParseAddr("192.0.2.7"); got != want {
			t.Errorf("for %q from an untrusted peer ClientAddr = %v, want %v", claim, got, want)
		}
	})
}

package webhook

import (
	"net/netip"
	"testing"
)

func TestIsPublic(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "100.63.255.255": true, "100.128.0.1": true, "172.15.0.1": true,
		"172.32.0.1": true, "192.169.0.1": true, "2606:4700:4700::1111": true, "2a00:1450::1": true,
		"0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "100.64.0.1": false, "100.127.255.255": false,
		"127.0.0.1": false, "127.255.255.255": false, "169.254.169.254": false, "172.16.0.1": false,
		"172.31.255.255": false, "192.0.0.8": false, "192.0.2.1": false, "192.88.99.1": false, "192.168.1.1": false,
		"198.18.0.1": false, "198.51.100.1": false, "203.0.113.1": false, "224.0.0.1": false, "239.1.1.1": false,
		"240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::ffff:8.8.8.8": false, "::ffff:127.0.0.1": false, "::7f00:1": false,
		"64:ff9b::7f00:1": false, "64:ff9b::808:808": false, "64:ff9b:1::1": false, "100::1": false, "fc00::1": false,
		"fd12:3456::1": false, "fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "ff02::1": false,
		"2001::1": false, "2001:db8::1": false, "2002:7f00:1::": false, "3fff::1": false, "4000::1": false,
	} {
		if got := isPublic(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: got %t, want %t", text, got, want)
		}
	}
}

// What is no address is refused as well.
func TestRefusePrivate(t *testing.T) {
	t.Parallel()
	for address, refused := range map[string]bool{
		"8.8.8.8:443": false, "[2606:4700:4700::1111]:443": false,
		"127.0.0.1:80": true, "[::1]:80": true, "[fe80::1%eth0]:80": true, "localhost:80": true, "": true, "/run/socket": true,
	} {
		if err := refusePrivate("tcp", address, nil); (err != nil) != refused {
			t.Errorf("%q: got %v, want refused: %t", address, err, refused)
		}
	}
}

// No proxy of the environment is asked: it would connect to what this process must not.
func TestNoProxy(t *testing.T) {
	t.Parallel()
	for _, allow := range []bool{false, true} {
		if NewTransport(allow).Proxy != nil {
			t.Error("a transport has a proxy")
		}
	}
}

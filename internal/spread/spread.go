// Package spread says in the memory of which process an organization is to be, of several that share a store. Each of
// them finds that out by itself, by rendezvous hashing: of all processes that are there, the one whose hash with the
// organization is the highest. Where a process joins or leaves, no organization moves but those that it gets or had.
//
// It must not know stores or HTTP: who is there it is told, and who sends requests on asks for the [Node].
package spread

import (
	"crypto/sha256"
	"encoding/binary"
	"net/url"
	"strings"

	"github.com/roster-dev/roster"
)

// ParseURL reads the URL at which a process is reached by others: http or https, a host with or without a port, and
// nothing else. It fails with [roster.Invalid].
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, roster.Errorf(roster.Invalid, "must be a URL like http://10.0.0.2:8080, not %q", text)
	}
	at := &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}
	if !strings.EqualFold(strings.TrimSuffix(text, "/"), at.String()) {
		return nil, roster.Errorf(roster.Invalid, "must be a scheme and a host with nothing after it, like %s, not %q",
			at, text)
	}
	return at, nil
}

// seedOf returns what stands for a process in [rank]. It follows from where the process is reached, so that one that
// was started again has the organizations that it had.
func seedOf(u *url.URL) uint64 {
	sum := sha256.Sum256([]byte(u.String()))
	return binary.BigEndian.Uint64(sum[:])
}

// rank says how well a process suits an organization, compared with others. All processes must agree on it: it never
// changes.
func rank(seed uint64, org roster.ID) uint64 {
	high, low := binary.BigEndian.Uint64(org[:8]), binary.BigEndian.Uint64(org[8:])
	return mix(mix(seed^high) ^ low)
}

// mix has each bit of a number depend on all of them: it is the last step of MurmurHash3.
func mix(n uint64) uint64 {
	n = (n ^ n>>33) * 0xff51afd7ed558ccd
	n = (n ^ n>>33) * 0xc4ceb9fe1a85ec53
	return n ^ n>>33
}

// best returns the node that suits an organization best. There must be one.
func best(nodes []*Node, org roster.ID) *Node {
	first, most := nodes[0], rank(nodes[0].seed, org)
	for _, n := range nodes[1:] {
		if r := rank(n.seed, org); r > most {
			first, most = n, r
		}
	}
	return first
}

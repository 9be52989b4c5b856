package spread

import (
	"encoding/binary"
	"fmt"
	"net/url"
	"testing"

	"github.com/roster-dev/roster"
)

// orgID returns an id as they are made: nearly all of it is the same for those that are made one after the other.
func orgID(n int) roster.ID {
	id := roster.MustParseID("0190a000-0000-7000-8000-000000000000")
	binary.BigEndian.PutUint32(id[12:], uint32(n))
	return id
}

func nodesOf(t *testing.T, n int) []*Node {
	t.Helper()
	nodes := make([]*Node, n)
	for i := range nodes {
		u, err := ParseURL(fmt.Sprintf("http://10.0.0.%d:8080", i+1))
		if err != nil {
			t.Fatal(err)
		}
		nodes[i] = newNode(u)
	}
	return nodes
}

// TestBalance has each of several processes get its part of many organizations, give or take what chance would.
func TestBalance(t *testing.T) {
	t.Parallel()
	const orgs = 30_000
	for _, n := range []int{2, 3, 5, 16} {
		nodes, got := nodesOf(t, n), map[*Node]int{}
		for i := range orgs {
			got[best(nodes, orgID(i))]++
		}
		for _, node := range nodes {
			if part := float64(got[node]) * float64(n) / orgs; part < 0.9 || part > 1.1 {
				t.Errorf("%d processes: %s has %.3f of its part", n, node.URL(), part)
			}
		}
	}
}

// TestMovement has one of several processes leave and come back: nothing moves between the others.
func TestMovement(t *testing.T) {
	t.Parallel()
	const orgs, n = 10_000, 5
	nodes := nodesOf(t, n)
	for i := range orgs {
		all, left := best(nodes, orgID(i)), best(nodes[1:], orgID(i))
		if all != nodes[0] && left != all {
			t.Fatalf("organization %d moves from %s to %s, both of which stay", i, all.URL(), left.URL())
		}
	}
}

// TestAgreement holds all releases to the same owners: two that run at the same time must agree.
func TestAgreement(t *testing.T) {
	t.Parallel()
	nodes := nodesOf(t, 7)
	got := ""
	for i := range 24 {
		got += best(nodes, orgID(i)).URL().Hostname()[len("10.0.0."):]
	}
	if want := "531763226262176143664461"; got != want {
		t.Errorf("the owners are %s, not %s", got, want)
	}
}

func TestParseURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"http://10.0.0.2:8080": "http://10.0.0.2:8080", "https://Roster-1.example/": "https://roster-1.example",
		"http://[fd00::1]:80": "http://[fd00::1]:80",
	} {
		if got, err := ParseURL(text); err != nil || got.String() != want {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "10.0.0.2:8080", "http://", "http://:8080", "ftp://host", "http://host/path", "http://me@host", "http://host?q",
		"http://host#f", "http://a b", "unix:/tmp/socket",
	} {
		if got, err := ParseURL(text); roster.CodeOf(err) != roster.Invalid {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, roster.Invalid)
		}
	}
}

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := ParseURL(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

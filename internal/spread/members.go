package spread

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/roster-dev/roster"
)

// mostQuiet is for how long nothing may be heard of a process that says every two seconds that it is there, before it
// counts as lost.
const mostQuiet = 8 * time.Second

// A store that takes no writes, as while another server takes the place of its leader, has all processes fall silent at
// once: nobody was heard of for so long. Nobody is lost then, and not until so many looks after: all can say by then
// that they are there.
const (
	allQuiet   = mostQuiet / 2
	heardLooks = 4
)

// Member is a process as the store knows it.
type Member struct {
	// URL is where it is reached; "" for one that takes no part.
	URL string
	// Quiet is for how long nothing was heard of it.
	Quiet time.Duration
}

// Node is a process that organizations are spread over. It is safe for concurrent use.
type Node struct {
	url  *url.URL
	seed uint64
	here context.Context //nolint:containedctx // ends when the process is lost: that is what the node is asked for
	lose context.CancelFunc
}

func newNode(u *url.URL) *Node {
	n := &Node{url: u, seed: seedOf(u)}
	n.here, n.lose = context.WithCancel(context.Background())
	return n
}

// URL returns where the process is reached. It must not be modified.
func (n *Node) URL() *url.URL { return n.url }

// WhenLost calls fn in a goroutine of its own once nothing was heard of the process for too long, unless stop is called
// first: then it returns true. A process that leaves in order is not lost: it still answers what it was asked.
func (n *Node) WhenLost(fn func()) (stop func() bool) { return context.AfterFunc(n.here, fn) }

// Members are the processes that organizations are spread over, as far as this one knows: all that have been heard of
// lately, and itself. It is safe for concurrent use.
type Members struct {
	self *Node
	list func(context.Context) ([]Member, error)

	refreshing sync.Mutex
	heard      int                     // looks since the store takes what processes say; guarded by refreshing
	nodes      atomic.Pointer[[]*Node] // by URL; never empty, and never changed
}

// New returns the members of which this process, reached at self, is the only one until [Members.Refresh]. The function
// lists all processes.
func New(self *url.URL, list func(context.Context) ([]Member, error)) *Members {
	m := &Members{self: newNode(self), list: list}
	m.nodes.Store(&[]*Node{m.self})
	return m
}

// Refresh looks who is there, and reports whether others are than before. It is to be called about every second. Where
// it fails nothing changes.
func (m *Members) Refresh(ctx context.Context) (changed bool, err error) {
	m.refreshing.Lock()
	defer m.refreshing.Unlock()
	members, err := m.list(ctx)
	if err != nil {
		m.heard = 0
		return false, fmt.Errorf("look which processes there are: %w", err)
	}
	quiet := m.quiet(members)
	next := map[string]*Node{m.self.url.String(): m.self}
	before := *m.nodes.Load()
	for _, n := range before {
		switch silent, there := quiet[n.url.String()]; {
		case n == m.self || there && (silent <= mostQuiet || m.heard < heardLooks):
			next[n.url.String()] = n
		case there:
			n.lose()
		}
	}
	for text, silent := range quiet {
		if next[text] != nil || silent > mostQuiet {
			continue
		}
		if u, err := ParseURL(text); err == nil {
			next[text] = newNode(u)
		}
	}
	nodes := slices.SortedFunc(maps.Values(next), func(a, b *Node) int {
		return strings.Compare(a.url.String(), b.url.String())
	})
	m.nodes.Store(&nodes)
	return !slices.Equal(before, nodes), nil
}

// quiet returns for how long nothing was heard of processes, by URL: one that was killed and started again is there
// twice. What they all were silent for together counts for none of them.
func (m *Members) quiet(members []Member) map[string]time.Duration {
	quiet := map[string]time.Duration{}
	least := allQuiet
	for i, one := range members {
		if known, twice := quiet[one.URL]; !twice || one.Quiet < known {
			quiet[one.URL] = one.Quiet
		}
		if i == 0 || one.Quiet < least {
			least = one.Quiet
		}
	}
	if m.heard++; least < allQuiet {
		return quiet
	}
	m.heard = 0
	for text := range quiet {
		quiet[text] -= least
	}
	return quiet
}

// Owner returns the process in whose memory an organization is to be, nil where that is this one.
func (m *Members) Owner(org roster.ID) *Node {
	if n := best(*m.nodes.Load(), org); n != m.self {
		return n
	}
	return nil
}

// Owns reports whether an organization is to be in the memory of this process. That of the instance itself is in every
// one's.
func (m *Members) Owns(org roster.ID) bool { return org == roster.InstanceID() || m.Owner(org) == nil }

// Count returns how many processes there are.
func (m *Members) Count() int { return len(*m.nodes.Load()) }

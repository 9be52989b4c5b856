package inspect

import (
	"cmp"
	"net"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/roster-dev/roster"
)

// state is what clients have done, as far as rules ask.
type state struct {
	counts  counts
	found   found
	clients map[string]*client // by what their credential is
	order   []*client          // in which they came
}

func newState() *state { return &state{counts: counts{}, clients: map[string]*client{}} }

// client is who shows one credential to one dialect.
type client struct {
	name     string
	accepted bool // the credential has counted
	// limited is when it was last told to wait, and until for how long. Both are zero where it never was.
	limited, until time.Time
	failures       recent[*failure] // by the request
	refusals       recent[*refusal] // likewise
	walks          recent[*walk]    // by what they have in common
	firsts         recent[*first]   // by operation
}

// mostClients is how many clients are told apart; those that come later are one.
const mostClients = 100

func (s *state) count(x *exchange) { s.counts.add(x) }

// judge finds what is wrong with an exchange, given those before it.
func (s *state) judge(x *exchange) {
	x.client = s.client(x)
	j := &judge{exchange: x, state: s}
	j.path()
	j.shown()
	j.parameters()
	j.headers()
	j.pace()
	j.pages()
	j.rest()
}

// client returns who asks.
func (s *state) client(x *exchange) *client {
	id, name := identity(x)
	id = x.api.Dialect.Name + " " + id
	if c := s.clients[id]; c != nil {
		return c
	}
	if len(s.order) >= mostClients {
		id, name = "", "any other client"
		if c := s.clients[id]; c != nil {
			return c
		}
	}
	c := &client{name: name}
	s.clients[id] = c
	s.order = append(s.order, c)
	return c
}

// identity returns what tells a client from others, and what it is called.
func identity(x *exchange) (id, name string) {
	switch {
	case x.credential.Signed:
		key := "?"
		for _, value := range append(x.header.Values("Signature"), x.header.Values("Authorization")...) {
			if found := keyID().FindStringSubmatch(value); found != nil {
				key = found[1]
			}
		}
		return "key " + key, "signature of " + newMask(x).text(key)
	case x.credential.Secret == "":
		host, _, err := net.SplitHostPort(x.from)
		if err != nil {
			host = x.from
		}
		return "from " + host, "no credential"
	case x.token != nil:
		return "token " + x.token.ID.String(), cmp.Or(x.token.Name, x.token.ID.String())
	default:
		return "secret " + roster.HashSecret(x.credential.Secret), "unknown token"
	}
}

// keyID finds the id of the key of a signature.
var keyID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`keyId="([^"]*)"`) })

// findings returns what was found and what is open at present.
func (s *state) findings() []Finding {
	var open found
	for _, c := range s.order {
		for _, f := range c.failures.all() {
			f.open(&open)
		}
		for _, w := range c.walks.all() {
			w.settle(&open)
		}
		for _, f := range c.firsts.all() {
			f.open(&open)
		}
	}
	all := found{byPlace: map[place]*Finding{}}
	for at, f := range s.found.byPlace {
		copied := *f
		all.byPlace[at] = &copied
	}
	for at, f := range open.byPlace {
		if known := all.byPlace[at]; known != nil {
			known.Count += f.Count
			known.Requests = slices.Concat(known.Requests, f.Requests)
			known.Requests = known.Requests[:min(len(known.Requests), mostRequests)]
			continue
		}
		f.Open = true
		all.byPlace[at] = f
	}
	return all.sorted()
}

// recent keeps what was used last, by keys. The zero recent has nothing.
type recent[T any] struct {
	byKey map[string]T
	keys  []string // the one that was used last is the last
}

// mostRecent is how much one of them keeps.
const mostRecent = 100

func (r *recent[T]) get(key string) (T, bool) {
	v, ok := r.byKey[key]
	return v, ok
}

// put keeps a value, and returns the one that has to go for it, if one has.
func (r *recent[T]) put(key string, v T) (dropped T, drops bool) {
	if r.byKey == nil {
		r.byKey = map[string]T{}
	}
	r.forget(key)
	r.byKey[key] = v
	r.keys = append(r.keys, key)
	if len(r.keys) <= mostRecent {
		return dropped, false
	}
	dropped = r.byKey[r.keys[0]]
	r.forget(r.keys[0])
	return dropped, true
}

func (r *recent[T]) forget(key string) {
	if at := slices.Index(r.keys, key); at >= 0 {
		r.keys = slices.Delete(r.keys, at, at+1)
		delete(r.byKey, key)
	}
}

// all returns the values, the one that was used last at the end.
func (r *recent[T]) all() []T {
	list := make([]T, 0, len(r.keys))
	for _, key := range r.keys {
		list = append(list, r.byKey[key])
	}
	return list
}

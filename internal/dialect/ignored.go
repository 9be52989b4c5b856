package dialect

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
)

// Ignored is something in the query of a request that is answered as if it were not there, or were another.
type Ignored struct {
	// Name is that of the parameter, as the client wrote it.
	Name string
	Why  IgnoredWhy
	// Param is the parameter, nil for a name that is that of none.
	Param *Param
	// Near is the name that the client may have meant, or "".
	Near string
	// Counts is, for a Clipped value, the one that counts.
	Counts int64
}

// IgnoredWhy is why something is ignored.
type IgnoredWhy int

// The reasons.
const (
	NoParam  IgnoredWhy = iota // the endpoint has no such parameter
	NoFlag                     // the parameter works only with others, of which none is set
	NoValue                    // it has no value, which is the same as none
	Clipped                    // it is larger than what counts
	NoEffect                   // the endpoint accepts it and never looks at it
)

// Ignored returns what is ignored of the query of a request that is decoded, even if it was refused then, by name.
func (r *Request) Ignored() []Ignored {
	var list []Ignored
	for _, name := range slices.Sorted(maps.Keys(r.Query)) {
		if i, ignored := r.ignored(name); ignored {
			list = append(list, i)
		}
	}
	return list
}

func (r *Request) ignored(name string) (Ignored, bool) {
	p := r.Endpoint.named(name)
	i := Ignored{Name: name, Param: p}
	switch {
	case p == nil:
		i.Near = roster.Closest(name, r.Endpoint.queryNames())
		return i, true
	case p.Ignored:
		i.Why = NoEffect
		return i, true
	case !r.counts(p):
		i.Why = NoFlag
		return i, true
	case len(withoutBlanks(r.Query[name])) == 0:
		i.Why = NoValue
		return i, true
	}
	return r.clipped(i)
}

// clipped reports whether another number counts than was given.
func (r *Request) clipped(i Ignored) (Ignored, bool) {
	if p := i.Param; p.Type != Integer || !p.Clip || p.Max == nil {
		return i, false
	}
	n, given := r.Int(i.Param.Name), r.Query.Get(i.Name)
	i.Why, i.Counts = Clipped, n
	return i, n == *i.Param.Max && strings.TrimLeft(given, "+0") != strconv.FormatInt(n, 10)
}

// Counts reports whether the flags that a parameter works only with let it count.
func (r *Request) Counts(name string) bool {
	i := slices.IndexFunc(r.Endpoint.Params, func(p Param) bool { return p.Name == name })
	return i >= 0 && r.counts(&r.Endpoint.Params[i])
}

// named returns the parameter of the query that a client means by a name, or nil.
func (e *Endpoint) named(name string) *Param {
	for i := range e.Params {
		p := &e.Params[i]
		bare := name
		if p.IsList() {
			bare = strings.TrimSuffix(name, "[]")
		}
		if p.In == Query && slices.Contains(p.names(), bare) {
			return p
		}
	}
	return nil
}

// queryNames returns the names of the parameters of the query, without aliases.
func (e *Endpoint) queryNames() []string {
	var names []string
	for i := range e.Params {
		if e.Params[i].In == Query {
			names = append(names, e.Params[i].Name)
		}
	}
	return names
}

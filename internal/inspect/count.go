package inspect

import (
	"cmp"
	"maps"
	"slices"
)

// Count is how many requests of a kind there were.
type Count struct {
	Dialect string `json:"dialect"`
	Method  string `json:"method"`
	// Path is that of the dialect's table, with {name} for path parameters, or that of the request where no operation
	// has it: of those, one by one, there are at most a hundred.
	Path string `json:"path"`
	// Status is 0 where the connection was ended without an answer.
	Status   int `json:"status"`
	Requests int `json:"requests"`
}

// counts counts requests by what they are, Requests left out.
type counts map[Count]int

// unknownPaths is how many paths that there are not are told apart.
const unknownPaths = 100

func (c counts) add(x *exchange) {
	kind := Count{Dialect: x.api.Dialect.Name, Method: x.method, Path: x.operation(), Status: x.status}
	if _, counted := c[kind]; !counted && x.endpoint == nil && len(c) >= unknownPaths {
		kind.Path = "(others)"
	}
	c[kind]++
}

// list returns the counts in the order of dialects, then of paths, methods and statuses.
func (c counts) list(dialects []string) []Count {
	var list []Count
	for kind, n := range maps.All(c) {
		kind.Requests = n
		list = append(list, kind)
	}
	slices.SortFunc(list, func(a, b Count) int {
		return cmp.Or(
			cmp.Compare(slices.Index(dialects, a.Dialect), slices.Index(dialects, b.Dialect)),
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Status, b.Status))
	})
	return list
}

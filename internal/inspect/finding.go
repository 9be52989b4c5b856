package inspect

import (
	"cmp"
	"slices"
)

// Finding is a rule that a client breaks at one place, once or several times.
type Finding struct {
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	Dialect  string   `json:"dialect"`
	// Operation is the method and the path in the dialect's table, or of the request where there is none.
	Operation string `json:"operation"`
	// Client says whose credential it is.
	Client string `json:"client"`
	// Where is what is at fault, such as a parameter or a header; "" for the whole request.
	Where string `json:"where,omitempty"`
	// What says what the client did, Source what it should have kept to, and Fix what to do about it.
	What   string `json:"what"`
	Source string `json:"source"`
	Fix    string `json:"fix"`
	// Count is how many times it was found, and Requests the numbers of requests where it was, of the first ones.
	Count    int     `json:"count"`
	Requests []int64 `json:"requests"`
	// Open is true for what the client can still make good by another request.
	Open bool `json:"open,omitempty"`
}

const (
	mostRequests = 20   // numbers in a finding
	mostFindings = 1000 // that are kept
)

// place is what findings are told apart by.
type place struct{ rule, dialect, operation, client, where string }

// found keeps findings. The zero found has none.
type found struct{ byPlace map[place]*Finding }

// add notes a finding, at the requests with numbers.
func (f *found) add(one Finding, numbers ...int64) {
	if f.byPlace == nil {
		f.byPlace = map[place]*Finding{}
	}
	at := place{one.Rule, one.Dialect, one.Operation, one.Client, one.Where}
	known := f.byPlace[at]
	if known == nil {
		if len(f.byPlace) >= mostFindings {
			return
		}
		known = &one
		f.byPlace[at] = known
	}
	known.Count++
	room := max(0, mostRequests-len(known.Requests))
	known.Requests = append(known.Requests, numbers[:min(room, len(numbers))]...)
}

// sorted returns the findings, the worst first.
func (f *found) sorted() []Finding {
	list := make([]Finding, 0, len(f.byPlace))
	for _, one := range f.byPlace {
		copied := *one
		copied.Requests = slices.Compact(slices.Sorted(slices.Values(one.Requests)))
		list = append(list, copied)
	}
	slices.SortFunc(list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Severity.rank(), b.Severity.rank()), slices.Compare(a.Requests, b.Requests),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Where, b.Where))
	})
	return list
}

package index

import (
	"fmt"
	"sync/atomic"

	"github.com/roster-dev/roster"
)

// Record is a record as it is at some version; Entity is nil where there is none with the key then.
type Record struct {
	Key    roster.Key
	Entity roster.Entity
}

// Derive returns the view of the organization at another version, earlier or later, given each record that is not at
// both versions the same, once; others may be among them. v stays as it is and valid; both share what is the same.
//
// Unlike Apply it may be called by any number of goroutines at once, while changes are applied: the view that it
// returns is not one of those that follow each other, and what queries derive from those and keep beside them, as users
// in the forms in which they were asked for, is kept for it apart.
func (v *View) Derive(version roster.Version, records []Record) (*View, error) {
	next := *v
	e := &editor{View: &next, base: v, edit: &edit{}, encoder: newEncoder(), known: map[roster.ID]place{}}
	for _, r := range records {
		if err := e.become(r); err != nil {
			return nil, fmt.Errorf("derive version %d from %d: %w", version, v.version, err)
		}
	}
	e.finish()
	next.setVersion(version)
	next.madeAt = 0
	next.part(len(e.touched) > 0)
	next.index()
	return &next, nil
}

// become makes a record what it is at the other version.
func (e *editor) become(r Record) error {
	if r.Key.Type != roster.TypeUser {
		e.set(r.Key, r.Entity)
		return nil
	}
	op := roster.Op{After: r.Entity}
	if _, exists := e.find(r.Key.ID); exists {
		op.Before = &roster.User{ID: r.Key.ID}
	}
	if op.Before == nil && op.After == nil {
		return nil
	}
	return e.applyUser(op)
}

// part takes the view out of the line of those that follow each other. What is derived from orders tells by the log of
// changes what it still holds for, and would take the users of one line for those of another.
func (v *View) part(usersDiffer bool) {
	v.extended, v.context = &atomic.Bool{}, v.version
	if v.lineage != nil {
		v.lineage = newLineage()
	}
	if v.orders == nil || !usersDiffer {
		return
	}
	v.lanes, v.log = &lanes{}, nil
	orders := make([]*order, len(v.orders))
	for i, o := range v.orders {
		orders[i] = &order{field: o.field, src: o.src, chunks: o.chunks} // which were made ready to be changed
	}
	v.orders = orders
}

package ingest_test

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/ingest"
)

// org is an organization in memory that carries out commands as the service does.
type org struct {
	state *roster.Pending
	env   roster.Env
	// changes counts the calls of apply that changed anything.
	changes int
}

type nothing struct{}

func (nothing) Version() roster.Version                              { return 0 }
func (nothing) Get(roster.Type, roster.ID) (roster.Entity, error)    { return nil, nil }
func (nothing) Find(roster.Type, roster.Keys) (roster.Entity, error) { return nil, nil }
func (nothing) Each(roster.Type, func(roster.Entity) error) error    { return nil }

func newOrg(tb testing.TB) *org {
	tb.Helper()
	made := uint64(0)
	o := &org{state: roster.NewPending(nothing{}), env: roster.Env{
		Org: roster.ID{15: 1}, By: roster.Operator(), Now: 1793491200000,
		NewID: func() (roster.ID, error) {
			made++
			id := roster.ID{0: 0xfe}
			binary.BigEndian.PutUint64(id[8:], made)
			return id, nil
		},
	}}
	o.do(tb, roster.Create{Record: &roster.Organization{Number: 1, Slug: "acme", Name: "Acme"}})
	return o
}

func (o *org) do(tb testing.TB, c roster.Command) {
	tb.Helper()
	ops, err := roster.Decide(o.state, o.env, c)
	if err != nil {
		tb.Fatalf("%T: %v", c, err)
	}
	o.state.Add(ops...)
}

func (o *org) apply(_ context.Context, commands []roster.Import) ([]ingest.Result, error) {
	var results []ingest.Result
	changed := false
	for _, c := range commands {
		ops, err := roster.Decide(o.state, o.env, c)
		o.state.Add(ops...)
		changed = changed || len(ops) > 0
		results = append(results, ingest.Result{Effect: ingest.EffectOf(c, ops), Err: err})
	}
	if changed {
		o.changes++
	}
	return results, nil
}

func all[E roster.Entity](o *org, t roster.Type) []E {
	var list []E
	_ = o.state.Each(t, func(e roster.Entity) error {
		list = append(list, e.(E))
		return nil
	})
	slices.SortFunc(list, func(a, b E) int { return cmp.Compare(a.Keys().Number, b.Keys().Number) })
	return list
}

func (o *org) Roles() []*roster.Role   { return all[*roster.Role](o, roster.TypeRole) }
func (o *org) Groups() []*roster.Group { return all[*roster.Group](o, roster.TypeGroup) }
func (o *org) Spaces() []*roster.Space { return all[*roster.Space](o, roster.TypeSpace) }

// Users shows permissions as a view does, which an export must leave out.
func (o *org) Users(q roster.Query) (roster.Page, error) {
	users := all[*roster.User](o, roster.TypeUser)
	page, total := q.Scan(slices.Values(users))
	return roster.Page{Total: total, Users: func(yield func(*roster.User) bool) {
		for _, u := range page {
			c := *u
			c.Permissions = c.OwnPermissions | 1<<40
			if !yield(&c) {
				return
			}
		}
	}}, nil
}

package emulate

import (
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/memory"
)

// fill makes the organization and its tokens, as which everything starts.
func (i *Instance) fill(ctx context.Context, g *demo.Generator) (*keyring, error) {
	o := &i.options
	keys, err := newKeyring(*o)
	if err != nil {
		return nil, err
	}
	i.start = &past{records: memory.New(), plan: o.Faults}
	entities := i.entities(g, keys)
	if o.Sparse {
		entities = dialect.Map(entities, sparse)
	}
	err = Fill(ctx, i.start.records, o.Random, entities)
	if err != nil {
		return nil, err
	}
	d := directory.New(i.start.records, directory.Options{Now: o.time, NewID: o.NewID, FormBytes: cacheBytes})
	defer d.Close()
	i.start.view, err = d.View(ctx, demo.Organization().ID)
	return keys, err
}

// entities yields the organization, the tokens and the rest. Where somebody has to sign, there is who does, however few
// users are asked for.
func (i *Instance) entities(g *demo.Generator, keys *keyring) iter.Seq[roster.Entity] {
	return func(yield func(roster.Entity) bool) {
		missing := i.missingClient(g)
		for e := range g.Entities() {
			org, first := e.(*roster.Organization)
			if first {
				org.Contracts = map[string]roster.Contract{}
				for _, name := range i.options.Dialects {
					org.Contracts[name] = i.options.Contract
				}
				if missing != nil {
					missing.Number, org.Next.User = org.Next.User, org.Next.User+1
				}
			}
			if !yield(e) || first && !keys.each(yield) {
				return
			}
		}
		if missing != nil {
			yield(missing)
		}
	}
}

// sparse returns of a user what the vendors' pages require of one, and nothing else; other records stay as they are.
func sparse(e roster.Entity) roster.Entity {
	u, ok := e.(*roster.User)
	if !ok {
		return e
	}
	return &roster.User{
		ID: u.ID, Number: u.Number, Identifier: u.Identifier, Email: u.Email, Name: u.Name, FirstName: u.FirstName,
		LastName: u.LastName, Kind: u.Kind, Status: u.Status, UserType: u.UserType, Owner: u.Owner,
		TenantAdmin: u.TenantAdmin, OwnPermissions: u.OwnPermissions, AppsAccess: u.AppsAccess,
		TakesLicence: u.TakesLicence, Activated: u.Activated, External: u.External, Locked: u.Locked,
		TemporarilyInactive: u.TemporarilyInactive, TwoFactor: u.TwoFactor, PublicKey: u.PublicKey,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
}

// missingClient returns the API client that has to be there besides the users; nil for none.
func (i *Instance) missingClient(g *demo.Generator) *roster.User {
	if !i.signs() {
		return nil
	}
	if c := g.SigningClient(); int64(i.options.Users) < c.Number {
		return c
	}
	return nil
}

// Fill puts the demo organization and what belongs to it into a store that does not have it, in several changes. random
// is what the audit is salted with.
func Fill(ctx context.Context, into store.Store, random io.Reader, entities iter.Seq[roster.Entity]) error {
	const batch = 10_000
	org := demo.Organization().ID
	var ops []roster.Op
	commit := func() error {
		entry := roster.Operator().NewEntry()
		entry.Reason, entry.To = "made for the demo", len(ops)
		if _, err := io.ReadFull(random, entry.Salt[:]); err != nil {
			return fmt.Errorf("make the salt of an audit entry: %w", err)
		}
		_, err := into.Update(ctx, org, func(roster.State) (roster.Change, error) {
			return roster.Change{At: demo.Epoch(), Ops: ops, Entries: []roster.Entry{entry}}, nil
		})
		ops = nil
		return err
	}
	for e := range entities {
		if ops = append(ops, roster.Op{After: e}); len(ops) < batch {
			continue
		}
		if err := commit(); err != nil {
			return fmt.Errorf("make the demo organization: %w", err)
		}
	}
	if len(ops) > 0 {
		if err := commit(); err != nil {
			return fmt.Errorf("make the demo organization: %w", err)
		}
	}
	return nil
}

package server

import (
	"context"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// told is a [dialect.Writer] that does nothing, and says of the one write of a request what it is told.
type told struct {
	change   roster.Change
	outcomes []roster.Outcome
	before   dialect.View
}

// Do implements [dialect.Writer].
func (t told) Do(context.Context, ...roster.Command) (roster.Change, error) { return t.change, nil }

// DoAll implements [dialect.Writer].
func (t told) DoAll(context.Context, []roster.Command) ([]roster.Outcome, error) {
	return t.outcomes, nil
}

// DoEach implements [dialect.Writer].
func (t told) DoEach(context.Context, []roster.Command) ([]roster.Outcome, error) {
	return t.outcomes, nil
}

// DryRun implements [dialect.Writer].
func (t told) DryRun(context.Context, []roster.Command) ([]roster.Outcome, error) {
	return t.outcomes, nil
}

// TokenUses implements [dialect.Writer]: what was just written was not used.
func (t told) TokenUses(context.Context) (map[roster.ID]roster.Time, error) {
	return map[roster.ID]roster.Time{}, nil
}

// View implements [dialect.Writer].
func (t told) View(context.Context) (dialect.View, error) { return changed{t.before, t.change}, nil }

// changed is a view with a change on top, as far as it shows single records and lists of other records than users.
type changed struct {
	dialect.View
	change roster.Change
}

// Version implements [dialect.View].
func (v changed) Version() roster.Version { return v.change.Version }

// Org implements [dialect.View].
func (v changed) Org() *roster.Organization {
	org := v.View.Org()
	if after := overlay([]*roster.Organization{org}, v.change.Ops); len(after) > 0 {
		org = after[0]
	}
	c := *org
	c.Version = v.change.Version
	return &c
}

// User implements [dialect.View].
func (v changed) User(ref roster.Ref) (*roster.User, error) {
	for _, op := range v.change.Ops {
		if u, ok := op.After.(*roster.User); ok && named(u, ref) {
			return v.complete(u), nil
		}
	}
	u, err := v.View.User(ref)
	if err != nil {
		return nil, err
	}
	after := overlay([]*roster.User{u}, v.change.Ops)
	if len(after) == 0 || !named(after[0], ref) {
		return nil, roster.Errorf(roster.NotFound, "no user %s", ref)
	}
	return v.complete(after[0]), nil
}

// complete returns a copy of a user with what is computed.
func (v changed) complete(u *roster.User) *roster.User {
	c := *u
	c.Permissions = c.OwnPermissions
	for _, number := range c.Groups {
		if g := v.Group(number); g != nil {
			c.Permissions |= g.Permissions
		}
	}
	return &c
}

func named(u *roster.User, ref roster.Ref) bool {
	k := u.Keys()
	return !ref.ID.IsZero() && u.ID == ref.ID || ref.Number != 0 && k.Number == ref.Number ||
		ref.Email != "" && k.Email == roster.Fold(ref.Email) ||
		ref.Identifier != "" && k.Identifier == roster.Fold(ref.Identifier)
}

// Group implements [dialect.View].
func (v changed) Group(number int64) *roster.Group {
	return first(v.Groups(), func(g *roster.Group) bool { return g.Number == number })
}

// Space implements [dialect.View].
func (v changed) Space(number int64) *roster.Space {
	return first(v.Spaces(), func(s *roster.Space) bool { return s.Number == number })
}

// Role implements [dialect.View].
func (v changed) Role(handle string) *roster.Role {
	return first(v.Roles(), func(r *roster.Role) bool { return r.Handle == handle })
}

// Roles implements [dialect.View].
func (v changed) Roles() []*roster.Role { return overlay(v.View.Roles(), v.change.Ops) }

// Groups implements [dialect.View].
func (v changed) Groups() []*roster.Group { return overlay(v.View.Groups(), v.change.Ops) }

// Spaces implements [dialect.View].
func (v changed) Spaces() []*roster.Space { return overlay(v.View.Spaces(), v.change.Ops) }

// Tokens implements [dialect.View].
func (v changed) Tokens() []*roster.Token { return overlay(v.View.Tokens(), v.change.Ops) }

// Invitations implements [dialect.View].
func (v changed) Invitations() []*roster.Invitation {
	return overlay(v.View.Invitations(), v.change.Ops)
}

// Deleted implements [dialect.View].
func (v changed) Deleted(t roster.Type) []roster.Deleted {
	return overlay(v.View.Deleted(t), slices.DeleteFunc(slices.Clone(v.change.Ops), func(op roster.Op) bool {
		return op.Key().Type != t
	}))
}

func first[E any](list []*E, is func(*E) bool) *E {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i]
	}
	return nil
}

// overlay returns a list of records of one type as it is after ops: those that are made come last.
func overlay[E roster.Entity](list []E, ops []roster.Op) []E {
	list = slices.Clone(list)
	for _, op := range ops {
		_, was := op.Before.(E)
		after, is := op.After.(E)
		if !was && !is {
			continue
		}
		i := slices.IndexFunc(list, func(e E) bool { return e.Key() == op.Key() })
		switch {
		case i < 0 && is && !was:
			list = append(list, after)
		case i >= 0 && is:
			list[i] = after
		case i >= 0:
			list = slices.Delete(list, i, i+1)
		}
	}
	return list
}

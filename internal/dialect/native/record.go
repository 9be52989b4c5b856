package native

import (
	"context"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// find returns a record as it is, its computed members filled, or fails with [roster.NotFound].
func find(view dialect.View, t roster.Type, ref roster.Ref) (roster.Entity, error) {
	if t == roster.TypeUser {
		u, err := view.User(ref)
		if err != nil {
			return nil, err
		}
		return u, nil
	}
	for _, e := range recordsOf(view, t) {
		if names(ref, e) {
			return e, nil
		}
	}
	return nil, roster.Errorf(roster.NotFound, "there is no %s %s", t.Words(), ref)
}

// names reports whether a reference is that of a record.
func names(ref roster.Ref, e roster.Entity) bool {
	key, keys := e.Key(), e.Keys()
	switch {
	case ref.Number != 0:
		return keys.Number == ref.Number
	case ref.Identifier != "" && key.Type == roster.TypeRole:
		return keys.Identifier == roster.Fold(ref.Identifier)
	default:
		return !ref.ID.IsZero() && key.ID == ref.ID
	}
}

// recordsOf returns all records of a type that is not that of users.
func recordsOf(view dialect.View, t roster.Type) []roster.Entity {
	if t.IsDeleted() {
		return entities(view.Deleted(t))
	}
	switch t {
	case roster.TypeGroup:
		return entities(view.Groups())
	case roster.TypeSpace:
		return entities(view.Spaces())
	case roster.TypeRole:
		return entities(view.Roles())
	case roster.TypeToken:
		return entities(view.Tokens())
	case roster.TypeInvitation:
		return entities(view.Invitations())
	case roster.TypeWebhook:
		return entities(view.Webhooks())
	default:
		return nil
	}
}

func entities[E roster.Entity](list []E) []roster.Entity {
	all := make([]roster.Entity, len(list))
	for i, e := range list {
		all[i] = e
	}
	return all
}

// filled returns a record that a write has left behind with its computed members.
func filled(ctx context.Context, r *dialect.Request, e roster.Entity) (roster.Entity, error) {
	view, err := r.Writer.View(ctx)
	if err != nil {
		return nil, err
	}
	return filledFrom(view, e), nil
}

func filledFrom(view dialect.View, e roster.Entity) roster.Entity {
	switch was := e.(type) {
	case *roster.User:
		u := *was
		u.Permissions = u.OwnPermissions
		for _, number := range u.Groups {
			if g := view.Group(number); g != nil {
				u.Permissions |= g.Permissions
			}
		}
		return &u
	case *roster.Organization:
		o := *was
		o.Version = view.Version()
		return &o
	default:
		return e
	}
}

// show answers with a record as far as the principal may see it. What a dry run would leave behind has no entity tag.
func show(e roster.Entity, r *dialect.Request) dialect.Response {
	shown := roster.Shown(e, r.Principal.Permissions)
	response := dialect.Response{Body: dialect.JSON(wire(shown))}
	if !isDryRun(r) {
		response.Tag = roster.Tag(shown)
	}
	return response
}

// createdBy returns the record of a type that ops create.
func createdBy(ops []roster.Op, t roster.Type) roster.Entity {
	for _, op := range ops {
		if op.Before == nil && op.Key().Type == t {
			return op.After
		}
	}
	return nil
}

// leftBy returns the record of a type that ops are about, as they leave it; nil where they are about none. What else
// a command changes of that type, as the owner before, comes first.
func leftBy(ops []roster.Op, t roster.Type) roster.Entity {
	var last roster.Entity
	for _, op := range ops {
		if op.After != nil && op.Key().Type == t {
			last = op.After
		}
	}
	return last
}

package server

import (
	"context"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// Past is what organizations were. It is safe for concurrent use.
type Past interface {
	// Resolve returns the version that a moment names. It fails with [roster.Invalid] for one in the future or before
	// the first version, and with [roster.Gone] for one that is not kept.
	Resolve(ctx context.Context, org roster.ID, m roster.Moment) (roster.Version, error)
	// At returns an organization as it was at a version. It fails as Resolve does, and with [roster.Unavailable] where
	// the version is too far from what is at hand.
	At(ctx context.Context, org roster.ID, version roster.Version) (dialect.View, error)
}

// Remembering is what knows the past and has views of a concrete type.
type Remembering[V dialect.View] interface {
	Resolve(ctx context.Context, org roster.ID, m roster.Moment) (roster.Version, error)
	At(ctx context.Context, org roster.ID, version roster.Version) (V, error)
}

// PastOf makes a [Past] of what has views of a concrete type, which must be those of the server's [Directory].
func PastOf[V dialect.View](r Remembering[V]) Past { return pastOf[V]{r} }

type pastOf[V dialect.View] struct{ Remembering[V] }

// At implements [Past].
func (p pastOf[V]) At(ctx context.Context, org roster.ID, version roster.Version) (dialect.View, error) {
	return asView(p.Remembering.At(ctx, org, version))
}

// goBack has a request answered as it would have been at the moment that it names, and reports whether it names one.
func (x *exchange) goBack(ctx context.Context, req *dialect.Request, least roster.Version) (past bool, err error) {
	moment, found, err := req.Moment()
	if err != nil || !found {
		return false, err
	}
	if x.Past == nil {
		return false, roster.Errorf(roster.Unavailable, "this server does not show old versions")
	}
	version, err := x.Past.Resolve(ctx, req.Principal.Org, moment)
	if err != nil {
		return false, inParam(dialect.AsOf, err)
	}
	if version < least {
		return false, roster.FieldErrorf(dialect.MinVersion,
			"must not be later than %d, the version that %s names", version, dialect.AsOf)
	}
	view, err := x.Past.At(ctx, req.Principal.Org, version)
	if err != nil {
		return false, inParam(dialect.AsOf, err)
	}
	if req.Now != 0 && moment.At != 0 {
		req.Now = moment.At
	}
	req.View = view
	if req.Writer != nil {
		req.Writer = told{before: view} // when tokens were used last is not known of the past
	}
	return true, nil
}

// inParam returns an error as one about a parameter.
func inParam(name string, err error) error {
	e := *roster.AsError(err)
	if e.Code == roster.Internal {
		return err
	}
	e.Field = name
	return &e
}

// openPast goes on with a walk through a version of the past, which is made anew where it is no longer kept.
func (x *exchange) openPast(req *dialect.Request, token dialect.PageToken) error {
	if present := req.View.Version(); token.Version != present {
		return roster.FieldErrorf(x.endpoint.Window.Token,
			"belongs to a walk through version %d, and %s names version %d", token.Version, dialect.AsOf, present)
	}
	goTo(req, token)
	return nil
}

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

	Differences
}

// Differences is what became of organizations, and how much of that is known.
type Differences interface {
	// Between returns what became of records from one version to another, as [dialect.Past] does.
	Between(ctx context.Context, org roster.ID, from, to roster.Version) ([]roster.Op, error)
	// Kept says how much of the history is kept.
	Kept(ctx context.Context, org roster.ID) (roster.HistoryInfo, error)
	// Erased returns the version in which somebody was erased last, 0 where nobody was lately. What was answered from
	// an older version before then may not be answered again.
	Erased(org roster.ID) roster.Version
}

// Remembering is what knows the past and has views of a concrete type.
type Remembering[V dialect.View] interface {
	Resolve(ctx context.Context, org roster.ID, m roster.Moment) (roster.Version, error)
	At(ctx context.Context, org roster.ID, version roster.Version) (V, error)

	Differences
}

// PastOf makes a [Past] of what has views of a concrete type, which must be those of the server's [Directory].
func PastOf[V dialect.View](r Remembering[V]) Past { return pastOf[V]{r} }

type pastOf[V dialect.View] struct{ Remembering[V] }

// At implements [Past].
func (p pastOf[V]) At(ctx context.Context, org roster.ID, version roster.Version) (dialect.View, error) {
	return asView(p.Remembering.At(ctx, org, version))
}

// lookBack notes, before any view of an organization is looked at, since which erasure it is looked at.
func (x *exchange) lookBack(org roster.ID) {
	if x.Past != nil {
		x.erased = x.Past.Erased(org)
	}
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

// past is what one organization was.
type past struct {
	*Server
	org roster.ID
}

// known returns what knows the past, if anything does.
func (p past) known() (Past, error) {
	if p.Past == nil {
		return nil, roster.Errorf(roster.Unavailable, "this server does not show old versions")
	}
	return p.Past, nil
}

// Resolve implements [dialect.Past].
func (p past) Resolve(ctx context.Context, m roster.Moment) (roster.Version, error) {
	known, err := p.known()
	if err != nil {
		return 0, err
	}
	return known.Resolve(ctx, p.org, m)
}

// Between implements [dialect.Past].
func (p past) Between(ctx context.Context, from, to roster.Version) ([]roster.Op, error) {
	known, err := p.known()
	if err != nil {
		return nil, err
	}
	return known.Between(ctx, p.org, from, to)
}

// Kept implements [dialect.Past].
func (p past) Kept(ctx context.Context) (roster.HistoryInfo, error) {
	known, err := p.known()
	if err != nil {
		return roster.HistoryInfo{}, err
	}
	return known.Kept(ctx, p.org)
}

package server

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// Versions are the versions of organizations besides the present ones. It is safe for concurrent use.
type Versions interface {
	// At returns an organization at a version that is kept, or the present one, or fails with [roster.Gone].
	At(ctx context.Context, org roster.ID, version roster.Version) (dialect.View, error)
	// Keep has a view of an organization kept for At: for so long since its last use, where that is not 0, or for as
	// long as any is kept.
	Keep(org roster.ID, view dialect.View, most time.Duration)
	// Wait returns an organization once it is at least at a version. It ends with ctx.
	Wait(ctx context.Context, org roster.ID, version roster.Version) (dialect.View, error)
}

// Keeper keeps views of a concrete type.
type Keeper[V dialect.View] interface {
	ViewAt(ctx context.Context, org roster.ID, version roster.Version) (V, error)
	Keep(org roster.ID, view V, most time.Duration)
	Wait(ctx context.Context, org roster.ID, version roster.Version) (V, error)
}

// VersionsOf makes [Versions] of who keeps views of a concrete type, which must be those of the server's [Directory].
func VersionsOf[V dialect.View](k Keeper[V]) Versions { return versions[V]{k} }

type versions[V dialect.View] struct{ keeper Keeper[V] }

// At implements [Versions].
func (v versions[V]) At(ctx context.Context, org roster.ID, version roster.Version) (dialect.View, error) {
	return asView(v.keeper.ViewAt(ctx, org, version))
}

// Wait implements [Versions].
func (v versions[V]) Wait(ctx context.Context, org roster.ID, version roster.Version) (dialect.View, error) {
	return asView(v.keeper.Wait(ctx, org, version))
}

// Keep implements [Versions].
func (v versions[V]) Keep(org roster.ID, view dialect.View, most time.Duration) {
	if own, ok := view.(V); ok {
		v.keeper.Keep(org, own, most)
	}
}

// asView keeps a nil of a concrete type from becoming a view.
func asView[V dialect.View](view V, err error) (dialect.View, error) {
	if err != nil {
		return nil, err
	}
	return view, nil
}

// otherVersions are those of one organization.
type otherVersions struct {
	*Server
	org roster.ID
}

// At implements [dialect.Versions].
func (o otherVersions) At(ctx context.Context, version roster.Version) (dialect.View, error) {
	if o.Versions != nil {
		return o.Versions.At(ctx, o.org, version)
	}
	view, err := o.Directory.View(ctx, o.org)
	if err == nil && view.Version() != version {
		return nil, roster.Errorf(roster.Gone, "version %d is no longer kept", version)
	}
	return view, err
}

// Keep implements [dialect.Versions].
func (o otherVersions) Keep(view dialect.View) {
	if o.Versions != nil {
		o.Versions.Keep(o.org, view, 0)
	}
}

// catchUp waits for the version that the answer must not be older than, and returns it.
func (x *exchange) catchUp(ctx context.Context, req *dialect.Request) (roster.Version, error) {
	least, err := req.TakeAtLeast()
	if err != nil || least <= req.View.Version() {
		return least, err
	}
	late := &roster.Error{
		Code: roster.Unavailable, Message: "the organization is not at version " + strconv.FormatInt(int64(least), 10) +
			" yet, but at " + strconv.FormatInt(int64(req.View.Version()), 10),
	}
	if x.Versions == nil {
		x.retry.RetryAfter = time.Second
		return 0, late
	}
	bounded, cancel := context.WithTimeout(ctx, x.WaitTime)
	defer cancel()
	view, err := x.Versions.Wait(bounded, req.Principal.Org, least)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		x.retry.RetryAfter = time.Second
		return 0, late
	}
	if err != nil {
		return 0, err
	}
	req.View = view
	return least, nil
}

// tellVersion says which version the answer is true for: that of the request's view, or of what it has written.
func (x *exchange) tellVersion(version roster.Version) {
	x.record.version = version
	if x.dialect.TellsVersion {
		x.w.Header()[dialect.VersionHeader] = []string{strconv.FormatInt(int64(version), 10)}
	}
}

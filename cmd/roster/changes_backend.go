package main

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
	"github.com/roster-dev/roster/internal/dialect/native"
)

func (l *localAccount) Tail(ctx context.Context, t tail) iter.Seq2[apiclient.Change, error] {
	if !t.isChosen() {
		return l.tailAll(ctx, t)
	}
	return func(yield func(apiclient.Change, error) bool) {
		api, err := l.API(ctx)
		if err != nil {
			yield(apiclient.Change{}, err)
			return
		}
		remoteAccount{api}.Tail(ctx, t)(yield)
	}
}

// tailAll yields all changes as they are. No view is loaded for it.
func (l *localAccount) tailAll(ctx context.Context, t tail) iter.Seq2[apiclient.Change, error] {
	const few = 10 // there may be thousands of records in one
	return func(yield func(apiclient.Change, error) bool) {
		since, err := l.begin(ctx, t)
		for {
			var changes []roster.Change
			if err == nil {
				changes, err = l.Service.Changes(ctx, l.org, since, few)
			}
			if err != nil {
				yield(apiclient.Change{}, err)
				return
			}
			if len(changes) == 0 {
				return
			}
			for _, c := range changes {
				shown, err := asShown(c)
				if !yield(shown, err) || err != nil {
					return
				}
			}
			since = changes[len(changes)-1].Version
		}
	}
}

// begin returns the version after which to begin.
func (l *localAccount) begin(ctx context.Context, t tail) (roster.Version, error) {
	orgs, err := l.Service.Orgs(ctx)
	if err != nil {
		return 0, err
	}
	for _, o := range orgs {
		if o.ID == l.org {
			return t.from(o.Version), t.check(o.Version)
		}
	}
	return 0, roster.Errorf(roster.NotFound, "the organization is gone")
}

// check refuses to begin in the future, as a server does.
func (t tail) check(present roster.Version) error {
	if roster.Version(t.since) > present {
		return roster.FieldErrorf("since", "must be at most %d, the present version, not %d", present, t.since)
	}
	return nil
}

// asShown returns a change as a server would show it to the operator.
func asShown(c roster.Change) (apiclient.Change, error) {
	var shown apiclient.Change
	doc, err := native.EncodeChange(c)
	if err == nil {
		err = json.Unmarshal(doc, &shown)
	}
	if err != nil {
		return apiclient.Change{}, fmt.Errorf("show version %d: %w", c.Version, err)
	}
	return shown, nil
}

func (r remoteAccount) Tail(ctx context.Context, t tail) iter.Seq2[apiclient.Change, error] {
	return func(yield func(apiclient.Change, error) bool) {
		org, err := r.Organization(ctx)
		if err != nil {
			yield(apiclient.Change{}, err)
			return
		}
		o, changes := t.options(org.Version), r.Changes
		if t.follow {
			changes = r.Follow
		}
		changes(ctx, o)(yield)
	}
}

package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/roster-dev/roster"
)

// Trim gives up the changes of an organization up to a version, which is the oldest one that can be shown afterwards,
// and from which on changes can be followed. It goes in small steps, between which others write, and keeps what it has
// done when ctx ends. Entries of the audit stay, without what was written; it can still be verified. It fails as
// [Service.Resolve] does, but that a version which is gone already is none to complain about.
func (s *Service) Trim(ctx context.Context, id roster.ID, m roster.Moment) (roster.HistoryInfo, error) {
	version, err := s.Resolve(ctx, id, m)
	if trimmed, ok := errors.AsType[*roster.TrimmedError](err); ok {
		version, err = trimmed.Since, nil
	}
	if err == nil {
		err = s.trim(ctx, id, version)
	}
	if err != nil {
		return roster.HistoryInfo{}, err
	}
	return s.Kept(ctx, id)
}

func (s *Service) trim(ctx context.Context, id roster.ID, upTo roster.Version) error {
	for before := roster.Version(-1); ; {
		since, err := s.store.Trim(ctx, id, upTo)
		if err != nil {
			return fmt.Errorf("trim the history of organization %s: %w", id, err)
		}
		if since >= upTo || since == before {
			return nil
		}
		before = since
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// Retain trims the history of every organization to what it was for some time: of every instant since then the version
// can be shown. It loads no organization. It goes on with the others where one fails, and ends with ctx.
func (s *Service) Retain(ctx context.Context, most time.Duration) error {
	orgs, err := s.Orgs(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, o := range orgs {
		version, err := s.store.VersionAt(ctx, o.ID, s.now().Add(-most))
		if err == nil && version > 0 {
			err = s.trim(ctx, o.ID, version)
		}
		if roster.CodeOf(err) == roster.NotFound {
			continue // it is gone
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

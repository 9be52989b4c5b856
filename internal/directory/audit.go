package directory

import (
	"context"
	"fmt"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
)

// Entries calls fn with the audit entries of an organization that q asks for, newest first, until fn fails, and returns
// that error. ops are those of the write, nil where q does not ask for them.
func (s *Service) Entries(
	ctx context.Context, org roster.ID, q roster.EntryQuery, fn func(e roster.Entry, ops []roster.Op) error,
) error {
	return s.store.Entries(ctx, org, q, fn)
}

// CountEntries returns how many audit entries q asks for, whatever its Before and Limit.
func (s *Service) CountEntries(ctx context.Context, org roster.ID, q roster.EntryQuery) (int, error) {
	return s.store.CountEntries(ctx, org, q)
}

// VerifyAudit reads the whole audit of an organization with its history, and reports whether it is as it was written,
// up to the present version. It fails with [roster.NotFound] where there is no such organization.
func (s *Service) VerifyAudit(ctx context.Context, org roster.ID) (roster.AuditReport, error) {
	log, err := s.store.Log(ctx, org)
	if err != nil {
		return roster.AuditReport{}, err
	}
	report, err := audit.Verify(log)
	if err != nil {
		return roster.AuditReport{}, fmt.Errorf("verify the audit of organization %s: %w", org, err)
	}
	return report, nil
}

// Repeated fails as [Service.Do] does for a principal whose request was carried out before, and returns nil for
// another. When it fails so, readers see what the request did.
func (s *Service) Repeated(ctx context.Context, org roster.ID, once *roster.Once) error {
	was, err := s.store.Answer(ctx, org, once.Key)
	if roster.CodeOf(err) == roster.NotFound || err == nil && !isKept(was, s.now()) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.organization(org).settled(ctx); err != nil {
		return err
	}
	if err := s.refresh(ctx, org, 0); err != nil {
		return err
	}
	return (&roster.RepeatedError{Answer: was}).Check(once.Request)
}

// ForgetAnswers forgets the answers that are not given to who repeats a request any more. It makes no version.
func (s *Service) ForgetAnswers(ctx context.Context) error {
	return s.store.ForgetAnswers(ctx, s.now()-roster.OnceFor)
}

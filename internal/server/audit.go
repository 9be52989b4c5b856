package server

import (
	"context"

	"github.com/roster-dev/roster"
)

// Audit tells what was written to organizations. It is safe for concurrent use.
type Audit interface {
	// Entries calls fn with the entries of an organization that q asks for, as [dialect.Audit] does.
	Entries(
		ctx context.Context, org roster.ID, q roster.EntryQuery, fn func(e roster.Entry, ops []roster.Op) error,
	) error
	// CountEntries returns how many entries q asks for, whatever its Before and Limit.
	CountEntries(ctx context.Context, org roster.ID, q roster.EntryQuery) (int, error)
	// VerifyAudit reads everything and reports whether it is as it was written.
	VerifyAudit(ctx context.Context, org roster.ID) (roster.AuditReport, error)
}

// auditing is what an endpoint can read: the audit of the principal's own organization.
type auditing struct {
	*Server
	by roster.Principal
}

// Entries implements [dialect.Audit].
func (a auditing) Entries(
	ctx context.Context, q roster.EntryQuery, fn func(e roster.Entry, ops []roster.Op) error,
) error {
	if a.Audit == nil {
		return noAudit()
	}
	return a.Audit.Entries(ctx, a.by.Org, q, fn)
}

// CountEntries implements [dialect.Audit].
func (a auditing) CountEntries(ctx context.Context, q roster.EntryQuery) (int, error) {
	if a.Audit == nil {
		return 0, noAudit()
	}
	return a.Audit.CountEntries(ctx, a.by.Org, q)
}

// Verify implements [dialect.Audit].
func (a auditing) Verify(ctx context.Context) (roster.AuditReport, error) {
	if a.Audit == nil {
		return roster.AuditReport{}, noAudit()
	}
	return a.Audit.VerifyAudit(ctx, a.by.Org)
}

func noAudit() error { return roster.Errorf(roster.Unavailable, "this server does not show the audit") }

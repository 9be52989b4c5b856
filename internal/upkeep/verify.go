// Package upkeep looks after what stores keep, an organization at a time and without knowing what records mean: it
// verifies that what is kept hangs together, and copies it from one store into another. It must not know any driver.
package upkeep

import (
	"context"
	"fmt"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
	"github.com/roster-dev/roster/internal/store"
)

// Report is what [Verify] found out about an organization.
type Report struct {
	Version roster.Version
	// Records counts the records, those of deleted ones too and the organization's own.
	Records int64
	// Entries is how many entries of the audit are as they were written, and Head the hash of the last of them.
	Entries int64
	Head    roster.Digest
	// Fault says what is the first thing that is wrong; "" where all is well.
	Fault string
}

// Verify holds what is kept of an organization to itself: that the history has every version, that each change goes on
// from what those before it left behind and all of them lead to the records, that the audit is as it was written, and
// that whatever records are looked up by says what they do. What was trimmed or erased from the history can't be held
// to anything but being there. It stops at the first fault, and fails where the store can't be read. It holds states of
// a few hundred thousand records in memory at the most, and reads the history again for the others. seen is called for
// every row of it.
func Verify(ctx context.Context, s store.Snapshot, org roster.ID, seen func()) (Report, error) {
	return verify(ctx, s, org, maxStates, seen)
}

func verify(ctx context.Context, s store.Snapshot, org roster.ID, most int, seen func()) (Report, error) {
	st, err := s.Standing(ctx)
	if err != nil {
		return Report{}, err
	}
	report := Report{Version: st.Version}
	report.Records, report.Fault, err = replayAll(ctx, s, st.Version, most, seen)
	if err != nil || report.Fault != "" {
		return report, err
	}
	log, err := store.LogOf(ctx, s, org)
	if err != nil {
		return report, err
	}
	audited, err := audit.Verify(log)
	if err != nil {
		return report, fmt.Errorf("verify the audit: %w", err)
	}
	report.Entries, report.Head = audited.Entries, audited.Head
	if f := audited.Fault; f != nil {
		report.Fault = fmt.Sprintf("entry %d of the audit was %s: %s", f.Seq, f.Kind, f.Detail)
		return report, nil
	}
	report.Fault, err = s.Strays(ctx)
	return report, err
}

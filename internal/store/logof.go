package store

import (
	"context"
	"fmt"
	"iter"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
)

// LogOf returns the log of an organization, which [audit.Verify] may read as long as the snapshot is open.
func LogOf(ctx context.Context, s Snapshot, org roster.ID) (audit.Log, error) {
	log := audit.Log{Org: org}
	var entries, changes Table
	for _, t := range Tables() {
		switch t.Name {
		case TableEntries:
			entries = t
		case TableChanges:
			changes = t
		case TableOrganizations:
			for row, err := range Rows(ctx, s, &t) {
				if err != nil {
					return log, err
				}
				cells := CellsOf(&t, row)
				log.Version = roster.Version(cells.Number("version"))
				log.Since = roster.Version(cells.Number("audited_since"))
			}
		}
	}
	log.Entries = mapped(Rows(ctx, s, &entries), func(row Row) (roster.Entry, error) {
		return entryOf(CellsOf(&entries, row))
	})
	log.Changes = mapped(pages(ctx, s, &changes, nil, Row{int64(log.Since) - 1}), func(row Row) (audit.Change, error) {
		c := CellsOf(&changes, row)
		return audit.Change{
			Version: roster.Version(c.Number("version")), At: roster.Time(c.Number("at")), Actor: c.ID("actor"),
			Ops: []byte(c.Text("ops")),
		}, nil
	})
	return log, nil
}

// ReadLog fills the log of an organization, whose Org, Since and Version are set, with what is read a page at a time,
// when somebody ranges over it: the next entries after a place, and the next changes after a version; none at the end.
func ReadLog(
	log audit.Log, entries func(after int64) ([]roster.Entry, error),
	changes func(after int64) ([]audit.Change, error),
) audit.Log {
	log.Entries = paged(0, entries, func(e roster.Entry) int64 { return e.Seq })
	log.Changes = paged(int64(log.Since)-1, changes, func(c audit.Change) int64 { return int64(c.Version) })
	return log
}

// paged yields what stands after a place, and has the next page read when it needs one.
func paged[T any](after int64, read func(after int64) ([]T, error), place func(T) int64) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for after := after; ; {
			page, err := read(after)
			if err != nil {
				yield(*new(T), err)
				return
			}
			for _, t := range page {
				if !yield(t, nil) {
					return
				}
				after = place(t)
			}
			if len(page) == 0 {
				return
			}
		}
	}
}

// mapped yields what fn makes of what rows yields.
func mapped[T any](rows iter.Seq2[Row, error], fn func(Row) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for row, err := range rows {
			var t T
			if err == nil {
				t, err = fn(row)
			}
			if !yield(t, err) || err != nil {
				return
			}
		}
	}
}

// entryOf returns the entry of the audit that a row is.
func entryOf(c Cells) (roster.Entry, error) {
	e := roster.Entry{
		Seq: c.Number("seq"), Version: roster.Version(c.Number("version")), At: roster.Time(c.Number("at")),
		Actor: c.ID("actor"), User: c.ID("user_id"), Name: c.Text("name"), Request: c.ID("request"),
		Reason: c.Text("reason"), From: int(c.Number("op_from")), To: int(c.Number("op_to")),
		Form: int(c.Number("form")),
	}
	for name, to := range map[string][]byte{"salt": e.Salt[:], "prev": e.Prev[:], "hash": e.Hash[:]} {
		if b := c.Bytes(name); copy(to, b) != len(b) || len(b) != len(to) {
			return e, fmt.Errorf("entry %d of the audit: %s has %d bytes, not %d", e.Seq, name, len(b), len(to))
		}
	}
	for name, to := range map[string]*roster.TextSeal{"name_seal": &e.NameSeal, "reason_seal": &e.ReasonSeal} {
		if err := ReadSeal(to, c.Bytes(name)); err != nil {
			return e, fmt.Errorf("entry %d of the audit: %s: %w", e.Seq, name, err)
		}
	}
	return e, nil
}

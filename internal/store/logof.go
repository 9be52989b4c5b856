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
		switch b := c.Bytes(name); len(b) {
		case 0:
		case len(to.Digest):
			copy(to.Digest[:], b)
		case len(to.Salt):
			copy(to.Salt[:], b)
		default:
			return e, fmt.Errorf("entry %d of the audit: %s has %d bytes", e.Seq, name, len(b))
		}
	}
	return e, nil
}

package store

import (
	"context"
	"iter"
	"strings"

	"github.com/roster-dev/roster"
)

// Reader reads what a store keeps, row by row and as it is kept, while this or another process goes on with the store.
// It is for copies, digests and checks, which must not depend on what records mean. All methods are safe for concurrent
// use.
type Reader interface {
	// Info says what the store is. It does not fail where the schema is another one than this program's.
	Info(ctx context.Context) (Info, error)

	// Orgs returns every organization, by number and then by id, its Version filled. It fails with [roster.Conflict],
	// as Snapshot does, where the schema is not that of this program.
	Orgs(ctx context.Context) ([]*roster.Organization, error)

	// Snapshot begins to read what is kept of an organization as it is now, and fails with [roster.NotFound] where
	// there is none.
	Snapshot(ctx context.Context, org roster.ID) (Snapshot, error)

	Close() error
}

// Info is what a store is.
type Info struct {
	// Engine is what keeps the data, with its version.
	Engine string
	// Schema is the version of the schema, 0 where there is none yet, and Knows the one that this program makes.
	Schema, Knows int64
	// Bytes is the room that the data takes, with its indexes and logs.
	Bytes int64
}

// Snapshot is what is kept of an organization at one moment. It is not safe for concurrent use, and must be closed.
type Snapshot interface {
	// Standing sums up what there is.
	Standing(ctx context.Context) (Standing, error)

	// Groups returns the values that the rows of a table have in its Split columns, each once and in any order.
	Groups(ctx context.Context, t Table) ([]Row, error)

	// Page returns the next rows of a table in the order of its Key: those that have the values of a group in the Split
	// columns, after a key, which is nil for the first page, at most limit (> 0) of them.
	Page(ctx context.Context, t Table, group, after Row, limit int) ([]Row, error)

	// Strays returns the first thing that the store keeps besides the rows, such as what records are looked up by, and
	// that is not what follows from them; "" where there is none. It reads all records.
	Strays(ctx context.Context) (string, error)

	// Close lets go of the moment. It may be called again.
	Close(ctx context.Context) error
}

// Standing is what there is of an organization.
type Standing struct {
	Version roster.Version
	// Users counts those that are not deleted.
	Users int64
	// ChangedAt is when the last change was made.
	ChangedAt roster.Time
	// Entries is the place of the last entry of the audit, and Head its hash; 0 and zero where there is none.
	Entries int64
	Head    roster.Digest
}

// Filler is what a [Store] may be besides: one that an organization can be put into as it is kept elsewhere.
type Filler interface {
	// Fill makes an organization of rows, in the order of [Tables], all of it or nothing. The rows may be ranged over
	// more than once, and fail with an error of their own. It fails with [roster.Conflict] where there is such an
	// organization, or one with its number or slug.
	Fill(ctx context.Context, org roster.ID, rows iter.Seq2[TableRow, error]) error
}

// TableRow is a row and where it belongs.
type TableRow struct {
	Table *Table
	Row   Row
}

// Row is what one row of a [Table] has in its Columns: nil for NULL, or a [roster.ID], int64, string or []byte by the
// kind of the column.
type Row []any

// Kind is what the cells of a column are.
type Kind int

// The kinds.
const (
	ID Kind = iota + 1
	Number
	Text
	Bytes
)

// Column is a column of a [Table].
type Column struct {
	Name string
	Kind Kind
}

// Table is one part of what is kept of an organization, the same in every store that has a [Reader]. The column that
// names the organization is not among its columns, nor is what follows from them.
type Table struct {
	Name string
	// Split and Key are the first columns, which tell the rows apart. Rows are read by Key for one value of Split at a
	// time: texts are ordered by what a database takes for their order.
	Split, Key []Column
	Rest       []Column
}

// Columns returns all columns.
func (t *Table) Columns() []Column {
	all := make([]Column, 0, len(t.Split)+len(t.Key)+len(t.Rest))
	return append(append(append(all, t.Split...), t.Key...), t.Rest...)
}

// Names returns the names of columns with commas between.
func Names(columns []Column) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.Name
	}
	return strings.Join(list, ", ")
}

// The names of the tables that are read for what they mean.
const (
	TableOrganizations = "organizations"
	TableEntities      = "entities"
	TableChanges       = "changes"
	TableEntries       = "audit_entries"
)

// Tables returns the tables in the order in which they are read, digested and written. That of organizations is first
// and has one row.
func Tables() []Table {
	id := func(name string) Column { return Column{name, ID} }
	text := func(name string) Column { return Column{name, Text} }
	blob := func(name string) Column { return Column{name, Bytes} }
	numbers := func(names ...string) (list []Column) {
		for _, name := range names {
			list = append(list, Column{name, Number})
		}
		return list
	}
	number := func(name string) Column { return Column{name, Number} }
	return []Table{
		{Name: TableOrganizations, Rest: append(
			numbers("version", "audited_since", "trimmed_to", "trimmed_seq"), text("next"), text("doc"))},
		{Name: TableEntities, Split: []Column{text("type")}, Key: []Column{id("id")}, Rest: []Column{text("doc")}},
		{Name: TableChanges, Key: numbers("version"), Rest: []Column{number("at"), id("actor"), text("ops")}},
		{Name: TableEntries, Key: numbers("seq"), Rest: []Column{
			number("version"), number("at"), id("actor"), id("user_id"), text("name"), id("request"), text("reason"),
			number("op_from"), number("op_to"), text("types"), blob("keys"), blob("salt"), blob("prev"), blob("hash"),
			number("form"), blob("name_seal"), blob("reason_seal"),
		}},
		{Name: "answers", Key: []Column{blob("key")}, Rest: []Column{blob("request"), number("at"), blob("content")}},
		{Name: "token_uses", Key: []Column{id("token_id")}, Rest: numbers("at")},
		{Name: "webhook_standings", Key: []Column{id("webhook_id")}, Rest: append(
			numbers("position", "round", "attempts", "next_at", "last_at", "last_took", "last_status", "succeeded_at",
				"failing_since"), text("last_error"))},
		{
			Name: "webhook_deliveries", Key: append([]Column{id("webhook_id")}, numbers("version", "round")...),
			Rest: append(numbers("attempts", "at", "took", "status"), text("state"), text("error")),
		},
		{Name: "jobs", Key: []Column{id("id")}, Rest: append(numbers("revision", "ended_at"), text("doc"))},
		{
			Name: "job_pieces", Split: []Column{id("job_id"), text("kind")}, Key: numbers("n"),
			Rest: []Column{blob("data")},
		},
	}
}

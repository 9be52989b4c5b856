package arch

// Rules is an architecture. Every pattern in it is a path relative to the module, "." for the module's own package; "*"
// stands for one element of a path, and a trailing "/..." for everything below as well.
type Rules struct {
	// Packages is the table of who may import whom. The first row whose pattern fits a package is its row; a package
	// without a row is a fault.
	Packages []Row
	// Reserved says who may import packages from outside the module.
	Reserved []Reservation
	// Names lists what no package may be called, because the name says nothing about what belongs inside.
	Names []string
}

// Row says what the packages that fit Package may import.
type Row struct {
	Package string
	// Ours lists patterns of the module's packages.
	Ours []string
	// Strict means that beyond Ours and Outside only the standard library is allowed.
	Strict bool
	// Outside lists other modules' packages, each with everything below it; it counts only in a strict row.
	Outside []string
}

// Reservation says that only some packages may import Import and everything below it.
type Reservation struct {
	Import string
	// For lists patterns of the module's packages.
	For []string
	Why string
}

// Roster returns the architecture of this module, as ARCHITECTURE.md draws it.
func Roster() Rules {
	const root, store, dialect, goldmark = ".", "internal/store", "internal/dialect", "github.com/yuin/goldmark"
	return Rules{
		Packages: []Row{
			{Package: root, Strict: true, Outside: []string{"golang.org/x/text"}},
			{Package: "cmd/...", Ours: []string{"..."}},
			{Package: "docs", Strict: true},
			{Package: "client", Ours: []string{root}},
			{
				Package: "rostertest",
				Ours:    []string{root, "internal/auth", "internal/emulate", "internal/fault", "internal/inspect"},
			},
			{Package: "internal/arch", Strict: true},
			{Package: "internal/audit", Ours: []string{root}, Strict: true},
			{Package: "internal/auth", Ours: []string{root}},
			{Package: "internal/bench", Ours: []string{root, "internal/demo", "internal/index"}},
			{Package: "internal/conform", Ours: []string{root, dialect, "internal/dialect/golden"}},
			{Package: "internal/control", Ours: []string{root, dialect}},
			{Package: "internal/demo", Ours: []string{root}},
			{Package: "internal/emulate", Ours: []string{"..."}},
			{Package: "internal/fault", Ours: []string{root, dialect}},
			{Package: "internal/filter", Ours: []string{root}, Strict: true, Outside: []string{"golang.org/x/text"}},
			{Package: "internal/index", Ours: []string{root}},
			{Package: "internal/inspect", Ours: []string{root, dialect}},
			{Package: "internal/spread", Ours: []string{root}, Strict: true},
			{Package: "internal/trace", Ours: []string{root}, Strict: true},
			{Package: "internal/otel", Ours: []string{root, "internal/trace"}},
			{Package: "internal/job", Ours: []string{root, "internal/filter", "internal/ingest"}},
			{Package: "internal/upkeep", Ours: []string{root, store, "internal/audit"}},
			{Package: "internal/webhook", Ours: []string{root, "internal/trace"}},
			{Package: "internal/record", Ours: []string{root, dialect, "internal/dialect/golden"}},
			{Package: store, Ours: []string{root, "internal/audit"}},
			{Package: "internal/store/open", Ours: []string{root, store, "internal/store/*"}},
			{Package: "internal/store/postgres/pgtest"},
			{Package: "internal/store/*", Ours: []string{root, store, "internal/audit"}}, // drivers and storetest
			{
				Package: "internal/directory",
				Ours:    []string{root, store, "internal/audit", "internal/index", "internal/trace"},
			},
			{Package: dialect, Ours: []string{root}},
			{Package: "internal/dialect/all", Ours: []string{dialect, "internal/dialect/*"}},
			{Package: "internal/dialect/dialecttest", Ours: []string{"..."}},
			{Package: "internal/dialect/native", Ours: []string{root, dialect, "internal/filter", "internal/ingest"}},
			{Package: "internal/dialect/*", Ours: []string{root, dialect}},
			{Package: "internal/ingest", Ours: []string{root, dialect}},
			{Package: "internal/web", Ours: []string{root, dialect}, Strict: true, Outside: []string{goldmark}},
			{
				Package: "internal/server",
				Ours:    []string{root, "internal/auth", dialect, "internal/trace", "internal/web"},
			},
		},
		Reserved: reservations(),
		Names:    []string{"util", "utils", "common", "helper", "helpers", "types", "base"},
	}
}

func reservations() []Reservation {
	return []Reservation{
		{Import: "database/sql", For: []string{"internal/store/*"}, Why: "SQL is a matter of the store drivers"},
		{Import: "go.opentelemetry.io", For: []string{"internal/otel"}, Why: "all else knows internal/trace"},
		{
			Import: "net/http",
			For: []string{
				"cmd/...", "client", "internal/auth", "internal/conform", "internal/control", "internal/emulate",
				"internal/fault", "internal/inspect", "internal/record", "internal/server", "internal/dialect/...",
				"internal/webhook", "internal/store/postgres/pgtest", "rostertest",
			},
			Why: "HTTP is a matter of the edges",
		},
	}
}

package fipto

import (
	"embed"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// golden has the golden cases.
//
//go:embed testdata/*.txtar
var golden embed.FS

// laws do not say how users come without sort: when they were made is not shown.
func laws() *dialect.Laws {
	return &dialect.Laws{
		List: "data", Key: "id", Total: dialect.Total{Member: "meta.total_results"},
		Filters: []dialect.Filter{
			{Param: "user_type", Members: []string{"type"}, Contract: roster.Live},
			{Param: "user_role", Members: []string{"attributes.role"}, Contract: roster.Live},
			{Param: "statuses", Members: []string{"attributes.status"}},
			{Param: "search", Members: []string{"attributes.email", "attributes.name"}, Is: dialect.Finds},
		},
		Orders: []dialect.Order{{Query: "sort=email", Member: "attributes.email", Mark: dialect.Seed}},
	}
}

package flxpoint

import (
	"embed"

	"github.com/roster-dev/roster/internal/dialect"
)

// golden has the golden cases.
//
//go:embed testdata/*.txtar
var golden embed.FS

func laws() *dialect.Laws {
	return &dialect.Laws{
		Key: "id",
		Filters: []dialect.Filter{
			{Param: "ids", Members: []string{"id"}},
			{Param: "emails", Members: []string{"email"}},
		},
		Orders: []dialect.Order{{Member: "id", Mark: dialect.Ours}},
	}
}

package d3lay

import (
	"embed"

	"github.com/roster-dev/roster/internal/dialect"
)

// golden has the golden cases.
//
//go:embed testdata/*.txtar
var golden embed.FS

func laws() *dialect.Laws {
	l := &dialect.Laws{
		Key: "id", Total: dialect.Total{Header: "X-Total-Count"},
		Filters: []dialect.Filter{
			{Param: "created_at_from", Members: []string{"created_at"}, Is: dialect.AtLeast},
			{Param: "created_at_to", Members: []string{"created_at"}, Is: dialect.AtMost},
			{Param: "updated_at_from", Members: []string{"updated_at"}, Is: dialect.AtLeast},
			{Param: "updated_at_to", Members: []string{"updated_at"}, Is: dialect.AtMost},
			{Param: "search", Members: []string{"email", "name"}, Is: dialect.Finds},
		},
		Orders: []dialect.Order{{Member: "created_at", Mark: dialect.Ours}},
	}
	for _, name := range [...]string{"id", "created_by", "updated_by", "user_type", "status"} {
		l.Filters = append(l.Filters, dialect.Filter{Param: name, Members: []string{name}})
	}
	for _, name := range [...]string{
		"id", "identifier", "name", "email", "status", "created_at", "updated_at", "created_by", "updated_by",
	} {
		l.Orders = append(l.Orders,
			dialect.Order{Query: "sort_by=" + name, Member: name, Mark: dialect.Seed},
			dialect.Order{Query: "sort_by=" + name + "&sort_order=desc", Member: name, Desc: true, Mark: dialect.Seed})
	}
	return l
}

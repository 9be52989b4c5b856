package sixeye

import (
	"embed"

	"github.com/roster-dev/roster/internal/dialect"
)

// golden has the golden cases.
//
//go:embed testdata/*.txtar
var golden embed.FS

// laws do not say how users come without sort: their numbers are not shown.
func laws() *dialect.Laws {
	l := &dialect.Laws{
		List: "data", Key: "id", Total: dialect.Total{Member: "meta.total"},
		Filters: []dialect.Filter{{Param: "filter[id]", Members: []string{"id"}}},
	}
	for _, name := range [...]string{
		"firstName", "lastName", "email", "phoneNumber", "suspended", "twoFactorEnabled", "tenantAdmin",
	} {
		l.Filters = append(l.Filters, dialect.Filter{
			Param: "filter[" + name + "]", Members: []string{"attributes." + name},
		})
	}
	for _, by := range [...][2]string{
		{"id", "id"},
		{"email", "attributes.email"},
		{"lastLoginTime", "attributes.lastLoginTime"},
		{"lastActionTime", "attributes.lastActionTime"},
	} {
		l.Orders = append(l.Orders,
			dialect.Order{Query: "sort=" + by[0], Member: by[1], Mark: dialect.Ours},
			dialect.Order{Query: "sort=-" + by[0], Member: by[1], Desc: true, Mark: dialect.Ours})
	}
	return l
}

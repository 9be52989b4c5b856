package kaiten

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
		Key: "id", Total: dialect.Total{Member: "count", Flag: "only_records_count"},
		Filters: append(flagLaws(), memberLaws()...),
		Orders:  []dialect.Order{{Member: "id", Mark: dialect.Ours}},
	}
}

func groupLaws() *dialect.Laws {
	l := personLaws()
	l.Filters = []dialect.Filter{{Param: "query", Members: []string{"name"}, Is: dialect.Contains}}
	return l
}

func colleagueLaws() *dialect.Laws {
	l := personLaws()
	l.Filters = append([]dialect.Filter{
		{Param: "query", Members: []string{"email", "full_name"}, Is: dialect.Contains},
		{Param: "ids", Members: []string{"id"}},
	}, accessLaws()...)
	return l
}

// personLaws are those of lists that have users, or groups, and no parameters that can be seen.
func personLaws() *dialect.Laws {
	return &dialect.Laws{Key: "id", Orders: []dialect.Order{{Member: "id", Mark: dialect.Ours}}}
}

func flagLaws() []dialect.Filter {
	set := func(value string) map[string]string { return map[string]string{"true": value} }
	return []dialect.Filter{
		{Param: "invitesOnly", Members: []string{"activated"}, Values: set("false"), Partly: true},
		{Param: "owner_only", Members: []string{"role"}, Values: set("1")},
		{Param: "only_paid", Members: []string{"take_licence"}, Values: set("true"), Partly: true},
		{Param: "only_virtual", Members: []string{"virtual"}, Values: set("true")},
	}
}

func apps(param string, is dialect.Relation, values map[string]string) dialect.Filter {
	return dialect.Filter{Param: param, Members: []string{"apps_permissions"}, Is: is, Values: values}
}

func accessLaws() []dialect.Filter {
	return []dialect.Filter{
		apps("access_type_permissions", dialect.AnyBit, map[string]string{"member": "1", "guest": "2"}),
		apps("access_type_permissions", dialect.NoBit, map[string]string{"denied": "3"}),
	}
}

func memberLaws() []dialect.Filter {
	return append(accessLaws(), []dialect.Filter{
		{Param: "query", Members: []string{"email", "full_name"}, Is: dialect.Contains},
		apps("sd_access_type", dialect.AnyBit, map[string]string{"has_access": "4"}),
		apps("sd_access_type", dialect.NoBit, map[string]string{"has_no_access": "4"}),
		{
			Param: "take_licence", Members: []string{"take_licence"},
			Values: map[string]string{"yes": "true", "no": "false"},
		},
		{
			Param: "temporarily_inactive_status", Members: []string{"temporarily_inactive"},
			Values: map[string]string{"only_temporarily_inactive_users": "true", "only_active_users": "false"},
		},
		{Param: "group_ids", Members: []string{"groups[].id"}},
		{Param: "permissions", Members: []string{"permissions"}, Is: dialect.AnyBit},
	}...)
}

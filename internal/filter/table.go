package filter

import "github.com/roster-dev/roster"

// Row says what can be asked about a field, for documentation.
type Row struct {
	Name string
	// Type is text, uuid, integer, number, mask, enum, boolean, time, numbers or texts (sets of them), or structure.
	Type string
	// Comparators lists what the field can be compared with values by; nil where it can't be filtered by. All that can
	// be filtered by know name:*, name = null and name != null, too.
	Comparators []string
	// Values lists the values of an enumeration or a flag; nil for all other types.
	Values []string
	// Begins says whether a value can end in *, for any rest: name = "ada*".
	Begins bool
	// Parts says whether a part can be asked for, by name:ada or name = "*ada*".
	Parts bool
	// Anywhere says whether a text alone is looked for in the field.
	Anywhere bool
	// Sortable says whether records can be ordered by the field.
	Sortable bool
	// Needs is the permission without which the field is unknown, or "".
	Needs roster.Permission
	// Example is a filter; "" where the field can't be filtered by.
	Example string
}

// Table returns a row for each field of users, in the order of the table of fields.
func Table() []Row { return Users(nil).Table() }

// Table returns a row for each field.
func (fs Fields) Table() []Row {
	var rows []Row
	for _, info := range fs.rows {
		kind := kindOf(&info)
		row := Row{
			Name: info.Name, Type: kind.name, Comparators: comparators(&info), Begins: info.Type == roster.TypeText,
			Parts: info.Searchable, Anywhere: holdsParts(&info), Sortable: info.Sortable, Needs: info.Needs,
		}
		if info.Filterable {
			row.Example = info.Name + kind.example
		}
		switch info.Type {
		case roster.TypeEnum:
			row.Values = named(info.Enum)
			row.Example += row.Values[0]
		case roster.TypeBool:
			row.Values = flags()
		case roster.TypeTexts:
			if row.Values = info.Enum; len(row.Values) > 0 {
				row.Example = info.Name + ":" + row.Values[0]
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// kind is what a type of fields is called, and a comparison with a value of it.
type kind struct{ name, example string }

func kindOf(info *roster.FieldInfo) kind {
	switch info.Type {
	case roster.TypeText:
		return kind{"text", ` = "ada*"`}
	case roster.TypeUUID:
		return kind{"uuid", " = 0190b2a4-7c1e-7d3a-9f00-000000000001"}
	case roster.TypeInt:
		return kind{"integer", " >= 1"}
	case roster.TypeDecimal:
		return kind{"number", " >= 0.5"}
	case roster.TypeMask:
		return kind{"mask", ":4"}
	case roster.TypeEnum:
		return kind{"enum", " = "}
	case roster.TypeBool:
		return kind{"boolean", " = true"}
	case roster.TypeTime:
		return kind{"time", " < ago(30d)"}
	case roster.TypeNumbers:
		return kind{"numbers", ":7"}
	case roster.TypeTexts:
		return kind{"texts", ":ada"}
	default:
		return kind{"structure", ""}
	}
}

// Example is a filter and what it asks for, for documentation.
type Example struct{ Filter, Meaning string }

// Examples returns filters that show the language.
func Examples() []Example {
	return []Example{
		{`ada`, "users with ada in their identifier, e-mail, name or description"},
		{`status = active -kind:virtual`, "active users who are not virtual"},
		{`status = (active OR invited) AND email:"@example.com"`, "active or invited users with such an e-mail"},
		{`name = "Ada*"`, "users whose name begins with Ada, whatever the case"},
		{`last_login_at < ago(90d) OR last_login_at = null`, "users who have not logged in for 90 days, or never"},
		{`created_at >= 2026-01-01 created_at < 2026-02-01`, "users of January 2026 (UTC)"},
		{`groups:7 AND NOT two_factor = true`, "members of the group 7 without two factors"},
		{`permissions:(1 OR 4)`, "users with one of two permission bits"},
		{`phone:*`, "users with a phone"},
	}
}

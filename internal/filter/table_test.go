package filter

import (
	"slices"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
)

// The table says what Parse does: each field knows the comparators that it lists and no others.
func TestTable(t *testing.T) {
	t.Parallel()
	rows := Table()
	if got, want := len(rows), len(roster.Fields()); got != want {
		t.Fatalf("the table has %d rows for %d fields", got, want)
	}
	for i, row := range rows {
		info := roster.Fields()[i]
		if row.Name != info.Name || row.Needs != info.Needs || (row.Example != "") != info.Filterable {
			t.Errorf("row %d is %+v, want one for %s", i, row, info.Name)
		}
		if strings.Contains(row.Example, "*") && !row.Begins {
			t.Errorf("%s: the example is %s", row.Name, row.Example)
		}
		accepts(t, row.Example, info.Filterable)
		accepts(t, row.Name+":*", info.Filterable)
		accepts(t, row.Name+" = null", info.Filterable)
		accepts(t, row.Name+" != null", info.Filterable)
		value := sample(row)
		for _, op := range []string{"=", "!=", "<", "<=", ">", ">=", ":"} {
			accepts(t, row.Name+op+value, slices.Contains(row.Comparators, op))
		}
		accepts(t, row.Name+` = "ada*"`, row.Begins)
		accepts(t, row.Name+` = "*ada*"`, row.Parts)
		accepts(t, row.Name+` : ada`, row.Parts)
		if _, err := ParseOrder(row.Name, nil); (err == nil) != row.Sortable {
			t.Errorf("an order by %s: %v, want it accepted: %t", row.Name, err, row.Sortable)
		}
	}
}

// sample returns a value of the row's field.
func sample(row Row) string {
	if row.Values != nil {
		return row.Values[len(row.Values)-1]
	}
	values := map[string]string{"text": "ada", "uuid": idA, "time": "2026-03-01", "structure": "a"}
	if value, ok := values[row.Type]; ok {
		return value
	}
	return "4"
}

func accepts(t *testing.T, filter string, want bool) {
	t.Helper()
	if filter == "" {
		return
	}
	if _, err := Parse(filter, nil, now); (err == nil) != want {
		t.Errorf("%s: %v, want it accepted: %t", filter, err, want)
	}
}

// A text alone is looked for in the fields that the table says.
func TestAnywhere(t *testing.T) {
	t.Parallel()
	e, err := Parse("ada", nil, now)
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, x := range e.(roster.Or) {
		got = append(got, x.(roster.Contains).Field.String())
	}
	for _, row := range Table() {
		if row.Anywhere {
			want = append(want, row.Name)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("a text alone is looked for in %q, want %q", got, want)
	}
}

// Each example finds the first user and not the second.
func TestExamples(t *testing.T) {
	t.Parallel()
	with := &roster.User{
		Name: "Ada Moreno", Email: "ada@example.com", Status: roster.Active, Groups: []int64{7}, Permissions: 4,
		Phone: "1", LastLoginAt: now.Add(-100 * 24 * 3600e9), CreatedAt: roster.Time(march - 40*day),
	}
	without := &roster.User{
		Name: "Bob", Status: roster.Risky, Permissions: 2, LastLoginAt: now, CreatedAt: march, TwoFactor: true,
		Kind: roster.Virtual,
	}
	for _, example := range Examples() {
		e, err := Parse(example.Filter, nil, now)
		if err != nil {
			t.Errorf("%s: %v", example.Filter, err)
			continue
		}
		if !matches(e, with) || matches(e, without) {
			t.Errorf("%s (%s) matches %t and %t", example.Filter, example.Meaning, matches(e, with), matches(e, without))
		}
	}
}

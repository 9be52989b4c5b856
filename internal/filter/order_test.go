package filter

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
)

func TestParseOrder(t *testing.T) {
	t.Parallel()
	email, byName := roster.Sort{Field: roster.FieldEmail}, roster.Sort{Field: roster.FieldName, Desc: true}
	for order, want := range map[string][]roster.Sort{
		"":                          nil,
		"  ":                        nil,
		"email":                     {email},
		"email,name desc":           {email, byName},
		"name  DESC , email  asc  ": {byName, email},
		"\tname\tdesc,email":        {byName, email},
	} {
		got, err := ParseOrder(order, nil)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v (-want +got)\n%s", order, err, diff)
		}
		if err := (roster.Query{Sort: got}).Validate(); err != nil {
			t.Errorf("%q: %v", order, err)
		}
	}
}

func TestOrderFaults(t *testing.T) {
	t.Parallel()
	fields := "; possible: " + strings.Join(Users(nil).names(sortable), ", ")
	for marked, want := range map[string]string{
		`^,email`:          `at character 1: the name of a field must come here, not ","`,
		`email,^`:          `at the end: the name of a field must come here`,
		`email, ^,`:        `at character 8: the name of a field must come here, not ","`,
		`email ^down`:      `at character 7: a comma must come before "down"; possible: asc, desc, ,`,
		`email ^decs`:      `at character 7: a comma must come before "decs" (did you mean desc?); possible: asc, desc, ,`,
		`email desc ^name`: `at character 12: a comma must come before "name"; possible: asc, desc, ,`,
		`name,^-email`:     `at character 6: there is no field "-email" (did you mean email desc?)` + fields,
		`^emial`:           `at character 1: there is no field "emial" (did you mean email?)` + fields,
		`^groups`:          `at character 1: users can't be ordered by groups` + fields,
		`^phone desc`:      `at character 1: users can't be ordered by phone` + fields,
		`name, ^name desc`: `at character 7: name is there already`,
		"name,^\xff":       `at character 6: must be valid UTF-8`,
	} {
		testFault(t, marked, want, func(order string) error {
			_, err := ParseOrder(order, nil)
			if field := roster.AsError(err).Field; field != OrderParam {
				t.Errorf("%s: the error is about %s", order, field)
			}
			return err
		})
	}
	long := strings.Repeat(" ", MaxBytes+1)
	if _, err := ParseOrder(long, nil); roster.CodeOf(err) != roster.Invalid {
		t.Errorf("an order of %d bytes: got %v, want the error %s", len(long), err, roster.Invalid)
	}
}

package roster_test

import (
	"strings"
	"testing"

	"github.com/roster-dev/roster"
)

func TestParseSuggestsMembers(t *testing.T) {
	t.Parallel()
	for member, want := range map[string]string{
		"statuss": "(did you mean status?)", "frist_name": "(did you mean first_name?)", "emial": "(did you mean email?)", "zzz": "",
		"e-mail": "(did you mean email?)",
	} {
		_, err := roster.ParseEntity(roster.TypeUser, []byte(`{"`+member+`":1}`))
		e := roster.AsError(err)
		if e.Field != member || want != "" && !strings.Contains(e.Message, want) ||
			!strings.Contains(e.Message, "known are id, number") {
			t.Errorf("%s: got %v, want %q and the known members", member, err, want)
		}
	}
}

// What is set by others than who writes is accepted and does not count, but nobody is told to give it.
func TestParseListsWhatCounts(t *testing.T) {
	t.Parallel()
	_, err := roster.ParseEntity(roster.TypeOrganization, []byte(`{"nxt":1,"next":{"user":7},"version":3}`))
	e := roster.AsError(err)
	if len(e.Details) != 1 || e.Field != "nxt" || strings.Contains(e.Message, "next") ||
		!strings.HasSuffix(e.Message, "known are id, number, slug, name, brand_name, created_at, updated_at, contracts, limits") {
		t.Errorf("got %v", err)
	}
}

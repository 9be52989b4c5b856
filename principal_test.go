package roster_test

import (
	"testing"

	"github.com/roster-dev/roster"
)

func TestPrincipalActor(t *testing.T) {
	token, user := roster.ID{1}, roster.ID{2}
	for _, test := range []struct {
		name string
		p    roster.Principal
		want roster.ID
	}{
		{"a token", roster.Principal{Token: token}, token},
		{"a token for a user", roster.Principal{Token: token, ActsAs: user}, token},
		{"a user who signed", roster.Principal{ActsAs: user}, user},
		{"the operator", roster.Operator(), roster.ID{}},
	} {
		if got := test.p.Actor(); got != test.want {
			t.Errorf("%s: Actor = %s, want %s", test.name, got, test.want)
		}
	}
}

func TestOperatorMayDoEverything(t *testing.T) {
	for _, p := range roster.AllPermissions() {
		if !roster.Operator().Permissions.Has(p) {
			t.Errorf("the operator lacks %s", p)
		}
		if (roster.Principal{}).Permissions.Has(p) {
			t.Errorf("nobody has %s", p)
		}
	}
}

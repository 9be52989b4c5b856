package audit_test

import (
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
)

// What has several words tells of the person wherever it stands in what is imported, a single word only as a whole value.
func TestInputsThatTellOfAPerson(t *testing.T) {
	t.Parallel()
	p := audit.NewPerson(roster.ID{1}, nil)
	p.Meet(&roster.User{
		ID: roster.ID{1}, Number: 7, Name: "Max", Identifier: "max", Email: "m.h@example.com", FirstName: "Max",
		LastName: "Holloway",
	})
	for text, want := range map[string]bool{
		`{"email":"a@example.com","name":"Max Mustermann"}`:    false,
		`{"email":"a@example.com","description":"knows Max."}`: false,
		`{"email":"a@example.com","identifier":"MAX"}`:         true,
		`{"name":"M\u0061x"}`:                                  true,
		"email,identifier\nx@y.z,max":                          true,
		"email;identifier\nx@y.z; Max":                         true,
		"max.2,maximal":                                        false,
		"ask m.h@example.com about it":                         true,
		"ask Max  Holloway about it":                           true,
		"user " + p.ID.String():                                true,
		"":                                                     false,
	} {
		if got := p.IsInInput(text); got != want {
			t.Errorf("%q tells of the person: %t, want %t", text, got, want)
		}
	}
	if !p.IsTold("name = max AND number > 3") {
		t.Error("a filter with a single word does not tell of the person")
	}
}

package roster_test

import (
	"testing"

	"github.com/roster-dev/roster"
)

// TestImportAgainChangesNothing imports a user whose settings have their members in an order that no encoder of ours would
// choose, and then the same line again.
func TestImportAgainChangesNothing(t *testing.T) {
	t.Parallel()
	const line = `{"id":"0190a000-0000-7000-8000-000000000009","name":"A","email":"a@example.com",` +
		`"email_settings":{"subject_by":"x","deadlines":true},"apps_access":4}`
	record, err := roster.ParseEntity(roster.TypeUser, []byte(line))
	if err != nil {
		t.Fatal(err)
	}
	existing := *record.(*roster.User)
	existing.Number, existing.Identifier, existing.UserType = 1, "a", roster.SaasUser
	existing.CreatedAt, existing.UpdatedAt = 5, 5
	state := oneUser{&existing}
	env := roster.Env{By: roster.Operator(), Now: 10}
	again := roster.Import{Record: record, Patch: []byte(line), OnConflict: roster.OnConflictUpdate}
	ops, err := roster.Decide(state, env, again)
	if err != nil || len(ops) != 0 {
		t.Errorf("got %d ops, %v, want none", len(ops), err)
	}
}

// oneUser is the state of an organization with one user and nothing else.
type oneUser struct{ user *roster.User }

func (s oneUser) Version() roster.Version { return 1 }

func (s oneUser) Get(t roster.Type, id roster.ID) (roster.Entity, error) {
	if t == roster.TypeUser && id == s.user.ID {
		return s.user, nil
	}
	return nil, nil
}

func (s oneUser) Find(roster.Type, roster.Keys) (roster.Entity, error) { return nil, nil }

func (s oneUser) Each(roster.Type, func(roster.Entity) error) error { return nil }

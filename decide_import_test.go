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

// TestImportSigns imports a user with a history, and then updates it, as principals who may read authors and may not.
func TestImportSigns(t *testing.T) {
	t.Parallel()
	const now, later = 100, 200
	token, user, given, none := roster.ID{1}, roster.ID{2}, roster.ID{3}, roster.ID{}
	writer := roster.Principal{Token: token, Permissions: roster.Permissions{roster.UsersWrite}}
	acting, nobody, reader, operator := writer, writer, writer, roster.Operator()
	acting.ActsAs, nobody.Token = user, none
	reader.Permissions = roster.Permissions{roster.UsersWrite, roster.MetadataRead}
	old, next := history{5, 6, given, given}, history{now + 1, now + 1, given, given}
	for name, tc := range map[string]struct {
		by          roster.Principal
		given, want history
		updatedBy   roster.ID
	}{
		"who may not read authors": {writer, old, history{now, now, token, token}, token},
		"as a user":                {acting, old, history{now, now, user, user}, user},
		"without an id":            {nobody, old, history{now, now, none, none}, none},
		"who may read authors":     {reader, old, old, token},
		"the operator":             {operator, old, old, given},
		"no history":               {reader, history{}, history{now, now, token, token}, token},
		"no history, the operator": {operator, history{}, history{now, now, none, none}, none},
		"one author":               {reader, history{createdBy: given}, history{now, now, given, token}, token},
		"a time to come":           {reader, next, history{now, now, given, given}, token},
	} {
		imported := decideOn(t, nil, tc.by, now, roster.Import{Record: tc.given.user("A")})
		if got := historyOf(imported); got != tc.want {
			t.Errorf("%s: a new user has %v, want %v", name, got, tc.want)
		}
		update := roster.Import{Record: history{7, 8, user, user}.user("B"), OnConflict: roster.OnConflictUpdate}
		updated := decideOn(t, imported, tc.by, later, update)
		tc.want.updatedAt, tc.want.updatedBy = later, tc.updatedBy
		if got := historyOf(updated); got != tc.want {
			t.Errorf("%s: an updated user has %v, want %v", name, got, tc.want)
		}
	}
}

// history is when and by whom a user was made and updated.
type history struct {
	createdAt, updatedAt roster.Time
	createdBy, updatedBy roster.ID
}

func historyOf(u *roster.User) history {
	return history{u.CreatedAt, u.UpdatedAt, u.CreatedBy, u.UpdatedBy}
}

// user returns a user of a name with that history.
func (h history) user(name string) *roster.User {
	return &roster.User{
		ID: roster.ID{9}, Number: 1, Identifier: "a", Email: "a@example.com", Name: name, AppsAccess: 1,
		CreatedAt: h.createdAt, UpdatedAt: h.updatedAt, CreatedBy: h.createdBy, UpdatedBy: h.updatedBy,
	}
}

// decideOn returns the user that a command makes where there is a user or, for nil, none.
func decideOn(
	t *testing.T, user *roster.User, by roster.Principal, now roster.Time, cmd roster.Command,
) *roster.User {
	t.Helper()
	ops, err := roster.Decide(oneUser{user}, roster.Env{By: by, Now: now}, cmd)
	if err != nil || len(ops) != 1 {
		t.Fatalf("got %d ops, %v, want one", len(ops), err)
	}
	return ops[0].After.(*roster.User)
}

// oneUser is the state of an organization with one user, or with none for nil, and nothing else.
type oneUser struct{ user *roster.User }

func (s oneUser) Version() roster.Version { return 1 }

func (s oneUser) Get(t roster.Type, id roster.ID) (roster.Entity, error) {
	switch {
	case t == roster.TypeOrganization:
		return &roster.Organization{ID: id, Number: 1, Slug: "acme"}, nil
	case t == roster.TypeUser && s.user != nil && id == s.user.ID:
		return s.user, nil
	default:
		return nil, nil
	}
}

func (s oneUser) Find(roster.Type, roster.Keys) (roster.Entity, error) { return nil, nil }

func (s oneUser) Each(roster.Type, func(roster.Entity) error) error { return nil }

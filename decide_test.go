package roster

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCreateOrganization(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := get(w, &Organization{ID: testID(1)})
	want := &Organization{
		ID: testID(1), Number: 1, Slug: "demo", Name: "Demo Inc.", CreatedAt: monday, UpdatedAt: monday,
		Next: Numbers{Role: 4},
	}
	if diff := cmp.Diff(want, o); diff != "" {
		t.Errorf("organization (-want +got):\n%s", diff)
	}
	for number, handle := range map[int64]string{1: RoleAdmin, 2: RoleSupport, 3: RoleReadOnly} {
		e, err := w.state.Find(TypeRole, Keys{Number: number})
		if role, ok := e.(*Role); err != nil || !ok || role.Handle != handle || role.CreatedAt != monday {
			t.Errorf("role %d = %+v, %v; want %s, made on Monday", number, e, err, handle)
		}
	}
	w.refused(Create{Record: &Organization{Number: 2, Slug: "again", Name: "Again"}}, Conflict, "id")
	w.state = newMemState()
	w.refused(Create{Record: &Organization{Number: 2, Slug: "Bad Slug", Name: "Bad"}}, Invalid, "slug")
	w.as(Everything).refused(Create{Record: &Organization{Number: 2, Slug: "two", Name: "Two"}}, Forbidden, "")
	w.refused(Create{Record: &Group{Name: "Staff"}}, NotFound, "") // there is no organization
}

func TestPermissionsForWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("ada@example.com")
	group := &Group{Name: "Staff"}
	records := map[Type][]Command{
		TypeOrganization: {Update{Type: TypeOrganization, Patch: []byte(`{"name":"New"}`)}},
		TypeUser: {
			Create{Record: &User{Name: "Bob", Email: "bob@example.com"}},
			Update{Type: TypeUser, Ref: Ref{ID: u.ID}, Patch: []byte(`{"name":"A"}`)},
			Delete{Type: TypeUser, Ref: Ref{ID: u.ID}},
			Import{Record: &User{Name: "Bob", Email: "bob@example.com"}},
			Invite{User: &User{Name: "Bob", Email: "bob@example.com"}, Hash: "h", ExpiresAt: tuesday + 1},
		},
		TypeGroup: {Create{Record: group}, Import{Record: group}},
		TypeSpace: {Create{Record: &Space{Title: "Board"}}},
		TypeRole:  {Create{Record: &Role{Handle: "boss", Name: "Boss", CountsAs: RoleAdmin}}},
		TypeToken: {Create{Record: &Token{Name: "CI", Kind: TokenAccount, Hash: "h"}}},
	}
	needs := map[Type]Permission{
		TypeOrganization: OrgsWrite, TypeUser: UsersWrite, TypeGroup: GroupsWrite, TypeSpace: GroupsWrite,
		TypeRole: GroupsWrite, TypeToken: TokensWrite,
	}
	for typ, commands := range records {
		for _, cmd := range commands {
			for _, p := range AllPermissions() {
				_, err := Decide(w.state, w.as(p).env, cmd)
				if allowed := p == needs[typ] || p == Everything; allowed != (err == nil) {
					t.Errorf("%T of a %s with %s: %v, want it allowed: %t", cmd, typ, p, err, allowed)
				} else if !allowed && CodeOf(err) != Forbidden {
					t.Errorf("%T of a %s with %s: %v, want the error %s", cmd, typ, p, err, Forbidden)
				}
			}
		}
	}
	w.as().refused(Revoke{Token: testID(9)}, Forbidden, "")
	w.as().refused(Delete{Type: TypeInvitation, Ref: Ref{ID: testID(9)}}, Forbidden, "")
}

func TestAnotherOrganizationIsOutOfReach(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env.By = Principal{Org: testID(2), Permissions: Permissions{Everything}}
	w.refused(Create{Record: &Group{Name: "Staff"}}, NotFound, "")
	w.refused(Accept{Hash: "h"}, NotFound, "")
}

func TestNumbersAreNeverUsedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	numbers := func(want, number int64) {
		t.Helper()
		ops := w.do(Create{Record: &Group{Name: "Staff", Number: number}})
		g, ok := ops[len(ops)-1].After.(*Group)
		if !ok || g.Number != want {
			t.Errorf("the group is %+v, want the number %d", ops[len(ops)-1].After, want)
		}
	}
	numbers(1, 0)
	numbers(2, 0)
	w.do(Delete{Type: TypeGroup, Ref: Ref{Number: 2}})
	numbers(3, 0)
	numbers(10, 10)
	numbers(11, 0)
	numbers(5, 5) // a free one below is taken as given
	numbers(12, 0)
	if u := w.user("ada@example.com"); u.Number != 1 {
		t.Errorf("the first user has the number %d, want 1: each type counts on its own", u.Number)
	}
	w.refused(Create{Record: &Group{Name: "Staff", Number: 10}}, Conflict, "number")
	w.refused(Create{Record: &Group{Name: "Staff", Number: -1}}, Invalid, "number")
	w.refused(Create{Record: &Group{Name: "Staff", Number: MaxNumber + 1}}, Invalid, "number")
	numbers(MaxNumber, MaxNumber)
	numbers(13, 0)
}

func TestCreateSetsTimesAndAuthors(t *testing.T) {
	t.Parallel()
	w := newWorld(t).as(UsersWrite, TokensWrite)
	given := &User{
		Email: "ada@example.com", Name: "Ada", CreatedAt: 1, UpdatedAt: 2, CreatedBy: testID(8), UpdatedBy: testID(8),
		AppsAccess: 1,
	}
	before := *given
	ops := w.do(Create{Record: given})
	u := ops[len(ops)-1].After.(*User)
	if u.CreatedAt != tuesday || u.UpdatedAt != tuesday || u.CreatedBy != testID(77) || u.UpdatedBy != testID(77) {
		t.Errorf("made %s by %s, updated %s by %s; want on Tuesday by the token",
			u.CreatedAt, u.CreatedBy, u.UpdatedAt, u.UpdatedBy)
	}
	if diff := cmp.Diff(&before, given); diff != "" {
		t.Errorf("the command's record has changed (-before +after):\n%s", diff)
	}
	ips := []string{" 192.0.2.1 "}
	token := w.do(Create{Record: &Token{Name: "CI", Kind: TokenAccount, Hash: "h", AllowedIPs: ips}})[0].After.(*Token)
	if token.CreatedBy != testID(77) || token.CreatedAt != tuesday || token.AllowedIPs[0] != "192.0.2.1" {
		t.Errorf("token = %+v, want it made on Tuesday by the token, its address trimmed", token)
	}
	if ips[0] != " 192.0.2.1 " {
		t.Errorf("the command's addresses have changed to %q", ips)
	}
}

func TestUniqueKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.user("ada@example.com", func(u *User) { u.Owner = true })
	bob := w.user("bob@example.com")
	other := func(change func(*User)) Create {
		u := &User{Email: "eve@example.com", Name: "Eve", AppsAccess: 1}
		change(u)
		return Create{Record: u}
	}
	w.refused(other(func(u *User) { u.ID = ada.ID }), Conflict, "id")
	w.refused(other(func(u *User) { u.Number = ada.Number }), Conflict, "number")
	w.refused(other(func(u *User) { u.Email = "ADA@example.com" }), Conflict, "email")
	w.refused(other(func(u *User) { u.Identifier = "Ada" }), Conflict, "identifier")
	w.refused(other(func(u *User) { u.Owner = true }), Conflict, "owner")
	patch := func(s string) Update { return Update{Type: TypeUser, Ref: Ref{ID: bob.ID}, Patch: []byte(s)} }
	w.refused(patch(`{"email":"ADA@example.com"}`), Conflict, "email")
	w.refused(patch(`{"identifier":"ADA"}`), Conflict, "identifier")
	w.do(Create{Record: &Token{Name: "CI", Kind: TokenAccount, Hash: "h"}})
	w.refused(Create{Record: &Token{Name: "CD", Kind: TokenAccount, Hash: "h"}}, Conflict, "secret")
	w.refused(Create{Record: &Role{Handle: RoleAdmin, Name: "Admin"}}, Conflict, "handle")
	w.do(patch(`{"email":"BOB@example.com","identifier":"Bob"}`)) // its own, in another case
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env.Now = monday
	u := w.user("ada@example.com", func(u *User) { u.Phone = "1" })
	w.env.Now = tuesday
	w = w.as(UsersWrite)
	update := func(patch string) Update {
		return Update{Type: TypeUser, Ref: Ref{Email: "ADA@example.com"}, Patch: []byte(patch)}
	}
	ops := w.do(update(`{"phone":null,"language":"en","created_at":"2020-01-01T00:00:00Z","created_by":null}`))
	wantVerbs(t, ops, "update user")
	want := *u
	want.Phone, want.Language, want.UpdatedAt, want.UpdatedBy = "", "en", tuesday, testID(77)
	if diff := cmp.Diff(Op{Before: u, After: &want}, ops[0]); diff != "" {
		t.Errorf("op (-want +got):\n%s", diff)
	}
	for _, patch := range []string{
		`{}`, `{"language":"en"}`, `{"language":" en "}`, `{"permissions":7}`, `{"updated_at":"2020-01-01T00:00:00Z"}`,
		`{"groups":[]}`, `{"number":1}`,
	} {
		if ops := w.do(update(patch)); len(ops) != 0 {
			t.Errorf("%s makes the ops %v, want none: it changes nothing", patch, verbs(ops))
		}
	}
	w.refused(update(`{"id":"01000000-0000-0000-0000-000000000009"}`), Invalid, "id")
	w.refused(update(`{"number":9}`), Invalid, "number")
	w.refused(update(`{"number":null}`), Invalid, "number")
	w.refused(update(`{"theme":"pink"}`), Invalid, "theme")
	w.refused(update(`{"nick":"x"}`), Invalid, "nick")
	w.refused(update(`[]`), Invalid, "")
	for _, ref := range []Ref{{}, {Number: 9}, {Email: "x@example.com"}, {Identifier: "x"}, {ID: testID(9)}} {
		w.refused(Update{Type: TypeUser, Ref: ref, Patch: []byte(`{}`)}, NotFound, "")
	}
}

func TestUpdateOfOtherRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.refused(Update{Type: TypeOrganization, Patch: []byte(`{"slug":"other"}`)}, Invalid, "slug")
	w.do(Update{Type: TypeOrganization, Patch: []byte(`{"contracts":{"kaiten":"live"}}`)})
	if o := get(w, &Organization{ID: testID(1)}); o.Contract("kaiten") != Live || o.Contract("d3lay") != Documented {
		t.Errorf("contracts = %v, want kaiten's live, d3lay's documented", o.Contracts)
	} else if o.Next.Role != 4 {
		t.Errorf("the next numbers are %v after an update, want them kept", o.Next)
	}
	w.refused(Update{Type: TypeRole, Ref: Ref{Identifier: RoleAdmin}, Patch: []byte(`{"handle":"boss"}`)}, Invalid, "handle")
	w.do(Update{Type: TypeRole, Ref: Ref{Identifier: RoleAdmin}, Patch: []byte(`{"name":"Chief"}`)})
	w.refused(Update{Type: TypeInvitation, Ref: Ref{ID: testID(9)}, Patch: []byte(`{}`)}, NotFound, "")
}

func TestImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record := User{
		ID: testID(50), Number: 7, Email: "ada@example.com", Name: "Ada", AppsAccess: 1, CreatedAt: 5, UpdatedAt: 6,
		CreatedBy: testID(8), Source: Source{"csv", "1"},
	}
	ops := w.do(Import{Record: &record})
	wantVerbs(t, ops, "create user")
	u := ops[0].After.(*User)
	if u.CreatedAt != 5 || u.UpdatedAt != 6 || u.CreatedBy != testID(8) || u.Number != 7 {
		t.Errorf("imported as %+v, want times, author and number kept", u)
	}
	for _, same := range []User{
		{ID: testID(50)}, {Number: 7}, {Email: "ADA@example.com"}, {Identifier: "Ada"}, record,
	} {
		w.refused(Import{Record: &same}, Conflict, "")
		w.refused(Import{Record: &same, OnConflict: OnConflictFail}, Conflict, "")
		if ops := w.do(Import{Record: &same, OnConflict: OnConflictSkip}); len(ops) != 0 {
			t.Errorf("skipping makes the ops %v, want none", verbs(ops))
		}
	}
	plain := w.do(Import{Record: &User{Email: "bob@example.com", Name: "Bob", AppsAccess: 1}})[0].After.(*User)
	if plain.CreatedAt != tuesday || plain.UpdatedAt != tuesday {
		t.Errorf("imported %s, updated %s; want Tuesday where none is given", plain.CreatedAt, plain.UpdatedAt)
	}
	future := w.do(Import{Record: &User{Email: "eve@example.com", Name: "Eve", AppsAccess: 1, CreatedAt: tuesday + 9}})
	if eve := future[0].After.(*User); eve.CreatedAt != tuesday || eve.UpdatedAt != tuesday {
		t.Errorf("made %s, updated %s; want Tuesday for a time to come", eve.CreatedAt, eve.UpdatedAt)
	}
	owner := &User{Email: "o@example.com", Name: "O", AppsAccess: 1, Owner: true}
	w.do(Import{Record: owner})
	other := &User{Email: "p@example.com", Name: "P", AppsAccess: 1, Owner: true}
	w.refused(Import{Record: other, OnConflict: OnConflictSkip}, Conflict, "owner") // it is not the same user
	for _, e := range []Entity{
		&Organization{ID: testID(1)}, &Token{ID: testID(3), Hash: "h"}, &Invitation{ID: testID(3), Hash: "h"},
	} {
		w.refused(Import{Record: e}, Invalid, "type")
	}
	w.do(Import{Record: &Group{Number: 3, Name: "Staff"}})
	w.refused(Import{Record: &Group{Number: 3, Name: "Staff"}}, Conflict, "")
}

func TestImportUpdates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("ada@example.com", func(u *User) { u.Phone, u.Role = "1", RoleAdmin })
	update := func(record User, patch string) []Op {
		t.Helper()
		cmd := Import{Record: &record, OnConflict: OnConflictUpdate}
		if patch != "" {
			cmd.Patch = []byte(patch)
		}
		return w.do(cmd)
	}
	w.env.Now++
	update(User{Email: u.Email}, `{"email":"ada@example.com","id":null,"number":null,"language":"en"}`)
	if got := get(w, u); got.Language != "en" || got.Phone != "1" || got.UpdatedAt != w.env.Now || got.Number != 1 {
		t.Errorf("after a patch: %+v, want the language set, phone and number kept, updated now", got)
	}
	const history = `"created_at":"2001-01-01T00:00:00Z","updated_at":"2002-01-01T00:00:00Z",` +
		`"created_by":"0190a000-0000-7000-8000-000000000001","updated_by":"0190a000-0000-7000-8000-000000000002"`
	update(User{Email: u.Email}, `{"language":"de",`+history+`}`)
	if got := get(w, u); got.Language != "de" || got.CreatedAt != u.CreatedAt || got.UpdatedAt != w.env.Now ||
		got.CreatedBy != u.CreatedBy || got.UpdatedBy != u.UpdatedBy {
		t.Errorf("after a patch with times and authors: %+v, want them kept but updated now", got)
	}
	if ops := update(User{Email: u.Email}, `{"language":"de",`+history+`}`); len(ops) != 0 {
		t.Errorf("an import that changes nothing makes %v, want none", verbs(ops))
	}
	// Without a patch the whole record counts; it need not know our id and number.
	update(User{Email: u.Email, Name: "Ada M.", AppsAccess: 2, Identifier: "adam"}, "")
	if got := get(w, u); got.Name != "Ada M." || got.AppsAccess != 2 || got.Identifier != "adam" || got.Number != 1 {
		t.Errorf("after a record: %+v, want its members", got)
	}
	bob := w.user("bob@example.com")
	renumbered, readdressed := *bob, *bob
	renumbered.Number, readdressed.Email = 9, "ada@example.com"
	w.refused(Import{&renumbered, OnConflictUpdate, []byte(`{"number":9}`)}, Invalid, "number")
	w.refused(Import{&readdressed, OnConflictUpdate, []byte(`{"email":"ada@example.com"}`)}, Conflict, "email")
}

type strangeCommand struct{ Command }

func TestDecideFailsForUnknownCommands(t *testing.T) {
	t.Parallel()
	newWorld(t).refused(strangeCommand{}, Internal, "")
}

func TestDecidePassesErrorsOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env.NewID = func() (ID, error) { return ID{}, errors.New("no entropy") }
	w.refused(Create{Record: &Group{Name: "Staff"}}, Internal, "")
	w.state.fail = errors.New("disk full")
	for _, cmd := range []Command{
		Create{Record: &Group{ID: testID(9), Name: "Staff"}},
		Update{Type: TypeUser, Ref: Ref{Number: 1}, Patch: []byte(`{}`)},
		Delete{Type: TypeUser, Ref: Ref{Number: 1}},
		Import{Record: &Group{Number: 1, Name: "Staff"}},
		Revoke{Token: testID(1)},
		Invite{User: &User{ID: testID(9)}, Hash: "h", ExpiresAt: tuesday + 1},
		Accept{Hash: "h"},
	} {
		if _, err := Decide(w.state, w.env, cmd); !errors.Is(err, w.state.fail) {
			t.Errorf("%T fails with %v, want %v", cmd, err, w.state.fail)
		}
	}
}

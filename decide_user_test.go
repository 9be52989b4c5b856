package roster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUserDefaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(Create{Record: &Role{Handle: "chief", Name: "Chief", CountsAs: RoleAdmin}})
	type shown struct {
		Identifier, Name string
		Type             UserType
	}
	for _, tc := range []struct {
		name   string
		change func(*User)
		want   shown
	}{
		{"plain", func(u *User) { u.Email, u.Name = "ada@example.com", "Ada" }, shown{"ada", "Ada", SaasUser}},
		{
			"local part taken", func(u *User) { u.Email, u.Name = "ADA@example.org", "Ada" },
			shown{"ADA-2", "Ada", SaasUser},
		},
		{
			"first and last name", func(u *User) { u.Email, u.FirstName, u.LastName = " bob@example.com ", "Bob", "Doe" },
			shown{"bob", "Bob Doe", SaasUser},
		},
		{
			"last name only", func(u *User) { u.Email, u.LastName = "doe@example.com", "Doe" },
			shown{"doe", "Doe", SaasUser},
		},
		{"no e-mail", func(u *User) { u.Kind, u.Name = Virtual, "Dr. Zoë Ü" }, shown{"dr.zoe.u", "Dr. Zoë Ü", SaasUser}},
		{"no letters", func(u *User) { u.Kind, u.Name = Virtual, "?!" }, shown{"user", "?!", SaasUser}},
		{"again", func(u *User) { u.Kind, u.Name = Virtual, "?" }, shown{"user-7", "?", SaasUser}},
		{
			"admin", func(u *User) { u.Email, u.Name, u.Role = "r1@example.com", "R", RoleAdmin },
			shown{"r1", "R", SaasAdmin},
		},
		{
			"counts as admin", func(u *User) { u.Email, u.Name, u.Role = "r2@example.com", "R", "chief" },
			shown{"r2", "R", SaasAdmin},
		},
		{
			"another role", func(u *User) { u.Email, u.Name, u.Role = "r3@example.com", "R", RoleSupport },
			shown{"r3", "R", SaasUser},
		},
		{
			"external", func(u *User) { u.Email, u.Name, u.External = "r4@example.com", "R", true },
			shown{"r4", "R", SaasUserClient},
		},
		{
			"external owner", func(u *User) { u.Email, u.Name, u.External, u.Owner = "r5@example.com", "R", true, true },
			shown{"r5", "R", SaasAdmin},
		},
		{
			"given", func(u *User) {
				u.Email, u.Name, u.Role, u.UserType, u.Identifier = "r6@example.com", "R", RoleAdmin, SaasUserClient, "Six"
			},
			shown{"Six", "R", SaasUserClient},
		},
	} {
		u := w.user("", tc.change)
		if diff := cmp.Diff(tc.want, shown{u.Identifier, u.Name, u.UserType}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
	w.refused(Create{Record: &User{Email: "x@example.com", AppsAccess: 1}}, Invalid, "name")
}

func TestIdentifierIsDerivedAgainFromTheSameAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("ada@example.com")
	if ops := w.do(Update{Type: TypeUser, Ref: Ref{ID: u.ID}, Patch: []byte(`{"identifier":null}`)}); len(ops) != 0 {
		t.Errorf("dropping a derived identifier makes %v, want nothing: it is the user's own", verbs(ops))
	}
}

func TestIdentifierOfLastResort(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("a@example.com", func(u *User) { u.Identifier = "ada" })
	w.user("b@example.com", func(u *User) { u.Identifier = "ada-3" })
	if u := w.user("ada@example.com"); u.Identifier != u.ID.String() {
		t.Errorf("the identifier is %q, want the id %s: both others are taken", u.Identifier, u.ID)
	}
	w.user("c@example.com", func(u *User) { u.Identifier = testID(60).String() })
	w.user("d@example.com", func(u *User) { u.Identifier = "ada-9" })
	w.refused(Create{
		Record: &User{ID: testID(60), Number: 9, Email: "ada@example.org", Name: "Ada", AppsAccess: 1},
	}, Conflict, "identifier")
}

func TestReferences(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(Create{Record: &Group{Name: "Staff"}})
	w.do(Create{Record: &Space{Title: "Board"}})
	for field, change := range map[string]func(*User){
		"role":             func(u *User) { u.Role = "boss" },
		"groups[1]":        func(u *User) { u.Groups = []int64{1, 2} },
		"groups[0]":        func(u *User) { u.Groups = []int64{0, 1} },
		"spaces[1].number": func(u *User) { u.Spaces = []SpaceAccess{{1, "reader"}, {2, "reader"}} },
		"spaces[0].number": func(u *User) { u.Spaces = []SpaceAccess{{0, "reader"}} },
		"default_space":    func(u *User) { u.DefaultSpace = 2 },
	} {
		u := &User{Email: "ada@example.com", Name: "Ada", AppsAccess: 1}
		change(u)
		w.refused(Create{Record: u}, Invalid, field)
	}
	w.user("ada@example.com", func(u *User) {
		u.Role, u.Groups, u.Spaces, u.DefaultSpace = RoleSupport, []int64{1}, []SpaceAccess{{1, "manager"}}, 1
	})
}

func TestOwnership(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.user("ada@example.com", func(u *User) { u.Owner = true })
	bob := w.user("bob@example.com")
	patch := func(u *User, s string) Update { return Update{Type: TypeUser, Ref: Ref{ID: u.ID}, Patch: []byte(s)} }
	w.refused(patch(ada, `{"owner":false}`), Conflict, "owner")
	w.refused(patch(ada, `{"owner":null}`), Conflict, "owner")
	w.refused(patch(ada, `{"status":"deactivated"}`), Conflict, "status")
	w.refused(patch(bob, `{"owner":true,"status":"deactivated"}`), Conflict, "status")
	w.refused(Delete{Type: TypeUser, Ref: Ref{ID: ada.ID}}, Conflict, "owner")
	demoted := *ada
	demoted.Owner = false
	w.refused(Import{&demoted, OnConflictUpdate, []byte(`{"owner":false}`)}, Conflict, "owner")
	w.do(patch(ada, `{"status":"suspended"}`))

	w.as(UsersWrite).refused(patch(bob, `{"owner":true}`), Forbidden, "")
	w = w.as(Everything)
	ops := w.do(patch(bob, `{"owner":true}`))
	wantVerbs(t, ops, "update user", "update user")
	if got := get(w, ada); got.Owner || got.UpdatedBy != testID(77) || got.UpdatedAt != tuesday {
		t.Errorf("the owner before is %+v, want it no owner, updated by the token", got)
	}
	if !get(w, bob).Owner {
		t.Error("the new owner is none")
	}
	w.do(patch(ada, `{"status":"deactivated"}`))
	w.do(Delete{Type: TypeUser, Ref: Ref{ID: ada.ID}})
	w.refused(Create{Record: &User{Email: "eve@example.com", Name: "Eve", AppsAccess: 1, Owner: true}}, Conflict, "owner")

	w = newWorld(t)
	w.refused(Create{Record: &User{
		Email: "eve@example.com", Name: "Eve", AppsAccess: 1, Owner: true, Status: Deactivated,
	}}, Conflict, "status")
	eve := w.user("eve@example.com")
	wantVerbs(t, w.do(patch(eve, `{"owner":true}`)), "update user") // there was no owner before
}

func TestDeleteUserDropsCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, bob := w.user("ada@example.com"), w.user("bob@example.com", func(u *User) { u.Status = Invited })
	token := func(hash string, actsAs ID) *Token {
		return w.do(Create{Record: &Token{Name: hash, Kind: TokenAccount, Hash: hash, ActsAs: actsAs}})[0].After.(*Token)
	}
	hers, revoked, other := token("a", bob.ID), token("b", bob.ID), token("c", ada.ID)
	w.do(Revoke{Token: revoked.ID})
	w.do(Invite{User: &User{ID: bob.ID}, Hash: "i", ExpiresAt: tuesday + 1})
	w.do(Invite{User: &User{Email: "eve@example.com", Name: "Eve", AppsAccess: 1}, Hash: "j", ExpiresAt: tuesday + 1})
	wantVerbs(t, w.do(Delete{Type: TypeUser, Ref: Ref{Email: bob.Email}}), "update token", "delete invitation",
		"create deleted_user", "delete user")
	if get(w, hers).RevokedAt != tuesday || get(w, other).RevokedAt != 0 {
		t.Error("the tokens of the deleted user, and only those, must be revoked")
	}
	w.refused(Delete{Type: TypeUser, Ref: Ref{Email: bob.Email}}, NotFound, "")
	w.refused(Delete{Type: TypeUser, Ref: Ref{}}, NotFound, "")
}

func TestDeleteTakesRecordsFromUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 2 {
		w.do(Create{Record: &Group{Name: "Staff"}})
		w.do(Create{Record: &Space{Title: "Board"}})
	}
	both := w.user("ada@example.com", func(u *User) {
		u.Groups, u.Spaces, u.DefaultSpace = []int64{1, 2}, []SpaceAccess{{1, "reader"}, {2, "writer"}}, 1
	})
	one := w.user("bob@example.com", func(u *User) { u.Groups, u.DefaultSpace = []int64{2}, 1 })
	w = w.as(GroupsWrite)
	w.env.Now++
	wantVerbs(t, w.do(Delete{Type: TypeGroup, Ref: Ref{Number: 1}}), "update user", "create deleted_group",
		"delete group")
	wantVerbs(t, w.do(Delete{Type: TypeSpace, Ref: Ref{Number: 1}}), "update user", "update user",
		"create deleted_space", "delete space")
	want := *both
	want.Groups, want.Spaces, want.DefaultSpace = []int64{2}, []SpaceAccess{{2, "writer"}}, 0
	want.UpdatedAt, want.UpdatedBy = tuesday+1, testID(77)
	if diff := cmp.Diff(&want, get(w, both)); diff != "" {
		t.Errorf("the user of both (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int64{1, 2}, both.Groups); diff != "" {
		t.Errorf("the shared record has changed (-want +got):\n%s", diff)
	}
	if got := get(w, one); got.DefaultSpace != 0 || len(got.Groups) != 1 {
		t.Errorf("the user of one has the groups %v and the default space %d", got.Groups, got.DefaultSpace)
	}
}

func TestDeleteRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(Create{Record: &Role{Handle: "chief", Name: "Chief", CountsAs: RoleAdmin}})
	u := w.user("ada@example.com", func(u *User) { u.Role = "chief" })
	for _, handle := range []string{RoleAdmin, RoleSupport, RoleReadOnly} {
		w.refused(Delete{Type: TypeRole, Ref: Ref{Identifier: handle}}, Conflict, "handle")
	}
	w.refused(Delete{Type: TypeRole, Ref: Ref{Identifier: "chief"}}, Conflict, "handle")
	w.do(Update{Type: TypeUser, Ref: Ref{ID: u.ID}, Patch: []byte(`{"role":null}`)})
	wantVerbs(t, w.do(Delete{Type: TypeRole, Ref: Ref{Identifier: "chief"}}), "create deleted_role", "delete role")
}

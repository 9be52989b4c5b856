package roster

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drawMember draws a user of an organization with the groups and spaces 1 to 3.
func drawMember(r *rapid.T, n int) *User {
	u := &User{
		Email: fmt.Sprintf("u%d@example.com", n), Name: rapid.StringMatching(`[A-Z][a-z]{1,8}`).Draw(r, "name"),
		Kind: Kind(rapid.IntRange(0, 2).Draw(r, "kind")), Status: Status(rapid.IntRange(0, 6).Draw(r, "status")),
		Role:       rapid.SampledFrom([]string{"", RoleAdmin, RoleReadOnly}).Draw(r, "role"),
		Groups:     rapid.SliceOfDistinct(rapid.Int64Range(1, 3), rapid.ID[int64]).Draw(r, "groups"),
		AppsAccess: 1, Locked: rapid.Bool().Draw(r, "locked"), LastLoginAt: Time(rapid.IntRange(0, 9).Draw(r, "login")),
		EmailSettings: rapid.SampledFrom([]Object{"", `{"a":1}`}).Draw(r, "settings"),
	}
	for _, number := range rapid.SliceOfDistinct(rapid.Int64Range(1, 3), rapid.ID[int64]).Draw(r, "spaces") {
		u.Spaces = append(u.Spaces, SpaceAccess{number, rapid.SampledFrom(AccessRoles()).Draw(r, "access")})
		u.DefaultSpace = number
	}
	return u
}

// A user who was deleted and restored is the same one, but for who changed it when.
func TestUndeleteIsDeleteBackwards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 3 {
		w.do(Create{Record: &Group{Name: fmt.Sprint("Group ", n)}})
		w.do(Create{Record: &Space{Title: fmt.Sprint("Space ", n)}})
	}
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		ops := w.do(Create{Record: drawMember(r, n)})
		before := ops[len(ops)-1].After.(*User)
		w.do(Delete{Type: TypeUser, Ref: Ref{ID: before.ID}})
		deleted := get(w, &DeletedUser{ID: before.ID})
		if diff := cmp.Diff(&DeletedUser{
			ID: before.ID, User: before, Deletion: Deletion{DeletedAt: w.env.Now, PurgeAt: w.env.Now + KeptFor},
		}, deleted); diff != "" {
			r.Fatalf("deleted (-want +got):\n%s", diff)
		}
		ref := rapid.SampledFrom([]Ref{
			{ID: before.ID},
			{Number: before.Number},
			{Email: strings.ToUpper(before.Email)},
			{Identifier: before.Identifier},
		}).Draw(r, "ref")
		w.env.Now++
		verbs := verbs(w.do(Undelete{Type: TypeUser, Ref: ref}))
		if diff := cmp.Diff([]string{"delete deleted_user", "create user"}, verbs); diff != "" {
			r.Fatalf("ops (-want +got):\n%s", diff)
		}
		want := *before
		want.UpdatedAt = w.env.Now
		if diff := cmp.Diff(&want, get(w, before)); diff != "" {
			r.Fatalf("restored (-want +got):\n%s", diff)
		}
	})
}

func TestUndeleteLeavesOutWhatIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(Create{Record: &Group{Name: "Gone"}})
	w.do(Create{Record: &Group{Name: "Stays"}})
	w.do(Create{Record: &Space{Title: "Gone"}})
	w.do(Create{Record: &Role{Handle: "boss", Name: "Boss", CountsAs: RoleAdmin}})
	bob := w.user("bob@example.com", func(u *User) {
		u.Groups, u.Spaces, u.DefaultSpace, u.Role = []int64{1, 2}, []SpaceAccess{{1, "reader"}}, 1, "boss"
	})
	w.do(Delete{Type: TypeUser, Ref: Ref{ID: bob.ID}})
	w.do(Delete{Type: TypeGroup, Ref: Ref{Number: 1}})
	w.do(Delete{Type: TypeSpace, Ref: Ref{Number: 1}})
	w.do(Delete{Type: TypeRole, Ref: Ref{Identifier: "boss"}})
	w.do(Undelete{Type: TypeUser, Ref: Ref{ID: bob.ID}})
	want := *bob
	want.Groups, want.Spaces, want.DefaultSpace, want.Role = []int64{2}, nil, 0, ""
	got := *get(w, bob)
	if len(got.Spaces) == 0 {
		got.Spaces = nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("restored (-want +got):\n%s", diff)
	}
}

func TestUndeleteConflicts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.user("bob@example.com")
	w.do(Delete{Type: TypeUser, Ref: Ref{ID: bob.ID}})
	w.refused(Create{Record: &User{ID: bob.ID, Email: "x@example.com", Name: "X"}}, Conflict, "id")
	w.refused(Create{Record: &User{Number: bob.Number, Email: "x@example.com", Name: "X"}}, Conflict, "number")
	w.refused(Import{Record: &User{ID: bob.ID, Email: "x@example.com", Name: "X"}}, Conflict, "id")
	w.refused(Create{Record: &DeletedUser{ID: testID(5), User: bob}}, Invalid, "")
	w.refused(Update{Type: TypeDeletedUser, Ref: Ref{ID: bob.ID}, Patch: []byte(`{}`)}, Invalid, "")
	w.refused(Import{Record: &DeletedUser{ID: testID(5), User: bob}}, Invalid, "type")
	w.refused(Undelete{Type: TypeUser, Ref: Ref{ID: bob.ID}, IfMatch: []string{`"x"`}}, PreconditionFailed, "")
	w.refused(Undelete{Type: TypeUser, Ref: Ref{Email: "eve@example.com"}}, NotFound, "")
	w.as(UsersRead).refused(Undelete{Type: TypeUser, Ref: Ref{ID: bob.ID}}, Forbidden, "")
	w.as(UsersWrite).refused(Delete{Type: TypeDeletedUser, Ref: Ref{ID: bob.ID}}, Forbidden, "")

	second := w.user("bob@example.com")
	_, err := Decide(w.state, w.env, Undelete{Type: TypeUser, Ref: Ref{ID: bob.ID}})
	if e := AsError(err); e.Code != Conflict || e.Field != "email" || !strings.Contains(e.Message, second.ID.String()) {
		t.Errorf("a taken e-mail: got %v, want a conflict that names %s", err, second.ID)
	}
	w.do(Delete{Type: TypeUser, Ref: Ref{ID: second.ID}})
	w.refused(Undelete{Type: TypeUser, Ref: Ref{Email: bob.Email}}, Conflict, "") // which of the two?
	w.do(Delete{Type: TypeDeletedUser, Ref: Ref{ID: second.ID}})
	w.do(Undelete{Type: TypeUser, Ref: Ref{Email: bob.Email}})
	w.refused(Undelete{Type: TypeUser, Ref: Ref{ID: bob.ID}}, NotFound, "")
}

func TestDeletedUsersAreKeptAsLongAsSet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env.KeepDeleted = 5
	bob := w.user("bob@example.com")
	by := w.as(UsersWrite)
	by.do(Delete{Type: TypeUser, Ref: Ref{ID: bob.ID}})
	got := get(w, &DeletedUser{ID: bob.ID})
	if got.PurgeAt != w.env.Now+5 || got.DeletedBy != by.env.By.Token {
		t.Errorf("got %+v, want it kept for 5 ms by %s", got, by.env.By.Token)
	}
	for _, shown := range []struct {
		by      Permissions
		deleter ID
	}{{Permissions{UsersRead}, ID{}}, {Permissions{MetadataRead}, by.env.By.Token}} {
		if u := Shown(got, shown.by).(*DeletedUser); u.DeletedBy != shown.deleter {
			t.Errorf("with %v deleted_by is %s, want %s", shown.by, u.DeletedBy, shown.deleter)
		}
	}
}

// What is deleted and restored of an organization's groups, spaces and roles is as it was, with its members.
func TestUndeleteGivesMembersBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, record := range []Entity{
		&Group{Name: "Staff", Permissions: 4}, &Space{Title: "Board"}, &Space{Title: "Other"},
		&Role{Handle: "boss", Name: "Boss", CountsAs: RoleAdmin},
	} {
		w.do(Create{Record: record})
	}
	ada := w.user("ada@example.com", func(u *User) {
		u.Groups, u.Spaces, u.DefaultSpace = []int64{1}, []SpaceAccess{{1, "writer"}}, 1
	})
	bob := w.user("bob@example.com", func(u *User) { u.DefaultSpace = 1 })
	eve := w.user("eve@example.com", func(u *User) { u.Groups, u.Spaces = []int64{1}, []SpaceAccess{{1, "reader"}} })
	for _, c := range []struct {
		typ     Type
		ref     Ref
		members []DeletedMember
	}{
		{TypeGroup, Ref{Number: 1}, []DeletedMember{{User: ada.ID}, {User: eve.ID}}},
		{TypeSpace, Ref{Number: 1}, []DeletedMember{
			{User: ada.ID, Role: "writer", Default: true}, {User: bob.ID, Default: true}, {User: eve.ID, Role: "reader"},
		}},
		{TypeRole, Ref{Identifier: "boss"}, nil},
	} {
		by := w.as(GroupsWrite)
		ops := by.do(Delete{Type: c.typ, Ref: c.ref})
		was := ops[len(ops)-1].Before
		deleted := get(w, newDeleted(was, nil, Deletion{}))
		want := newDeleted(was, c.members, Deletion{
			DeletedAt: by.env.Now, PurgeAt: by.env.Now + KeptFor, DeletedBy: by.env.By.Token,
		})
		if diff := cmp.Diff(want, deleted); diff != "" {
			t.Errorf("the deleted %s (-want +got):\n%s", c.typ, diff)
		}
		by.do(Undelete{Type: c.typ, Ref: c.ref})
		again := clone(get(w, was))
		stamp(again, stampsOf(was))
		if diff := cmp.Diff(was, again); diff != "" {
			t.Errorf("the restored %s (-want +got):\n%s", c.typ, diff)
		}
	}
	for _, u := range []*User{ada, bob, eve} {
		got := clone(get(w, u)).(*User)
		if keepOurs(u, got); !sameDocument(u, got) {
			t.Errorf("user %d is not as before (-want +got):\n%s", u.Number, cmp.Diff(u, got))
		}
	}
}

// Who is gone, or has another default space by now, is not given one back; who is restored later has it by itself.
func TestUndeleteLeavesOutMembersThatAreGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(Create{Record: &Space{Title: "Board"}})
	w.do(Create{Record: &Space{Title: "Other"}})
	in := func(u *User) { u.Spaces, u.DefaultSpace = []SpaceAccess{{1, "reader"}}, 1 }
	ada, bob, eve := w.user("a@example.com", in), w.user("b@example.com", in), w.user("e@example.com", in)
	w.do(Delete{Type: TypeUser, Ref: Ref{ID: eve.ID}})
	w.do(Delete{Type: TypeSpace, Ref: Ref{Number: 1}})
	w.do(Delete{Type: TypeUser, Ref: Ref{ID: bob.ID}})
	w.do(Update{Type: TypeUser, Ref: Ref{ID: ada.ID}, Patch: []byte(`{"default_space":2}`)})
	wantVerbs(t, w.do(Undelete{Type: TypeSpace, Ref: Ref{Number: 1}}), "delete deleted_space", "create space",
		"update user")
	for _, u := range []*User{bob, eve} {
		w.do(Undelete{Type: TypeUser, Ref: Ref{ID: u.ID}})
	}
	for _, c := range []struct {
		*User

		spaces int
		first  int64
	}{{ada, 1, 2}, {bob, 0, 0}, {eve, 1, 1}} {
		if got := get(w, c.User); len(got.Spaces) != c.spaces || got.DefaultSpace != c.first {
			t.Errorf("%s: got spaces %v and default space %d, want %d spaces and %d", c.Email, got.Spaces,
				got.DefaultSpace, c.spaces, c.first)
		}
	}
}

func TestUndeleteRoleAndGroupConflicts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	boss := func() *Role { return &Role{Handle: "boss", Name: "Boss", CountsAs: RoleAdmin} }
	ops := w.do(Create{Record: boss()})
	first, _ := ops[len(ops)-1].After.(*Role)
	w.do(Delete{Type: TypeRole, Ref: Ref{Identifier: "boss"}})
	taken := boss()
	taken.ID = first.ID
	w.refused(Create{Record: taken}, Conflict, "id")
	w.refused(Import{Record: taken}, Conflict, "id")
	taken.ID, taken.Number = ID{}, first.Number
	w.refused(Create{Record: taken}, Conflict, "number")

	ops = w.do(Create{Record: boss()})
	second, _ := ops[len(ops)-1].After.(*Role)
	_, err := Decide(w.state, w.env, Undelete{Type: TypeRole, Ref: Ref{Identifier: "boss"}})
	if e := AsError(err); e.Code != Conflict || e.Field != "handle" || !strings.Contains(e.Message, second.ID.String()) {
		t.Errorf("a taken handle: got %v, want a conflict that names %s", err, second.ID)
	}
	w.do(Delete{Type: TypeRole, Ref: Ref{Identifier: "boss"}})
	w.refused(Undelete{Type: TypeRole, Ref: Ref{Identifier: "boss"}}, Conflict, "") // which of the two?
	w.refused(Undelete{Type: TypeRole, Ref: Ref{Number: second.Number}, IfMatch: []string{`"x"`}}, PreconditionFailed, "")
	w.as(UsersWrite).refused(Undelete{Type: TypeRole, Ref: Ref{Number: second.Number}}, Forbidden, "")
	w.do(Undelete{Type: TypeRole, Ref: Ref{Number: second.Number}})
	w.as(GroupsWrite).refused(Delete{Type: TypeDeletedRole, Ref: Ref{Number: first.Number}}, Forbidden, "")
	w.do(Delete{Type: TypeDeletedRole, Ref: Ref{Number: first.Number}})
	w.refused(Undelete{Type: TypeRole, Ref: Ref{Number: first.Number}}, NotFound, "")

	for _, typ := range []Type{TypeToken, TypeInvitation, TypeWebhook} {
		w.refused(Undelete{Type: typ, Ref: Ref{ID: testID(5)}}, Invalid, "type")
	}
	w.refused(Undelete{Type: TypeGroup, Ref: Ref{Number: 5}}, NotFound, "")
	w.refused(Create{Record: &DeletedGroup{ID: testID(5), Group: &Group{}}}, Invalid, "")
	w.refused(Import{Record: &DeletedSpace{ID: testID(5), Space: &Space{}}}, Invalid, "type")
	w.refused(Update{Type: TypeDeletedRole, Ref: Ref{ID: second.ID}, Patch: []byte(`{}`)}, Invalid, "")
}

package roster

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJoinAndLeave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(Create{Record: &Group{Name: "Night shift", Permissions: 4}})
	w.do(Create{Record: &Space{Title: "Warehouse"}})
	u := w.user("ada@example.com")
	ref, one := Ref{ID: u.ID}, Ref{Number: 1}
	w = w.as(UsersWrite)
	wantVerbs(t, w.do(Join{Type: TypeGroup, Ref: one, User: ref}), "update user")
	wantVerbs(t, w.do(Join{Type: TypeGroup, Ref: one, User: ref}), []string{}...)
	w.do(Join{Type: TypeSpace, Ref: one, User: ref, Role: "reader"})
	wantVerbs(t, w.do(Join{Type: TypeSpace, Ref: one, User: ref, Role: "writer"}), "update user")
	got := get(w, u)
	if diff := cmp.Diff([]SpaceAccess{{Number: 1, Role: "writer"}}, got.Spaces); diff != "" {
		t.Errorf("spaces (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int64{1}, got.Groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	w.refused(Join{Type: TypeSpace, Ref: one, User: ref, Role: "king"}, Invalid, "role")
	w.refused(Join{Type: TypeSpace, Ref: one, User: ref}, Invalid, "role")
	w.refused(Join{Type: TypeRole, Ref: one, User: ref}, Invalid, "type")
	w.refused(Join{Type: TypeGroup, Ref: Ref{Number: 9}, User: ref}, NotFound, "")
	w.refused(Join{Type: TypeGroup, Ref: one, User: Ref{Number: 9}}, NotFound, "")
	w.as(GroupsWrite).refused(Join{Type: TypeGroup, Ref: one, User: ref}, Forbidden, "")
	w.as(GroupsWrite).refused(Leave{Type: TypeGroup, Ref: one, User: ref}, Forbidden, "")
	wantVerbs(t, w.do(Leave{Type: TypeGroup, Ref: one, User: ref}), "update user")
	wantVerbs(t, w.do(Leave{Type: TypeSpace, Ref: one, User: ref}), "update user")
	w.refused(Leave{Type: TypeGroup, Ref: one, User: ref}, NotFound, "")
	w.refused(Leave{Type: TypeSpace, Ref: one, User: ref}, NotFound, "")
	if left := get(w, u); len(left.Groups)+len(left.Spaces) > 0 {
		t.Errorf("still in %v and %v", left.Groups, left.Spaces)
	}
}

func TestSuspendAndRestore(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name               string
		user               User
		suspended, restore Status
	}{
		{"active", User{Status: Active}, Suspended, Active},
		{"risky", User{Status: Risky}, Suspended, Active},
		{"suspended", User{Status: Suspended}, Suspended, Active},
		{"invited", User{Status: Invited, InvitedAt: monday}, Suspended, Invited},
		{"invited and there", User{Status: Active, InvitedAt: monday, Activated: true}, Suspended, Active},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			u := w.user("ada@example.com", func(u *User) {
				u.Status, u.InvitedAt, u.Activated = tc.user.Status, tc.user.InvitedAt, tc.user.Activated
			})
			w = w.as(UsersWrite)
			for range 2 { // the second time does nothing
				w.do(Suspend{Ref: Ref{ID: u.ID}})
				if got := get(w, u).Status; got != tc.suspended {
					t.Errorf("suspended, the user is %s, want %s", got, tc.suspended)
				}
			}
			for range 2 {
				w.do(Restore{Ref: Ref{ID: u.ID}})
				if got := get(w, u).Status; got != tc.restore {
					t.Errorf("restored, the user is %s, want %s", got, tc.restore)
				}
			}
		})
	}
	w := newWorld(t)
	u := w.user("ada@example.com", func(u *User) { u.Status = Deactivated })
	w.refused(Suspend{Ref: Ref{ID: u.ID}}, Conflict, "status")
	w.refused(Restore{Ref: Ref{ID: u.ID}}, Conflict, "status")
	w.refused(Suspend{Ref: Ref{Number: 99}}, NotFound, "")
	w.as(UsersRead).refused(Suspend{Ref: Ref{ID: u.ID}}, Forbidden, "")
	w.as(UsersRead).refused(Restore{Ref: Ref{ID: u.ID}}, Forbidden, "")
}

// conditional returns every command that takes a condition, on records of a world.
func conditional(w *world) map[string]func(tags []string) Command {
	w.t.Helper()
	u := w.user("ada@example.com")
	w.do(Create{Record: &Token{Name: "t", Kind: TokenAccount, Hash: "h"}})
	var token ID
	for key := range w.state.records {
		if key.Type == TypeToken {
			token = key.ID
		}
	}
	ref := Ref{ID: u.ID}
	w.do(Create{Record: &Group{Name: "g"}})
	w.do(Join{Type: TypeGroup, Ref: Ref{Number: 1}, User: ref})
	invited := w.do(Invite{User: &User{Name: "Eve", Email: "eve@example.com"}, Hash: "i"})
	invitation := invited[len(invited)-1].Key().ID
	return map[string]func([]string) Command{
		"join": func(tags []string) Command {
			return Join{Type: TypeGroup, Ref: Ref{Number: 1}, User: ref, IfMatch: tags}
		},
		"leave": func(tags []string) Command {
			return Leave{Type: TypeGroup, Ref: Ref{Number: 1}, User: ref, IfMatch: tags}
		},
		"invite again": func(tags []string) Command { return Invite{Again: invitation, Hash: "j", IfMatch: tags} },
		"invitation": func(tags []string) Command {
			return Update{Type: TypeInvitation, Ref: Ref{ID: invitation}, Patch: []byte(`{}`), IfMatch: tags}
		},
		"update": func(tags []string) Command {
			return Update{Type: TypeUser, Ref: ref, Patch: []byte(`{}`), IfMatch: tags}
		},
		"suspend": func(tags []string) Command { return Suspend{Ref: ref, IfMatch: tags} },
		"restore": func(tags []string) Command { return Restore{Ref: ref, IfMatch: tags} },
		"revoke":  func(tags []string) Command { return Revoke{Token: token, IfMatch: tags} },
		"delete":  func(tags []string) Command { return Delete{Type: TypeUser, Ref: ref, IfMatch: tags} },
		"organization": func(tags []string) Command {
			return Update{Type: TypeOrganization, Patch: []byte(`{}`), IfMatch: tags}
		},
	}
}

func TestIfMatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, cmd := range conditional(w) {
		_, err := Decide(w.state, w.env, cmd([]string{`"none"`, `W/"*"`}))
		e := AsError(err)
		if e.Code != PreconditionFailed || e.Record == nil {
			t.Errorf("%s: %v, want %s with the record", name, err, PreconditionFailed)
			continue
		}
		tag := e.Tag
		if record, ok := e.Record.(Entity); ok && tag != Tag(record) {
			t.Errorf("%s: the tag is %s, and that of the record %s", name, tag, Tag(record))
		}
		if !strings.Contains(e.Message, tag) {
			t.Errorf("%s: %q does not name the tag %s", name, e.Message, tag)
		}
		for _, tags := range [][]string{nil, {"*"}, {`"none"`, tag}} {
			if _, err := Decide(w.state, w.env, cmd(tags)); err != nil {
				t.Errorf("%s with %q: %v", name, tags, err)
			}
		}
		if _, err := Decide(w.state, w.env, cmd([]string{"W/" + tag})); CodeOf(err) != PreconditionFailed {
			t.Errorf("%s with a weak tag: %v, want %s", name, err, PreconditionFailed)
		}
	}
}

// Who is no member has no tag that could match, and the tag of a member says all that is shown of it.
func TestTagsOfMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("ada@example.com")
	w.do(Create{Record: &Space{Title: "s"}})
	put := func(role string, tags ...string) Join {
		return Join{Type: TypeSpace, Ref: Ref{Number: 1}, User: Ref{ID: u.ID}, Role: role, IfMatch: tags}
	}
	w.refused(put("reader", "*"), PreconditionFailed, "")
	w.refused(Leave{Type: TypeSpace, Ref: Ref{Number: 1}, User: Ref{ID: u.ID}, IfMatch: []string{"*"}}, NotFound, "")
	w.do(put("reader"))
	member, is := MemberOf(get(w, u), TypeSpace, 1)
	if !is || member.Role != "reader" || member.Email != u.Email {
		t.Fatalf("the member is %+v, %t", member, is)
	}
	w.do(put("writer", member.Tag()))
	w.refused(put("manager", member.Tag()), PreconditionFailed, "")
}

// The tag tells nothing of what is hidden, and everything of what is shown.
func TestTag(t *testing.T) {
	t.Parallel()
	base := User{ID: testID(1), Number: 1, Name: "Ada", CreatedBy: testID(2), UpdatedBy: testID(3), Permissions: 4}
	tag := func(by Permissions, change func(*User)) string {
		u := base
		change(&u)
		return Tag(Shown(&u, by))
	}
	same := func(*User) {}
	author := func(u *User) { u.UpdatedBy = testID(9) }
	few, all := Permissions{UsersRead}, Permissions{MetadataRead}
	if tag(few, same) != tag(few, author) {
		t.Error("the tag tells of an author who is hidden")
	}
	if tag(all, same) == tag(all, author) {
		t.Error("the tag does not tell of an author who is shown")
	}
	if tag(few, same) == tag(few, func(u *User) { u.Permissions = 6 }) {
		t.Error("the tag does not tell of the permissions from groups")
	}
	token := Token{ID: testID(1), Hash: "a", LastUsedAt: 5, CreatedBy: testID(2)}
	other := Token{ID: testID(1), Hash: "b", LastUsedAt: 6, CreatedBy: testID(3)}
	if Tag(Shown(&token, few)) != Tag(Shown(&other, few)) {
		t.Error("the tag of a token tells of its secret, its use or its author")
	}
	invitation, second := Invitation{ID: testID(1), Hash: "a"}, Invitation{ID: testID(1), Hash: "b"}
	if Tag(Shown(&invitation, all)) != Tag(Shown(&second, all)) {
		t.Error("the tag of an invitation tells of its secret")
	}
	org := Organization{ID: testID(1), Version: 7, Next: Numbers{User: 3}}
	if got := Tag(Shown(&org, all)); !strings.HasSuffix(got, `.7"`) {
		t.Errorf("the tag of an organization is %s, want its version at the end", got)
	}
}

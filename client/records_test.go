package client_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/client"
)

func TestGroupsAndTheirMembers(t *testing.T) {
	t.Parallel()
	c, ctx := serve(t)("everything"), t.Context()
	before := len(collect(t, c.Groups(ctx, client.ListOptions{PageSize: 1})))
	made, err := c.CreateGroup(ctx, &roster.Group{Name: "Night shift", Permissions: 4})
	if err != nil {
		t.Fatal(err)
	}
	ref := roster.Ref{Number: made.Number}
	if _, err := c.UpdateGroup(ctx, ref, []byte(`{"permissions":6}`)); err != nil {
		t.Fatal(err)
	}
	read, err := c.Group(ctx, roster.Ref{ID: made.ID})
	if err != nil || read.Name != "Night shift" || read.Permissions != 6 {
		t.Errorf("the group is %+v, %v, want the name it was made with and the permissions 6", read, err)
	}
	groups := collect(t, c.Groups(ctx, client.ListOptions{PageSize: 1}))
	if len(groups) != before+1 || groups[before].ID != made.ID {
		t.Errorf("the list has %d groups, want %d, the new one last", len(groups), before+1)
	}
	for _, number := range []int64{2, 1} {
		if _, err := c.AddGroupMember(ctx, ref, roster.Ref{Number: number}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.RemoveGroupMember(ctx, ref, roster.Ref{Number: 2}); err != nil {
		t.Fatal(err)
	}
	members := collect(t, c.GroupMembers(ctx, ref, client.ListOptions{}))
	if len(members) != 1 || members[0].Number != 1 || members[0].Name == "" || members[0].User.IsZero() {
		t.Errorf("the members are %+v, want user 1", members)
	}
	if err := c.DeleteGroup(ctx, ref); err != nil {
		t.Fatal(err)
	}
	if err := c.DeleteGroup(ctx, ref); roster.CodeOf(err) != roster.NotFound {
		t.Errorf("deleting it again = %v, want %s", err, roster.NotFound)
	}
}

func TestSpacesAndTheirMembers(t *testing.T) {
	t.Parallel()
	c, ctx := serve(t)("everything"), t.Context()
	made, err := c.CreateSpace(ctx, &roster.Space{Title: "Warehouse", Access: "by_invite"})
	if err != nil {
		t.Fatal(err)
	}
	ref := roster.Ref{ID: made.ID}
	if made, err = c.UpdateSpace(ctx, ref, []byte(`{"archived":true}`)); err != nil || !made.Archived {
		t.Errorf("the space is %+v, %v, want it archived", made, err)
	}
	for _, role := range []string{"reader", "manager"} {
		m, err := c.PutSpaceMember(ctx, ref, roster.Ref{Number: 1}, role)
		if err != nil || m.Role != role {
			t.Errorf("the member is %+v, %v, want a %s", m, err, role)
		}
	}
	if _, err := c.PutSpaceMember(ctx, ref, roster.Ref{Number: 1}, "king"); roster.CodeOf(err) != roster.Invalid {
		t.Errorf("a role that there is not = %v, want %s", err, roster.Invalid)
	}
	if got := collect(t, c.SpaceMembers(ctx, ref, client.ListOptions{})); len(got) != 1 || got[0].Role != "manager" {
		t.Errorf("the members are %+v, want one manager", got)
	}
	if err := c.RemoveSpaceMember(ctx, ref, roster.Ref{Number: 1}); err != nil {
		t.Error(err)
	}
	if err := c.DeleteSpace(ctx, ref); err != nil {
		t.Error(err)
	}
	if _, err := c.Space(ctx, ref); roster.CodeOf(err) != roster.NotFound {
		t.Errorf("a deleted space = %v, want %s", err, roster.NotFound)
	}
	for _, s := range collect(t, c.Spaces(ctx, client.ListOptions{})) {
		if s.ID == made.ID {
			t.Error("a deleted space is in the list")
		}
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	c, ctx := serve(t)("everything"), t.Context()
	made, err := c.CreateRole(ctx, &roster.Role{Handle: "auditor", Name: "Auditor", CountsAs: "read_only"})
	if err != nil {
		t.Fatal(err)
	}
	ref := roster.Ref{Identifier: "auditor"}
	if _, err := c.UpdateRole(ctx, ref, []byte(`{"name":"Auditors"}`)); err != nil {
		t.Fatal(err)
	}
	if read, err := c.Role(ctx, ref); err != nil || read.ID != made.ID || read.Name != "Auditors" {
		t.Errorf("the role is %+v, %v, want the one that was made with the name Auditors", read, err)
	}
	if err := c.DeleteRole(ctx, roster.Ref{Identifier: "admin"}); roster.CodeOf(err) != roster.Conflict {
		t.Errorf("deleting a built-in role = %v, want %s", err, roster.Conflict)
	}
	if err := c.DeleteRole(ctx, ref); err != nil {
		t.Error(err)
	}
	if roles := collect(t, c.Roles(ctx, client.ListOptions{Page: 1, PageSize: 2})); len(roles) < 3 {
		t.Errorf("there are %d roles, want the built-in ones", len(roles))
	}
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	c, ctx := serve(t)("everything"), t.Context()
	const later = roster.Time(4_000_000_000_000)
	first, err := c.Invite(ctx, &roster.User{Email: "new@example.com", Name: "New"}, later)
	if err != nil {
		t.Fatal(err)
	}
	if !roster.WellFormedSecret(first.Secret) || first.ExpiresAt != later || first.User.IsZero() {
		t.Errorf("invited %+v, want a secret, the user and %v", first, later)
	}
	second, err := c.ResendInvitation(ctx, first.ID, later+1000)
	if err != nil || second.User != first.User || second.Secret == first.Secret || second.ExpiresAt != later+1000 {
		t.Fatalf("invited again %+v, %v, want the same user with another secret", second, err)
	}
	third, err := c.InviteAgain(ctx, roster.Ref{ID: first.User}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.AcceptInvitation(ctx, second.Secret); err == nil {
		t.Error("an invitation that was replaced was accepted")
	}
	accepted, err := c.AcceptInvitation(ctx, third.Secret)
	if err != nil || accepted.ID != third.ID || accepted.AcceptedAt == 0 {
		t.Errorf("accepted %+v, %v, want the last one", accepted, err)
	}
	read, err := c.Invitation(ctx, third.ID)
	if diff := cmp.Diff(accepted, read); diff != "" || err != nil {
		t.Errorf("%v (-accepted +read):\n%s", err, diff)
	}
	if err := c.DeleteInvitation(ctx, third.ID); err != nil {
		t.Error(err)
	}
	for _, i := range collect(t, c.Invitations(ctx, client.ListOptions{})) {
		if i.User == first.User {
			t.Errorf("the list has %+v, want none of the user", i)
		}
	}
}

func TestTokensAreChanged(t *testing.T) {
	t.Parallel()
	c, ctx := serve(t)("everything"), t.Context()
	made, _, err := c.CreateToken(ctx, roster.Token{Name: "a", Permissions: roster.Permissions{roster.UsersRead}})
	if err != nil {
		t.Fatal(err)
	}
	changed, err := c.UpdateToken(ctx, made.ID, []byte(`{"name":"b"}`))
	if err != nil || changed.Name != "b" {
		t.Errorf("changed %+v, %v, want the name b", changed, err)
	}
	read, err := c.Token(ctx, made.ID)
	if diff := cmp.Diff(changed, read); diff != "" || err != nil {
		t.Errorf("%v (-changed +read):\n%s", err, diff)
	}
}

func TestUsersAreSuspendedAndRestored(t *testing.T) {
	t.Parallel()
	c, ctx := serve(t)("everything"), t.Context()
	ref := roster.Ref{Email: "grace@example.com"}
	u, err := c.SuspendUser(ctx, ref)
	if err != nil || u.Status != roster.Suspended {
		t.Fatalf("the user is %+v, %v, want it suspended", u, err)
	}
	if u, err = c.RestoreUser(ctx, ref); err != nil || u.Status != roster.Active {
		t.Errorf("the user is %+v, %v, want it active", u, err)
	}
	if _, err := c.SuspendUser(ctx, roster.Ref{Number: 4711}); roster.CodeOf(err) != roster.NotFound {
		t.Errorf("suspending nobody = %v, want %s", err, roster.NotFound)
	}
}

func TestTheOrganizationIsChanged(t *testing.T) {
	t.Parallel()
	c, ctx := serve(t)("everything"), t.Context()
	org, err := c.UpdateOrganization(ctx, []byte(`{"brand_name":"Demo"}`))
	if err != nil || org.BrandName != "Demo" || org.Version == 0 {
		t.Errorf("the organization is %+v, %v, want the brand name Demo", org, err)
	}
}

func TestBatches(t *testing.T) {
	t.Parallel()
	c, ctx := serve(t)("everything"), t.Context()
	var info client.Info
	grace, err := c.User(ctx, roster.Ref{Number: 1}, client.Tell(&info))
	if err != nil {
		t.Fatal(err)
	}
	made := roster.Ref{Email: "new@example.com"}
	writes := []client.Write{
		client.Creating(&roster.User{Email: "new@example.com", Name: "New"}),
		client.Updating(made, []byte(`{"phone":"1"}`), ""),
		client.Updating(roster.Ref{ID: grace.ID}, []byte(`{"phone":"1"}`), `"other"`),
		client.Deleting(roster.Ref{Number: 4711}, ""),
	}
	if _, err := c.BatchUsers(ctx, writes); roster.CodeOf(err) != roster.PreconditionFailed {
		t.Errorf("all or none = %v, want %s", err, roster.PreconditionFailed)
	}
	outcomes, err := c.BatchUsersEach(ctx, writes)
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for _, o := range outcomes {
		got = append(got, o.Status)
		if refused := o.Status >= 400; refused != (o.Err != nil) {
			t.Errorf("the status is %d with the error %v", o.Status, o.Err)
		}
	}
	if diff := cmp.Diff([]int{201, 200, 412, 404}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	refused := outcomes[2]
	if refused.Tag != info.Tag || refused.User == nil || refused.Err.Record != roster.Entity(refused.User) {
		t.Errorf("the outcome is %+v, want the user as it is with the tag %s", refused, info.Tag)
	}
	found, missing, err := c.BatchGetUsers(ctx, []roster.Ref{{Number: 4711}, made, {ID: grace.ID}})
	if err != nil || len(found) != 2 || found[0].Phone != "1" || found[1].ID != grace.ID {
		t.Errorf("found %+v, %v, want the new user and Grace", found, err)
	}
	if diff := cmp.Diff([]string{"number:4711"}, missing); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	if got, err := c.BatchUsers(ctx, nil); err != nil || len(got) != 0 {
		t.Errorf("no writes = %v, %v, want no outcomes", got, err)
	}
	many := make([]client.Write, client.MaxBatch+1)
	if _, err := c.BatchUsers(ctx, many); roster.CodeOf(err) != roster.TooLarge {
		t.Errorf("too many writes = %v, want %s", err, roster.TooLarge)
	}
}

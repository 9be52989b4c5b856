package client_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
)

func TestAuditEntries(t *testing.T) {
	t.Parallel()
	as := serve(t)
	c, ctx := as("everything"), t.Context()
	for n := range 105 { // more than a page
		if _, err := c.CreateUser(ctx, &roster.User{Name: "n", Email: fmt.Sprintf("u%d@example.com", n)}); err != nil {
			t.Fatal(err)
		}
	}
	read := func(q roster.EntryQuery) (places []int64) {
		t.Helper()
		for e, err := range c.AuditEntries(ctx, q) {
			if err != nil {
				t.Fatal(err)
			}
			places = append(places, e.Seq)
		}
		return places
	}
	all := read(roster.EntryQuery{})
	for i, seq := range all {
		if want := int64(len(all) - i); seq != want {
			t.Fatalf("entry %d of the list is %d, want %d", i, seq, want)
		}
	}
	if len(all) < 106 {
		t.Errorf("got %d entries, want all of them", len(all))
	}
	if diff := cmp.Diff(all[:3], read(roster.EntryQuery{Limit: 3})); diff != "" {
		t.Errorf("three entries (-want +got):\n%s", diff)
	}
	newest, err := c.AuditEntry(ctx, all[0])
	if err != nil || newest.TotalOps != 1 || newest.ActorName != "everything" || newest.RequestID.IsZero() {
		t.Fatalf("the newest entry is %+v, %v, want one of everything with one op", newest, err)
	}
	for name, q := range map[string]roster.EntryQuery{
		"record":  {ID: newest.Ops[0].ID, Type: roster.TypeUser},
		"actor":   {Actor: newest.Token, Limit: 1},
		"version": {FirstVersion: newest.Version, LastVersion: newest.Version},
		"time":    {From: newest.At, To: newest.At + 1, Limit: 1},
	} {
		if diff := cmp.Diff(all[:1], read(q)); diff != "" {
			t.Errorf("by %s (-want +got):\n%s", name, diff)
		}
	}
	walked := 0
	for e, err := range c.AuditEntries(ctx, roster.EntryQuery{Type: roster.TypeUser}) {
		if err != nil {
			t.Fatal(err)
		}
		if walked++; e.Version > newest.Version {
			t.Errorf("the walk has version %d, which came after it began", e.Version)
		}
		if walked == 50 {
			if _, err := c.CreateUser(ctx, &roster.User{Name: "late", Email: "late@example.com"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if late := len(read(roster.EntryQuery{Type: roster.TypeUser})); late != walked+1 {
		t.Errorf("there are %d entries after a walk of %d and a write, want one more", late, walked)
	}
	newest, err = c.AuditEntry(ctx, all[0]+1)
	if err != nil {
		t.Fatal(err)
	}
	report, err := c.VerifyAudit(ctx)
	want := roster.AuditReport{Entries: newest.Seq, Head: newest.Hash}
	if diff := cmp.Diff(want, report); diff != "" || err != nil {
		t.Errorf("verification: %v (-want +got):\n%s", err, diff)
	}
	if _, err := c.AuditEntry(ctx, newest.Seq+1); roster.CodeOf(err) != roster.NotFound {
		t.Errorf("an entry that there is not: %v, want %s", err, roster.NotFound)
	}
	for _, err := range as("writer").AuditEntries(ctx, roster.EntryQuery{}) {
		if roster.CodeOf(err) != roster.Forbidden {
			t.Errorf("without the permission: %v, want %s", err, roster.Forbidden)
		}
	}
}

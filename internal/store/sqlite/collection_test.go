package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
)

// uncollected are rows of before there were collections, of two organizations that have the same keys.
const uncollected = `
INSERT INTO organizations (id, number, slug, name, version, doc, audited_since) VALUES
	(unhex('01' || hex(zeroblob(15))), 1, 'one', 'One', 2,
		'{"id":"01000000-0000-0000-0000-000000000000","number":1,"slug":"one","name":"One","next":{"user":3}}', 1),
	(unhex('02' || hex(zeroblob(15))), 2, 'two', 'Two', 1,
		'{"id":"02000000-0000-0000-0000-000000000000","number":2,"slug":"two","name":"Two"}', 1);
INSERT INTO entities (org_id, type, id, number, email, identifier, owner, doc)
SELECT o.id, e.column1, unhex(e.column2 || hex(zeroblob(15))), e.column3, e.column4, e.column5, e.column6, e.column7
FROM organizations AS o, (VALUES
	('user', 'b0', 2, 'bob@example.com', 'bob', FALSE,
		'{"id":"b0000000-0000-0000-0000-000000000000","number":2,"email":"Bob@Example.com","identifier":"Bob","name":"Bob"}'),
	('user', 'a0', 1, 'ada@example.com', 'ada', TRUE,
		'{"id":"a0000000-0000-0000-0000-000000000000","number":1,"email":"ada@example.com","identifier":"ada","name":"Ada","owner":true}'),
	('group', 'a0', 1, NULL, NULL, FALSE,
		'{"id":"a0000000-0000-0000-0000-000000000000","number":1,"name":"Staff"}'),
	('token', 'c0', NULL, NULL, 'sesame', FALSE,
		'{"id":"c0000000-0000-0000-0000-000000000000","name":"CI","kind":"account","hash":"sesame"}')) AS e;
INSERT INTO changes (org_id, version, at, ops) VALUES (unhex('01' || hex(zeroblob(15))), 1, 7, '[]');
INSERT INTO token_uses (org_id, token_id, at) SELECT org_id, id, 9 FROM entities WHERE type = 'token';`

// openOlder opens a file that was last written before there were collections.
func openOlder(t *testing.T) *Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "roster.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	older, err := steps(db)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := older.UpTo(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), uncollected); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestUncollected opens a file of before there were collections: everything is there, and what was unique still is.
func TestUncollected(t *testing.T) {
	s := openOlder(t)
	for _, org := range []roster.ID{{1}, {2}} {
		want := []string{
			"organization " + org.String(), "group a0000000-0000-0000-0000-000000000000",
			"user a0000000-0000-0000-0000-000000000000", "user b0000000-0000-0000-0000-000000000000",
			"token c0000000-0000-0000-0000-000000000000",
		}
		var got []string
		_, err := s.Load(t.Context(), org, func(e roster.Entity) error {
			got = append(got, e.Key().String())
			return nil
		})
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("records, %v (-want +got):\n%s", err, diff)
		}
		for field, u := range map[string]*roster.User{
			"id": {ID: roster.ID{0xb0}}, "number": {ID: roster.ID{9}, Number: 2}, "owner": {ID: roster.ID{9}, Owner: true},
			"email": {ID: roster.ID{9}, Email: "BOB@example.com"}, "identifier": {ID: roster.ID{9}, Identifier: "BOB"},
		} {
			if got := conflictOf(t.Context(), s, org, u); got != field {
				t.Errorf("a user with a taken %s: got a conflict of %q", field, got)
			}
		}
	}
	if got, err := s.TokenOrg(t.Context(), "sesame"); err != nil || got != (roster.ID{1}) {
		t.Errorf("got %s, %v, want the token's first organization", got, err)
	}
	err := s.Orgs(t.Context(), func(o *roster.Organization) error {
		if want := (roster.Numbers{User: 3}); o.ID == (roster.ID{1}) && o.Next != want {
			t.Errorf("got the next numbers %+v, want %+v", o.Next, want)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if got, err := s.TokenUses(t.Context(), roster.ID{2}); err != nil || got[roster.ID{0xc0}] != 9 {
		t.Errorf("got uses %v, %v", got, err)
	}
}

// conflictOf returns the field of the conflict with which a user can't be created.
func conflictOf(ctx context.Context, s *Store, org roster.ID, u *roster.User) string {
	_, err := s.Update(ctx, org, func(roster.State) (roster.Change, error) {
		return roster.Change{Ops: []roster.Op{{After: u}}}, nil
	})
	if roster.CodeOf(err) != roster.Conflict {
		return fmt.Sprint(err)
	}
	return roster.AsError(err).Field
}

// TestCollectionsAreForgotten holds that the number of a collection is not remembered where it was not kept.
func TestCollectionsAreForgotten(t *testing.T) {
	s := openOlder(t)
	org := roster.ID{1}
	refused := []roster.Op{
		{After: &roster.Space{ID: roster.ID{1}, Number: 1, Title: "S"}}, {After: &roster.User{ID: roster.ID{0xb0}}},
	}
	for _, step := range []struct {
		ops  []roster.Op
		want roster.Code
	}{{refused, roster.Conflict}, {refused[:1], ""}} {
		_, err := s.Update(t.Context(), org, func(roster.State) (roster.Change, error) {
			return roster.Change{Ops: step.ops}, nil
		})
		if got := roster.CodeOf(err); err != nil && got != step.want || err == nil && step.want != "" {
			t.Fatalf("got %v, want code %q", err, step.want)
		}
	}
	kept := 0
	_, err := s.Load(t.Context(), org, func(e roster.Entity) error {
		if e.Key().Type == roster.TypeSpace {
			kept++
		}
		return nil
	})
	if err != nil || kept != 1 {
		t.Errorf("got %d spaces, %v, want 1", kept, err)
	}
}

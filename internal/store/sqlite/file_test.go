package sqlite_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/sqlite"
)

var (
	orgID   = roster.MustParseID("0198c0de-0000-7000-8000-000000000001")
	userID  = roster.MustParseID("0198c0de-0000-7000-8000-0000000000ab")
	tokenID = roster.MustParseID("0198c0de-0000-7000-8000-0000000000cd")
)

// fill creates an organization with a user, a group and a token.
func fill(t *testing.T, s store.Store) {
	t.Helper()
	_, err := s.Update(t.Context(), orgID, func(roster.State) (roster.Change, error) {
		return roster.Change{At: 1_700_000_000_123, Actor: tokenID, Ops: []roster.Op{
			{After: &roster.Organization{ID: orgID, Number: 1, Slug: "acme", Name: "Acme"}},
			{After: &roster.User{
				ID: userID, Number: 7, Identifier: "ada", Email: "Ada@Example.com", Name: "Ada", Owner: true, CreatedAt: 1,
			}},
			{After: &roster.Group{ID: userID, Number: 3, Name: "Staff"}},
			{After: &roster.Token{ID: tokenID, Name: "CI", Kind: roster.TokenAccount, Hash: "sesame"}},
			{After: &roster.Webhook{
				ID: tokenID, Name: "Hook", URL: "https://a.example", Secrets: []roster.WebhookSecret{{Secret: "whsec_x"}},
			}},
		}, Entries: []roster.Entry{{Name: "CI", To: 5}}, Answers: []roster.Answer{
			{Key: roster.Digest{1}, At: 1_700_000_000_123, Content: []byte("done")},
		}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func wantUser(t *testing.T, s store.Store) {
	t.Helper()
	var names []string
	_, err := s.Load(t.Context(), orgID, func(e roster.Entity) error {
		if u, ok := e.(*roster.User); ok {
			names = append(names, u.Name)
		}
		return nil
	})
	if diff := cmp.Diff([]string{"Ada"}, names); err != nil || diff != "" {
		t.Errorf("users, %v (-want +got):\n%s", err, diff)
	}
}

// raw opens the file as any other program would.
func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func copyFile(t *testing.T, to, from string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestKilled opens what the files held while a store had them open, as they are left by a process that is killed.
func TestKilled(t *testing.T) {
	path, left := filepath.Join(t.TempDir(), "roster.db"), filepath.Join(t.TempDir(), "roster.db")
	s := open(t, path)
	defer s.Close()
	fill(t, s)
	for _, suffix := range []string{"", "-wal", ".lock"} {
		copyFile(t, left+suffix, path+suffix)
	}
	again := open(t, left)
	defer again.Close()
	wantUser(t, again)
	if got, err := again.Answer(t.Context(), orgID, roster.Digest{1}); err != nil || string(got.Content) != "done" {
		t.Errorf("the answer to who repeats the request: got %+v, %v", got, err)
	}
	log, err := again.Log(t.Context(), orgID)
	if err != nil {
		t.Fatal(err)
	}
	if report, err := audit.Verify(log); err != nil || report.Fault != nil || report.Entries != 1 {
		t.Errorf("got %+v, %v, want an audit that is whole, of one entry", report, err)
	}
	changes, err := again.Changes(t.Context(), orgID, 0, 10)
	if err != nil || len(changes) != 1 || len(changes[0].Ops) != 5 {
		t.Errorf("got changes %+v, %v, want 1 with 5 ops", changes, err)
	}
}

func TestInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	if err := os.WriteFile(path+".lock", []byte("2147483647, of a process long gone\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	_, err := sqlite.Open(t.Context(), path)
	inUse, ok := errors.AsType[*store.InUseError](err)
	if !ok {
		t.Fatalf("second store: got %v, want it in use", err)
	}
	if diff := cmp.Diff(&store.InUseError{Path: path, PID: os.Getpid()}, inUse); diff != "" {
		t.Errorf("in use (-want +got):\n%s", diff)
	}
	if got := roster.CodeOf(err); got != roster.Unavailable {
		t.Errorf("got code %q, want %q", got, roster.Unavailable)
	}
	for _, part := range []string{path, "pid " + strconv.Itoa(os.Getpid()), "stop that process"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	fill(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	wantUser(t, s)
}

func TestNewerSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	s := open(t, path)
	fill(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	const newer = `INSERT INTO schema_versions (version_id, is_applied) VALUES (99, 1)`
	if _, err := raw(t, path).ExecContext(t.Context(), newer); err != nil {
		t.Fatal(err)
	}
	for range 2 { // and it does not keep the lock
		_, err := sqlite.Open(t.Context(), path)
		if got := roster.CodeOf(err); got != roster.Conflict || !strings.Contains(err.Error(), "99") {
			t.Errorf("got %v with code %q, want a %q about schema 99", err, got, roster.Conflict)
		}
	}
}

// TestOlderSchema opens a file as it was before uses were kept apart from tokens: what its tokens say stays.
func TestOlderSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	s := open(t, path)
	fill(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	const older = `UPDATE entities SET doc = json_set(doc, '$.last_used_at', '2023-11-14T22:13:20.123Z') WHERE type = 'token';
		DROP TABLE collections; DROP TABLE jobs; DROP TABLE job_pieces; DROP VIEW webhooks;
		DROP TABLE webhook_standings; DROP TABLE webhook_deliveries;
		DROP INDEX entities_webhook; DROP VIEW audit; DROP TABLE audit_entries; DROP TABLE answers;
		DROP TABLE to_scrub; DROP VIEW deleted_users; DROP VIEW deleted_groups; DROP VIEW deleted_spaces;
		DROP VIEW deleted_roles; DROP VIEW deleted_organizations;
		ALTER TABLE organizations DROP COLUMN audited_since; ALTER TABLE organizations DROP COLUMN next;
		ALTER TABLE organizations DROP COLUMN trimmed_to; ALTER TABLE organizations DROP COLUMN trimmed_seq;
		DROP VIEW tokens; DROP TABLE token_uses; CREATE VIEW tokens AS SELECT 1;
		DELETE FROM schema_versions WHERE version_id > 1`
	db := raw(t, path)
	if _, err := db.ExecContext(t.Context(), older); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	for _, use := range []struct{ at, want roster.Time }{
		{1_700_000_000_122, 1_700_000_000_123}, {1_700_000_000_124, 1_700_000_000_124},
	} {
		uses := []roster.TokenUse{{Org: orgID, Token: tokenID, At: use.at}}
		if err := s.TouchTokens(t.Context(), uses); err != nil {
			t.Fatal(err)
		}
		var got string
		err := db.QueryRowContext(t.Context(), `SELECT last_used_at FROM tokens`).Scan(&got)
		if err != nil || got != use.want.String() {
			t.Errorf("used at %s: got %q, %v, want %q", use.at, got, err, use.want)
		}
	}
	wantUser(t, s)
	log, err := s.Log(t.Context(), orgID)
	if err != nil || log.Since != 2 {
		t.Fatalf("the audit begins with version %d, %v, want 2: the change before it has no entry", log.Since, err)
	}
	if report, err := audit.Verify(log); err != nil || report.Fault != nil {
		t.Errorf("got %+v, %v, want an audit that is whole", report.Fault, err)
	}
}

func TestOpenFails(t *testing.T) {
	dir := t.TempDir()
	text := []byte(strings.Repeat("This is not a database. ", 100))
	if err := os.WriteFile(filepath.Join(dir, "letter.txt"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, "none", "roster.db"), filepath.Join(dir, "letter.txt"), dir} {
		if s, err := sqlite.Open(t.Context(), path); err == nil {
			t.Errorf("opened %s", path)
			s.Close()
		} else if !strings.Contains(err.Error(), path) {
			t.Errorf("%q does not name %s", err, path)
		}
	}
	if got, err := os.ReadFile(filepath.Join(dir, "letter.txt")); err != nil || string(got) != string(text) {
		t.Errorf("a file of another kind was written to (%v)", err)
	}
}

func TestOnlyTheOwnerMayRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	s := open(t, path)
	defer s.Close()
	fill(t, s)
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has permissions %v, want %v", info.Name(), info.Mode().Perm(), os.FileMode(0o600))
		}
	}
}

// TestViews queries the file with SQL while the store has it open.
func TestViews(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	s := open(t, path)
	defer s.Close()
	fill(t, s)
	if err := s.TouchTokens(t.Context(), []roster.TokenUse{{Org: orgID, Token: tokenID, At: 1_700_000_000_123}}); err != nil {
		t.Fatal(err)
	}
	db := raw(t, path)
	for query, want := range map[string]string{
		`SELECT organization||' '||number||' '||id||' '||identifier||' '||email||' '||name||' '||status||' '||owner||' '||
			created_at FROM users`: "acme 7 " + userID.String() + " ada Ada@Example.com Ada active 1 1970-01-01T00:00:00.001Z",
		`SELECT json_extract(doc, '$.takes_licence') FROM users WHERE organization = 'acme'`: "0",
		`SELECT organization||' '||number||' '||id||' '||name FROM groups`:                   "acme 3 " + userID.String() + " Staff",
		`SELECT organization||' '||id||' '||name||' '||kind||' '||last_used_at FROM tokens`: "acme " + tokenID.String() +
			" CI account 2023-11-14T22:13:20.123Z",
		`SELECT group_concat(version||' '||at||' '||actor||' '||op||' '||type||' '||id, '
') FROM history WHERE type = 'user'`: "1 2023-11-14T22:13:20.123Z " + tokenID.String() + " create user " + userID.String(),
		`SELECT json_extract(after, '$.name') FROM history WHERE type = 'user'`:            "Ada",
		`SELECT count(*) FROM history`:                                                     "5",
		`SELECT count(*) FROM history WHERE after LIKE '%sesame%' OR after LIKE '%whsec%'`: "0",
		`SELECT organization||' '||name||' '||url FROM webhooks`:                           "acme Hook https://a.example",
		`SELECT count(*) FROM spaces, roles, invitations`:                                  "0",
		`SELECT count(*) FROM pragma_table_info('tokens') WHERE name IN ('doc', 'hash')`:   "0",
		`SELECT slug||' '||number||' '||version FROM organizations WHERE name = 'Acme'`:    "acme 1 1",
	} {
		var got string
		if err := db.QueryRowContext(t.Context(), query).Scan(&got); err != nil || got != want {
			t.Errorf("%s:\ngot  %q, %v\nwant %q", query, got, err, want)
		}
	}
}

// TestDeletedViews holds the views to what was deleted: records of an organization, and then that.
func TestDeletedViews(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	s := open(t, path)
	defer s.Close()
	fill(t, s)
	about := roster.Deletion{DeletedAt: 1000, PurgeAt: 2000, DeletedBy: userID}
	group := &roster.Group{ID: roster.ID{5}, Number: 7, Name: "Crew"}
	space := &roster.Space{ID: roster.ID{6}, Number: 8, Title: "Home", Path: "home"}
	role := &roster.Role{ID: roster.ID{7}, Number: 9, Handle: "guide", Name: "Guide"}
	_, err := s.Update(t.Context(), orgID, func(state roster.State) (roster.Change, error) {
		before, err := state.Get(roster.TypeOrganization, orgID)
		if err != nil {
			return roster.Change{}, err
		}
		gone := *before.(*roster.Organization)
		gone.DeletedAt, gone.PurgeAt = 3000, 4000
		return roster.Change{Ops: []roster.Op{
			{After: &roster.DeletedGroup{ID: group.ID, Group: group, Deletion: about}},
			{After: &roster.DeletedSpace{ID: space.ID, Space: space, Deletion: about}},
			{After: &roster.DeletedRole{ID: role.ID, Role: role, Deletion: about}},
			{Before: before, After: &gone},
		}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	db := raw(t, path)
	const when = `' '||deleted_at||' '||purge_at`
	second, by := " 1970-01-01T00:00:01.000Z 1970-01-01T00:00:02.000Z", " "+userID.String()
	for query, want := range map[string]string{
		`SELECT organization||number||name||` + when + `||' '||deleted_by FROM deleted_groups`:        "acme7Crew" + second + by,
		`SELECT organization||number||title||path||` + when + `||' '||deleted_by FROM deleted_spaces`: "acme8Homehome" + second + by,
		`SELECT organization||number||handle||name||` + when + `||' '||deleted_by FROM deleted_roles`: "acme9guideGuide" + second + by,
		`SELECT organization||number||name||` + when + ` FROM deleted_organizations`: "acme1Acme" +
			" 1970-01-01T00:00:03.000Z 1970-01-01T00:00:04.000Z",
		`SELECT count(*) FROM deleted_organizations WHERE deleted_by IS NULL`: "1",
	} {
		var got string
		if err := db.QueryRowContext(t.Context(), query).Scan(&got); err != nil || got != want {
			t.Errorf("%s:\ngot  %q, %v\nwant %q", query, got, err, want)
		}
	}
}

// TestOrganizationColumns holds the columns of an organization to its document, whichever of its members change.
func TestOrganizationColumns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	s := open(t, path)
	defer s.Close()
	fill(t, s)
	db := raw(t, path)
	for _, step := range []struct {
		change func(o *roster.Organization)
		want   string
	}{
		{func(o *roster.Organization) { o.Next = roster.Numbers{User: 8} }, "2 1 acme Acme 8"},
		{func(o *roster.Organization) { o.Name = "Apex" }, "3 1 acme Apex 8"},
		{func(o *roster.Organization) { o.Slug = "apex" }, "4 1 apex Apex 8"},
		{func(o *roster.Organization) { o.Number = 2 }, "5 2 apex Apex 8"},
		{func(o *roster.Organization) { o.BrandName = "A" }, "6 2 apex Apex 8"},
	} {
		_, err := s.Update(t.Context(), orgID, func(state roster.State) (roster.Change, error) {
			before, err := state.Get(roster.TypeOrganization, orgID)
			if err != nil {
				return roster.Change{}, err
			}
			after := *before.(*roster.Organization)
			step.change(&after)
			return roster.Change{Ops: []roster.Op{{Before: before, After: &after}}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var got string
		const query = `SELECT version||' '||number||' '||slug||' '||name||' '||json_extract(next, '$.user') FROM organizations`
		if err := db.QueryRowContext(t.Context(), query).Scan(&got); err != nil || got != step.want {
			t.Errorf("got %q, %v, want %q", got, err, step.want)
		}
	}
}

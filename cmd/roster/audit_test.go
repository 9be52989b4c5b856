package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What somebody has done to the audit with SQL is found.
func TestAuditVerifyFindsDamage(t *testing.T) {
	t.Parallel()
	whole := storeWith(t, "Ann", "Bob", "Cleo")
	got := execute(t, "audit", "verify", "--org", "acme", "--store", "sqlite:"+whole, "-o", "csv")
	if got.code != 0 || !strings.HasPrefix(got.stdout, "entries,head,whole\n4,") {
		t.Fatalf("of what is whole: got %d, %s%s", got.code, got.stdout, got.stderr)
	}
	for damage, want := range map[string]string{
		`UPDATE audit_entries SET name = 'nobody' WHERE seq = 3`:                         "entry 3 was altered: ",
		`UPDATE audit_entries SET reason = 'because' WHERE seq = 2`:                      "entry 2 was altered: ",
		`UPDATE audit_entries SET at = at + 1 WHERE seq = 4`:                             "entry 4 was altered: ",
		`UPDATE changes SET ops = replace(ops, '"Bob"', '"Eve"') WHERE version = 3`:      "entry 3 was altered: ",
		`UPDATE changes SET actor = x'00112233445566778899aabbccddeeff' WHERE version=2`: "entry 2 was altered: ",
		`DELETE FROM audit_entries WHERE seq = 1`:                                        "entry 1 was dropped: ",
		`DELETE FROM audit_entries WHERE seq = 3`:                                        "entry 3 was dropped: ",
		`DELETE FROM audit_entries WHERE seq = 4`:                                        "entry 4 was dropped: ",
		`DELETE FROM audit_entries`:                                                      "entry 1 was dropped: ",
		`DELETE FROM changes WHERE version = 4`:                                          "entry 4 was dropped: ",
		`DELETE FROM audit_entries WHERE seq = 2;
			UPDATE audit_entries SET seq = seq - 1 WHERE seq > 2`: "entry 2 was dropped: ",
		`UPDATE audit_entries SET seq = -seq WHERE seq IN (2, 3);
			UPDATE audit_entries SET seq = 5 + seq WHERE seq < 0`: "entry 2 was moved: ",
		`UPDATE audit_entries SET seq = -seq;
			UPDATE audit_entries SET seq = CASE seq WHEN -4 THEN 2 WHEN -1 THEN 1 ELSE 1 - seq END`: "entry 2 was moved: ",
	} {
		path := copyOf(t, whole)
		spoil(t, path, damage)
		got := execute(t, "audit", "verify", "--org", "acme", "--store", "sqlite:"+path, "-o", "json")
		if got.code != 1 || !strings.HasPrefix(got.stderr, "roster: verify the audit: "+want) {
			t.Errorf("%s: got %d, want 1 and %q: %s", damage, got.code, want, got.stderr)
		}
		if !strings.Contains(got.stdout, `"whole": false`) {
			t.Errorf("%s: got %s, want that it is not whole", damage, got.stdout)
		}
	}
}

// A server tells the same of a store that was damaged: to a command, and to whoever asks it.
func TestAuditVerifyFindsDamageOverHTTP(t *testing.T) {
	t.Parallel()
	dsn, _ := newAcme(t)
	secret := tokenSecret(t, dsn)
	verify := func(code int, stdout, stderr string) {
		t.Helper()
		b := start(t, 1, "serve", "--addr", "127.0.0.1:0", "--store", dsn)
		url := b.urls["everything"]
		got := execute(t, "audit", "verify", "--url", url, "--token", secret, "-o", "json")
		if got.code != code || !strings.Contains(got.stdout, stdout) || !strings.HasPrefix(got.stderr, stderr) {
			t.Errorf("got %d, %s%s want %d, %q and %q", got.code, got.stdout, got.stderr, code, stdout, stderr)
		}
		status, body := get(t, http.DefaultClient, url+"/api/v1/audit/verification", secret)
		if status != http.StatusOK || !strings.Contains(body, strings.ReplaceAll(stdout, " ", "")) {
			t.Errorf("the server answers %d: %s, want %s", status, body, stdout)
		}
		if err := b.stop(); err != nil {
			t.Error(err)
		}
	}
	verify(0, `"whole": true`, "")
	spoil(t, strings.TrimPrefix(dsn, "sqlite:"), `UPDATE audit_entries SET name = 'nobody' WHERE seq = 2`)
	verify(1, `"whole": false`, "roster: verify the audit: entry 2 was altered: ")
}

// storeWith makes a store with an organization of people, and returns its file.
func storeWith(t *testing.T, names ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "roster.db")
	execute(t, "org", "create", "--store", "sqlite:"+path, "--slug", "acme")
	for _, name := range names {
		execute(t, "user", "create", "--store", "sqlite:"+path, "--org", "acme", "--name", name, "--email", name+"@example.com")
	}
	return path
}

// copyOf returns a copy of a store that nobody has open.
func copyOf(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "roster.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Who has noted an entry finds out that the audit was made anew.
func TestAuditVerifyKnown(t *testing.T) {
	t.Parallel()
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "roster.db")
	execute(t, "org", "create", "--store", dsn, "--slug", "acme")
	secret := tokenSecret(t, dsn)
	listed := execute(t, "audit", "list", "--org", "acme", "--store", dsn, "-o", "jsonl", "--limit", "1")
	_, hash, _ := strings.Cut(listed.stdout, `"hash":"`)
	hash = hash[:64]
	b := start(t, 1, "serve", "--addr", "127.0.0.1:0", "--store", dsn)
	for known, want := range map[string]string{
		"2:" + hash:                     "",
		"2:" + strings.Repeat("0", 64):  "entry 2 was altered: ",
		"1:" + hash:                     "entry 1 was altered: ",
		"99:" + strings.Repeat("0", 64): "entry 99 was dropped: ",
		"0:" + hash:                     "--known: must be SEQ:HASH",
		"2:" + hash[1:]:                 "--known: must be SEQ:HASH",
	} {
		got := execute(t, "audit", "verify", "--url", b.urls["everything"], "--token", secret, "--known", known)
		if (got.code == 0) != (want == "") || !strings.Contains(got.stderr, want) {
			t.Errorf("--known %s: got %d, want %q: %s", known, got.code, want, got.stderr)
		}
	}
	if err := b.stop(); err != nil {
		t.Error(err)
	}
}

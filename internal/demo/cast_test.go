package demo_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster/internal/demo"
)

// TestCast compares what the examples on the vendors' pages show with what the records hold; pages: "GET /users" of
// d3lay, "Users API" of sixEye, "Get users" of Fipto, "Get Users" of Flxpoint. Addresses are hidden on d3lay's page.
func TestCast(t *testing.T) {
	const d3layOwner = "98d91cd7-860d-4869-937a-5af32eff2f4a"
	want := []map[string]any{
		{"id": d3layOwner, "owner": true, "user_type": "saas_admin", "status": "active"},
		{
			"id": "d4add56e-c345-4ac9-b392-7a890a60559a", "identifier": "ben", "name": "Benjamin Zhang",
			"email": "ben@example.com", "user_type": "saas_admin", "status": "active",
			"created_at": "2023-05-06T00:00:00.000Z", "updated_at": "2023-05-06T00:00:00.000Z",
			"created_by": d3layOwner, "updated_by": d3layOwner,
		},
		{
			"id": "e513d2c8-319e-4bc3-898b-3933ab39b452", "identifier": "john", "name": "John Jiang",
			"email": "john@example.com", "user_type": "saas_user", "status": "onboarding",
			"created_at": "2023-05-06T00:00:00.000Z", "updated_at": "2023-05-06T00:00:00.000Z",
			"created_by": d3layOwner, "updated_by": d3layOwner,
		},
		{
			"id": "465acd55-6e48-4297-839f-bc0f7d70020b", "first_name": "Joe", "last_name": "Manager",
			"email": "joe.manager@example.com", "phone": "123456789", "status": "active", "two_factor": true,
			"last_login_at": "2023-03-08T10:18:38.501Z", "last_action_at": "2023-03-16T13:32:26.056Z", "tenant_admin": nil,
		},
		{
			"id": "dfd54e1f-3bce-4322-a935-f98ba97a9201", "first_name": "Bob", "last_name": "User",
			"email": "bob.user@example.com", "phone": "+1 234 567 890", "status": "active", "two_factor": nil,
			"last_login_at": "2023-03-13T10:37:02.176Z", "last_action_at": "2023-03-14T16:12:51.626Z", "tenant_admin": nil,
		},
		{"name": "Johnny Nguyen", "kind": "api_client", "status": "active"},
		{
			"role": "admin", "created_at": "2026-04-20T00:00:00.000Z", "updated_at": "2026-04-20T00:00:00.000Z",
			"last_login_at": "2026-04-20T00:00:00.000Z", "notifications_checked_at": "2026-04-20T00:00:00.000Z",
			"last_session_at": "2026-04-20T00:00:00.000Z", "minutes_of_activity": nil,
		},
	}
	i := 0
	for u := range demo.New(1, len(want)).Users() {
		got := map[string]any{}
		for name, raw := range members(t, u) {
			if _, shown := want[i][name]; shown {
				var v any
				if err := json.Unmarshal(raw, &v); err != nil {
					t.Fatal(err)
				}
				got[name] = v
			}
		}
		for name, v := range want[i] {
			if v == nil { // absent from the record
				delete(want[i], name)
			}
		}
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Errorf("user %d (-page +got):\n%s", u.Number, diff)
		}
		i++
	}
}

// TestJohnnysKey: the text of the key on Fipto's page, by its SHA-256.
func TestJohnnysKey(t *testing.T) {
	for u := range demo.New(1, 6).Users() {
		if u.Name != "Johnny Nguyen" {
			continue
		}
		parseKey(t, u.PublicKey)
		sum := sha256.Sum256([]byte(u.PublicKey))
		if got, want := hex.EncodeToString(sum[:]), "d8f7bdd35b16ff1b169b4d9af473cb78c73a737597057694638f6e9aa66267ea"; got != want {
			t.Errorf("SHA-256 of the key: got %s, want %s", got, want)
		}
		return
	}
	t.Error("no Johnny Nguyen")
}

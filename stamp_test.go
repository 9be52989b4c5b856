package roster

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// Members that are tagged as read only are what nobody but us sets: what an update says of them does not count.
func TestReadOnlyMembersStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("ada@example.com")
	records := []Entity{
		&User{Name: "Bob", Email: "bob@example.com"}, &Group{Name: "Staff"}, &Space{Title: "Board"},
		&Role{Handle: "boss", Name: "Boss", CountsAs: RoleAdmin}, &Token{Name: "CI", Kind: TokenAccount, Hash: "h"},
		&Invitation{User: testID(1), ExpiresAt: tuesday + 100, Hash: "i"},
		&Webhook{Name: "hook", URL: "https://hooks.example/a", Secrets: []WebhookSecret{{Secret: hookSecret}}},
	}
	found := 0
	for _, record := range records {
		ops := w.do(Create{Record: record})
		was := ops[len(ops)-1].After
		of := reflect.TypeOf(was).Elem()
		for field := range of.Fields() {
			if field.Tag.Get("readonly") == "" {
				continue
			}
			found++
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			value := any(tuesday + 7)
			if field.Type == reflect.TypeFor[ID]() {
				value = testID(77)
			}
			patch, err := json.Marshal(map[string]any{name: value})
			if err != nil {
				t.Fatal(err)
			}
			key := was.Key()
			if ops := w.do(Update{Type: key.Type, Ref: Ref{ID: key.ID}, Patch: patch}); len(ops) > 0 {
				t.Errorf("the patch %s of a %s does %v", patch, key.Type, ops)
			}
		}
	}
	if found < 16 {
		t.Errorf("found %d read only members", found)
	}
}

// What a stamp sets is tagged as read only.
func TestStampsAreReadOnly(t *testing.T) {
	t.Parallel()
	for _, typ := range Types() {
		e := NewEntity(typ)
		stamp(e, stamps{created: monday, updated: tuesday, by: testID(7)})
		value := reflect.ValueOf(e).Elem()
		for i := range value.NumField() {
			if f := value.Type().Field(i); !value.Field(i).IsZero() && f.Tag.Get("readonly") == "" {
				t.Errorf("%s of a %s is set by a stamp, and not tagged as read only", f.Name, typ)
			}
		}
	}
}

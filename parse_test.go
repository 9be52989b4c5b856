package roster

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fullUser sets every member of a user that input can set.
const fullUser = `{"id":"01000000-0000-0000-0000-000000000005","number":5,"identifier":"ada",` +
	`"email":"ada@example.com",` +
	`"name":"Ada Moreno","first_name":"Ada","last_name":"Moreno","phone":"+1 555","description":"Counts.",` +
	`"kind":"virtual","status":"risky","user_type":"saas_user","owner":true,"tenant_admin":true,"role":"admin",` +
	`"own_permissions":5,"groups":[1,2],"spaces":[{"number":3,"role":"writer"}],"apps_access":6,"takes_licence":true,` +
	`"activated":true,"external":true,"locked":true,"temporarily_inactive":true,"two_factor":true,` +
	`"email_blocked_at":"2026-01-05T00:00:00.000Z","email_blocked_reason":"bounced",` +
	`"delete_requested_at":"2026-01-05T00:00:00.000Z","invited_at":"2026-01-05T00:00:00.000Z",` +
	`"access_transfer":{"status":"done",` +
	`"created_at":"2026-01-05T00:00:00.000Z","updated_at":"2026-01-06T00:00:00.000Z"},` +
	`"avatar":{"type":"uploaded","initials_url":"https://a","uploaded_url":"https://b"},"initials":"AM",` +
	`"language":"pt-BR",` +
	`"timezone":"Europe/Berlin","theme":"dark","ui_version":2,"last_login_at":"2026-01-05T00:00:00.000Z",` +
	`"last_action_at":"2026-01-05T00:00:00.000Z","last_session_at":"2026-01-05T00:00:00.000Z",` +
	`"last_request_at":"2026-01-05T00:00:00.000Z","last_request_method":"GET",` +
	`"notifications_checked_at":"2026-01-05T00:00:00.000Z","minutes_of_activity":9,"email_frequency":1,` +
	`"email_settings":{"a":1},"notification_settings":{"b":[2]},"notification_channels":["slack"],"work_time":{},` +
	`"personal_settings":{"c":null},"slack":{"id":4,"private_channel_id":"D1","settings":{"d":"e"}},` +
	`"telegram_sd_bot":true,` +
	`"default_space":3,"whitelisted_ips":["192.0.2.0/24"],"public_key":"k","created_at":"2026-01-05T00:00:00.000Z",` +
	`"updated_at":"2026-01-05T00:00:00.000Z","created_by":"01000000-0000-0000-0000-000000000006",` +
	`"updated_by":"01000000-0000-0000-0000-000000000007","source":{"system":"csv","external_id":"77"}}`

func TestParseReadsWhatEncodeWrites(t *testing.T) {
	t.Parallel()
	u, err := ParseEntity(TypeUser, []byte(fullUser))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := EncodeEntity(u)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fullUser, string(doc)); diff != "" {
		t.Errorf("the user changes when it is read and written (-want +got):\n%s", diff)
	}
	var members map[string]any
	if err := json.Unmarshal([]byte(fullUser), &members); err != nil {
		t.Fatal(err)
	}
	for _, info := range Fields() {
		if _, given := members[info.Name]; given == info.ReadOnly {
			t.Errorf("the member %s is in the document: %t, read only: %t", info.Name, given, info.ReadOnly)
		}
	}
}

func TestParseDefaults(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]*User{
		`{}`:                                 {AppsAccess: 1, TakesLicence: true},
		`{"kind":"virtual","apps_access":0}`: {Kind: Virtual},
		`{"kind":"api_client","takes_licence":true}`:           {Kind: APIClient, AppsAccess: 1, TakesLicence: true},
		`{"takes_licence":false}`:                              {AppsAccess: 1},
		`{"takes_licence":null,"apps_access":null}`:            {AppsAccess: 1, TakesLicence: true},
		`{"name":null,"spaces":null,"slack":null,"kind":null}`: {AppsAccess: 1, TakesLicence: true},
		`{"permissions":7}`:                                    {AppsAccess: 1, TakesLicence: true}, // computed
		"\n { \"name\" : \"A\" } \n":                           {AppsAccess: 1, TakesLicence: true, Name: "A"},
		`{"created_at":"2026-01-05T00:00:00Z","email_settings":{ }}`: {
			AppsAccess: 1, TakesLicence: true, CreatedAt: monday, EmailSettings: "{}",
		},
	} {
		got, err := ParseEntity(TypeUser, []byte(doc))
		if err != nil {
			t.Errorf("%s: %v", doc, err)
			continue
		}
		if diff := cmp.Diff(Entity(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", doc, diff)
		}
	}
	o, err := ParseEntity(TypeOrganization, []byte(`{"version":7,"next":{"user":9},"contracts":{"kaiten":"live"},`+
		`"limits":{"kaiten":{"rate":0.5,"burst":2}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := &Organization{
		Contracts: map[string]Contract{"kaiten": Live}, Limits: map[string]Limit{"kaiten": {Rate: 0.5, Burst: 2}},
	}
	if diff := cmp.Diff(Entity(want), o); diff != "" {
		t.Errorf("organization (-want +got):\n%s", diff)
	}
}

func TestParseNamesEachMemberAtFault(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		typ    Type
		doc    string
		fields []string
	}{
		{TypeUser, ``, []string{""}},
		{TypeUser, `{`, []string{""}},
		{TypeUser, `{} {}`, []string{""}},
		{TypeUser, `[]`, []string{""}},
		{TypeUser, `null`, []string{""}},
		{TypeUser, `"x"`, []string{""}},
		{TypeUser, `{"nick":"x"}`, []string{"nick"}},
		{TypeUser, `{"Name":"x"}`, []string{"Name"}},
		{TypeUser, `{"id":7}`, []string{"id"}},
		{TypeUser, `{"id":"7"}`, []string{"id"}},
		{TypeUser, `{"number":"7"}`, []string{"number"}},
		{TypeUser, `{"number":1.5}`, []string{"number"}},
		{TypeUser, `{"number":9223372036854775808}`, []string{"number"}},
		{TypeUser, `{"name":7}`, []string{"name"}},
		{TypeUser, `{"kind":"robot"}`, []string{"kind"}},
		{TypeUser, `{"kind":1}`, []string{"kind"}},
		{TypeUser, `{"owner":"yes"}`, []string{"owner"}},
		{TypeUser, `{"groups":[1,"2"]}`, []string{"groups"}},
		{TypeUser, `{"groups":7}`, []string{"groups"}},
		{TypeUser, `{"spaces":7}`, []string{"spaces"}},
		{TypeUser, `{"spaces":[7]}`, []string{"spaces[0]"}},
		{
			TypeUser, `{"spaces":[{"number":1,"role":"reader"},{"number":"x","rule":1}]}`,
			[]string{"spaces[1].number", "spaces[1].rule"},
		},
		{TypeUser, `{"slack":{"id":"x","settings":[]}}`, []string{"slack.id", "slack.settings"}},
		{TypeUser, `{"slack":"x"}`, []string{"slack"}},
		{TypeUser, `{"name":"x","name":"x"}`, []string{"name"}},
		{TypeUser, `{"name":"x","n\u0061me":"y"}`, []string{"name"}},
		{TypeUser, `{"spaces":[{"number":1,"role":"reader"},{"number":2,"number":3}]}`, []string{"spaces[1].number"}},
		{TypeUser, `{"slack":{"settings":{"a":{"b":1,"c":2,"b":3}}}}`, []string{"slack.settings.a.b"}},
		{TypeGroup, `{"name":"x","name":null}`, []string{"name"}},
		{TypeUser, `{"avatar":{"kind":"x"}}`, []string{"avatar.kind"}},
		{TypeUser, `{"work_time":[1]}`, []string{"work_time"}},
		{TypeUser, `{"created_at":"yesterday"}`, []string{"created_at"}},
		{TypeUser, `{"created_at":1}`, []string{"created_at"}},
		{TypeUser, `{"notification_channels":[1]}`, []string{"notification_channels"}},
		{TypeUser, `{"owner":1,"name":2}`, []string{"name", "owner"}},
		{TypeSpace, `{"sort_order":"x"}`, []string{"sort_order"}},
		{TypeOrganization, `{"contracts":["live"]}`, []string{"contracts"}},
		{TypeOrganization, `{"limits":7}`, []string{"limits"}},
		{TypeOrganization, `{"limits":{"b":{"rate":"x"},"a":{"brst":1}}}`, []string{"limits.a.brst", "limits.b.rate"}},
		{TypeToken, `{"secret_sha256":"x"}`, []string{"secret_sha256"}},
		{TypeInvitation, `{"secret_sha256":"x"}`, []string{"secret_sha256"}},
		{"chair", `{}`, []string{"type"}},
	} {
		_, err := ParseEntity(tc.typ, []byte(tc.doc))
		if CodeOf(err) != Invalid {
			t.Errorf("%s %s: %v, want the error %s", tc.typ, tc.doc, err, Invalid)
			continue
		}
		got := map[string]bool{AsError(err).Field: true}
		for _, d := range AsError(err).Details {
			got[d.Field] = true
			if d.Message == "" {
				t.Errorf("%s %s: no message about %q", tc.typ, tc.doc, d.Field)
			}
		}
		want := map[string]bool{}
		for _, f := range tc.fields {
			want[f] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s %s: members at fault (-want +got):\n%s", tc.typ, tc.doc, diff)
		}
	}
}

func TestMergePatch(t *testing.T) {
	t.Parallel()
	u, err := ParseEntity(TypeUser, []byte(fullUser))
	if err != nil {
		t.Fatal(err)
	}
	for patch, change := range map[string]func(*User){
		`{}`:                          func(*User) {},
		`{"name":"Ada"}`:              func(u *User) { u.Name = "Ada" },
		`{"phone":null}`:              func(u *User) { u.Phone = "" },
		`{"status":null}`:             func(u *User) { u.Status = Active },
		`{"apps_access":null}`:        func(u *User) { u.AppsAccess = 1 },
		`{"takes_licence":null}`:      func(u *User) { u.TakesLicence = false }, // virtual
		`{"kind":null}`:               func(u *User) { u.Kind = Person },
		`{"permissions":1}`:           func(*User) {},
		`{"groups":[7]}`:              func(u *User) { u.Groups = []int64{7} },
		`{"groups":null}`:             func(u *User) { u.Groups = nil },
		`{"slack":{"id":9}}`:          func(u *User) { u.Slack.ID = 9 },
		`{"slack":null}`:              func(u *User) { u.Slack = Slack{} },
		`{"slack":{"settings":null}}`: func(u *User) { u.Slack.Settings = "" },
		`{"email_settings":{"z":{"y":1},"a":null}}`: func(u *User) { u.EmailSettings = `{"z":{"y":1}}` },
		`{"number":9007199254740993}`:               func(u *User) { u.Number = 9007199254740993 },
		`{"spaces":[{"number":4,"role":"reader"}]}`: func(u *User) { u.Spaces = []SpaceAccess{{4, "reader"}} },
	} {
		want, ok := clone(u).(*User)
		if !ok {
			t.Fatal("the clone of a user is none")
		}
		change(want)
		got, err := MergePatch(u, []byte(patch))
		if err != nil {
			t.Errorf("%s: %v", patch, err)
			continue
		}
		if diff := cmp.Diff(Entity(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", patch, diff)
		}
	}
	if doc, err := EncodeEntity(u); err != nil || string(doc) != fullUser {
		t.Errorf("the patched user itself has changed to %s, %v", doc, err)
	}
	for patch, field := range map[string]string{
		`{`: "", `[]`: "", `null`: "", `"x"`: "", `{} {}`: "",
		`{"nick":1}`: "nick", `{"slack":{"x":1}}`: "slack.x", `{"spaces":{"a":1}}`: "spaces", `{"number":1e1}`: "number",
	} {
		if _, err := MergePatch(u, []byte(patch)); CodeOf(err) != Invalid || AsError(err).Field != field {
			t.Errorf("%s: %v, want the error %s of %q", patch, err, Invalid, field)
		}
	}
}

func TestMergePatchKeepsWhatInputCanNotSet(t *testing.T) {
	t.Parallel()
	for _, e := range []Entity{
		&Organization{ID: testID(1), Slug: "a", Next: Numbers{User: 9}},
		&Token{ID: testID(1), Kind: TokenAccount, Permissions: Permissions{UsersRead}, Hash: "h"},
		&Invitation{ID: testID(1), User: testID(2), Hash: "h"},
	} {
		got, err := MergePatch(e, []byte(`{}`))
		if err != nil {
			t.Errorf("%s: %v", e.Key(), err)
		}
		if diff := cmp.Diff(e, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", e.Key(), diff)
		}
	}
	for _, e := range []Entity{&Token{Hash: "h"}, &Invitation{Hash: "h"}} {
		if _, err := MergePatch(e, []byte(`{"secret_sha256":"x"}`)); CodeOf(err) != Invalid {
			t.Errorf("a patch of a hash of %s: %v, want the error %s", e.Key(), err, Invalid)
		}
	}
}

func TestObject(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`null`: `null`, `{ }`: `{}`, "{\n\"b\": [1, 2], \"a\" : \" \" }": `{"b":[1,2],"a":" "}`,
	} {
		o := Object(`{"old":1}`)
		if err := json.Unmarshal([]byte(in), &o); err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if got, err := json.Marshal(o); err != nil || string(got) != want {
			t.Errorf("%s becomes %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{`[]`, `1`, `"{}"`, `true`} {
		var o Object
		if err := json.Unmarshal([]byte(in), &o); CodeOf(err) != Invalid {
			t.Errorf("%s: %v, want the error %s", in, err, Invalid)
		}
	}
	if err := new(Object).UnmarshalJSON(nil); CodeOf(err) != Invalid {
		t.Errorf("nothing: %v, want the error %s", err, Invalid)
	}
}

func seeds(f *testing.F) {
	f.Helper()
	for _, s := range []string{
		fullUser, `{}`, `null`, `[]`, `{"name":null}`, `{"spaces":[{"number":1}]}`, `{"slack":{"settings":{"a":1}}}`,
		`{"nick":1}`, `{"number":1e400}`, `{"name":"\ud800"}`, `{"email":"\"a b\"@x.y"}`, strings.Repeat(`[`, 20_000),
	} {
		f.Add([]byte(s))
	}
}

// What parses and validates stays what it is when it is written, read and validated again.
func FuzzParseUser(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, doc []byte) {
		u, err := ParseEntity(TypeUser, doc)
		if err != nil {
			if CodeOf(err) != Invalid {
				t.Fatalf("ParseEntity fails with %v, want the error %s", err, Invalid)
			}
			return
		}
		if Validate(u) != nil {
			return
		}
		once, err := EncodeEntity(u)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseEntity(TypeUser, once)
		if err != nil {
			t.Fatalf("%s is not read back: %v", once, err)
		}
		if err := Validate(again); err != nil {
			t.Fatalf("%s is not valid any more: %v", once, err)
		}
		if twice, err := EncodeEntity(again); err != nil || string(twice) != string(once) {
			t.Fatalf("%s becomes %s, %v", once, twice, err)
		}
	})
}

// A patch either is refused as invalid or makes a user that the same patch leaves as it is.
func FuzzMergePatch(f *testing.F) {
	seeds(f)
	u, err := ParseEntity(TypeUser, []byte(fullUser))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, patch []byte) {
		once, err := MergePatch(u, patch)
		if err != nil {
			if CodeOf(err) != Invalid {
				t.Fatalf("MergePatch fails with %v, want the error %s", err, Invalid)
			}
			return
		}
		twice, err := MergePatch(once, patch)
		if err != nil {
			t.Fatalf("the second time: %v", err)
		}
		if diff := cmp.Diff(once, twice); diff != "" {
			t.Fatalf("the second time changes the user (-once +twice):\n%s", diff)
		}
	})
}

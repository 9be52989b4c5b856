package kaiten

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/dialecttest"
)

// fakeView is an organization in memory. Its users need not be in order: queries are answered by [roster.Query.Scan].
type fakeView struct {
	dialect.View // nil: for the methods that a list of users does not need

	users  []*roster.User
	groups []*roster.Group
	spaces []*roster.Space
}

func (v fakeView) Version() roster.Version { return 1 }

func (v fakeView) Org() *roster.Organization { return demo.Organization() }

func (v fakeView) Users(q roster.Query) (roster.Page, error) {
	page, total := q.Scan(slices.Values(v.users))
	return roster.Page{Version: 1, Total: total, Users: slices.Values(page)}, q.Validate()
}

func (v fakeView) User(ref roster.Ref) (*roster.User, error) {
	for _, u := range v.users {
		if u.ID == ref.ID {
			return u, nil
		}
	}
	return nil, roster.Errorf(roster.NotFound, "no such user")
}

func (v fakeView) Group(number int64) *roster.Group {
	for _, g := range v.groups {
		if g.Number == number {
			return g
		}
	}
	return nil
}

func (v fakeView) Space(number int64) *roster.Space {
	for _, s := range v.spaces {
		if s.Number == number {
			return s
		}
	}
	return nil
}

func (v fakeView) Role(string) *roster.Role { return nil }

func demoView(tb testing.TB, users int) fakeView {
	tb.Helper()
	g := demo.New(1, users)
	v := fakeView{groups: g.Groups(), spaces: g.Spaces()}
	for u := range g.Users() {
		v.users = append(v.users, u)
	}
	return v
}

// plainJSON is encoding/json without escaping for HTML.
func plainJSON(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// TestEncoderWritesUser holds the encoder to the wire struct: what it writes, read into a User and written by encoding/json, is
// the same text. The struct is what the OpenAPI document and clients are made from.
func TestEncoderWritesUser(t *testing.T) {
	view := demoView(t, 600)
	for _, withTransfer := range []bool{false, true} {
		e := newEncoder(view, withTransfer)
		for _, u := range view.users {
			if withTransfer && u.AccessTransfer.Status == "" {
				continue // null and absence look alike to the struct; see TestTransfer
			}
			got := string(e.user(nil, u))
			dec := json.NewDecoder(strings.NewReader(got))
			dec.DisallowUnknownFields()
			var read User
			if err := dec.Decode(&read); err != nil {
				t.Fatalf("user %d: %v in %s", u.Number, err, got)
			}
			if diff := cmp.Diff(plainJSON(t, read), got); diff != "" {
				t.Fatalf("user %d (-struct +encoder):\n%s", u.Number, diff)
			}
		}
	}
}

// TestEncoderWritesLiveUser does the same under the contract live, whose only difference is the type of apps_permissions.
func TestEncoderWritesLiveUser(t *testing.T) {
	view := demoView(t, 100)
	documented, live := newEncoder(view, false), newEncoder(view, false)
	live.live = true
	if live.form().Name == documented.form().Name {
		t.Errorf("both contracts keep their texts as %s", live.form().Name)
	}
	for _, u := range view.users {
		got := live.user(nil, u)
		if read := dialecttest.Read[LiveUser](t, got); read.AppsPermissions != u.AppsAccess {
			t.Fatalf("user %d has apps_permissions %d, want %d", u.Number, read.AppsPermissions, u.AppsAccess)
		}
		quoted := fmt.Sprintf(`"apps_permissions":"%d"`, u.AppsAccess)
		plain := strings.ReplaceAll(quoted, fmt.Sprintf(`"%d"`, u.AppsAccess), strconv.FormatInt(u.AppsAccess, 10))
		want := strings.Replace(string(documented.user(nil, u)), quoted, plain, 1)
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Fatalf("user %d (-documented +live):\n%s", u.Number, diff)
		}
	}
}

// TestPageOrder holds the members to the table of the vendor's page, in its order, and to the two that the vendor sends besides.
func TestPageOrder(t *testing.T) {
	page := strings.Fields(`id uid full_name email avatar_initials_url avatar_uploaded_url initials avatar_type lng timezone theme
		updated created activated ui_version virtual email_blocked email_blocked_reason delete_requested_at permissions
		own_permissions user_id company_id default_space_id role email_frequency email_settings slack_id slack_settings
		notification_settings notification_enabled_channels slack_private_channel_id telegram_sd_bot_enabled apps_permissions
		invite_last_sent_at external last_request_date last_request_method work_time_settings personal_settings locked
		take_licence spaces groups`)
	if len(page) != 44 {
		t.Fatalf("the page has 44 members, not %d", len(page))
	}
	want := slices.Insert(page, slices.Index(page, "email")+1, "username")
	want = slices.Insert(want, slices.Index(want, "locked")+1, "temporarily_inactive")

	dec := json.NewDecoder(bytes.NewReader(newEncoder(fakeView{}, false).user(nil, &roster.User{})))
	var got []string
	depth := 0
	for expectName := true; ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case json.Delim:
			if token == '{' || token == '[' {
				depth++
			} else {
				depth--
			}
			expectName = depth == 1
		case string:
			if depth == 1 && expectName {
				got = append(got, token)
				expectName = false
				continue
			}
			expectName = true
		default:
			expectName = true
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("members (-page +encoder):\n%s", diff)
	}
}

// TestNullOnlyWhereThePageSaysSo encodes a user who has nothing.
func TestNullOnlyWhereThePageSaysSo(t *testing.T) {
	var got map[string]any
	if err := json.Unmarshal(newEncoder(fakeView{}, false).user(nil, &roster.User{CreatedAt: 1, UpdatedAt: 1, ID: roster.ID{1}}),
		&got); err != nil {
		t.Fatal(err)
	}
	var nulls []string
	for name, value := range got {
		if value == nil {
			nulls = append(nulls, name)
		}
	}
	slices.Sort(nulls)
	want := []string{
		"avatar_uploaded_url", "default_space_id", "delete_requested_at", "email_blocked", "email_blocked_reason",
		"last_request_date", "last_request_method", "slack_id", "slack_private_channel_id", "slack_settings",
	}
	if diff := cmp.Diff(want, nulls); diff != "" {
		t.Errorf("members that are null (-page +encoder):\n%s", diff)
	}
	for name, want := range map[string]any{
		"email_settings": map[string]any{}, "notification_settings": map[string]any{}, "work_time_settings": map[string]any{},
		"personal_settings": map[string]any{}, "groups": []any{}, "spaces": []any{}, "notification_enabled_channels": []any{},
		"theme": "auto", "ui_version": 2.0, "email_frequency": 2.0, "avatar_type": 2.0, "invite_last_sent_at": "",
	} {
		if !reflect.DeepEqual(got[name], want) {
			t.Errorf("%s of a user who has none = %v, want %v", name, got[name], want)
		}
	}
}

func TestTransfer(t *testing.T) {
	e := newEncoder(fakeView{}, true)
	none := string(e.user(nil, &roster.User{}))
	if !strings.HasSuffix(none, `,"transfer_access_status":null}`) {
		t.Errorf("without a transfer: ...%s", none[len(none)-40:])
	}
	some := string(e.user(nil, &roster.User{AccessTransfer: roster.AccessTransfer{Status: "pending", CreatedAt: 1}}))
	want := `,"transfer_access_status":{"status":"pending","created":"1970-01-01T00:00:00.001Z","updated":null}}`
	if !strings.HasSuffix(some, want) {
		t.Errorf("with a transfer: ...%s, want ...%s", some[len(some)-100:], want)
	}
}

// TestMissingRecords shows that a group or space that a view does not have is left out, wherever it stands.
func TestMissingRecords(t *testing.T) {
	view := fakeView{
		groups: []*roster.Group{{ID: roster.ID{1}, Number: 2, Name: "There", CreatedAt: 1, UpdatedAt: 1}},
		spaces: []*roster.Space{{ID: roster.ID{2}, Number: 2, Title: "There"}},
	}
	u := &roster.User{
		Groups: []int64{1, 2, 3},
		Spaces: []roster.SpaceAccess{{Number: 1, Role: "reader"}, {Number: 2, Role: "manager"}, {Number: 3, Role: "writer"}},
	}
	var got User
	if err := json.Unmarshal(newEncoder(view, false).user(nil, u), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Groups) != 1 || got.Groups[0].ID != 2 || len(got.Spaces) != 1 || got.Spaces[0].ID != 2 || got.Spaces[0].Role != 3 {
		t.Errorf("groups %+v and spaces %+v, want the second ones alone", got.Groups, got.Spaces)
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "ada": "A", "Ada Moreno": "AM", "ángela de núñez": "ÁD", "王芳": "王", "  Anna   Öhman ": "AÖ",
	} {
		if got := string(initials(nil, &roster.User{Name: name})); got != want {
			t.Errorf("initials of %q = %q, want %q", name, got, want)
		}
	}
	if got := string(initials(nil, &roster.User{Name: "Ada Moreno", Initials: "X"})); got != "X" {
		t.Errorf("initials that were chosen = %q, want X", got)
	}
}

func TestAvatarType(t *testing.T) {
	for _, test := range []struct {
		avatar roster.Avatar
		want   int64
	}{
		{roster.Avatar{}, 2},
		{roster.Avatar{Type: "gravatar"}, 1},
		{roster.Avatar{Type: "initials", UploadedURL: "https://a.example/1"}, 2},
		{roster.Avatar{Type: "uploaded"}, 3},
		{roster.Avatar{UploadedURL: "https://a.example/1"}, 3},
	} {
		if got := avatarType(test.avatar); got != test.want {
			t.Errorf("avatarType(%+v) = %d, want %d", test.avatar, got, test.want)
		}
	}
}

func TestRole(t *testing.T) {
	for want, u := range map[int64]*roster.User{
		1: {Owner: true}, 2: {Status: roster.Suspended}, 3: {Status: roster.Deactivated},
	} {
		if got := role(u); got != want {
			t.Errorf("role of %+v = %d, want %d", u, got, want)
		}
	}
}

func TestSlackChannel(t *testing.T) {
	for id, want := range map[string]string{
		"": "null", "D6G3Y5SNWQ3": "null", "4711": "4711", "-1": "null", "0": "null", "99999999999999999999": "null", "007": "7",
	} {
		if got := slackChannel(id); got != want {
			t.Errorf("slackChannel(%q) = %s, want %s", id, got, want)
		}
	}
}

func TestExampleIsAUser(t *testing.T) {
	dec := json.NewDecoder(strings.NewReader(userExample))
	dec.DisallowUnknownFields()
	var users []User
	if err := dec.Decode(&users); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plainJSON(t, users), userExample); diff != "" {
		t.Errorf("the example (-struct +text):\n%s", diff)
	}
}

// BenchmarkList encodes a page of 100 users; BenchmarkListByReflection does so by encoding/json from prepared structs.
func BenchmarkList(b *testing.B) {
	view := demoView(b, 100)
	for b.Loop() {
		body := dialect.Users("[", roster.Page{Users: slices.Values(view.users)}, "]", roster.Form{}, newEncoder(view, false).user)
		if err := body(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkListByReflection(b *testing.B) {
	view := demoView(b, 100)
	var users []User
	e := newEncoder(view, false)
	for _, u := range view.users {
		var read User
		if err := json.Unmarshal(e.user(nil, u), &read); err != nil {
			b.Fatal(err)
		}
		users = append(users, read)
	}
	for b.Loop() {
		if err := dialect.List("[", slices.Values(users), "]")(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

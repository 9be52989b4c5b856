package roster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// publicKey returns a key in PEM; made of another kind than RSA, or in another block, it is not a valid one.
func publicKey(t *testing.T, key any, block string) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: block, Bytes: der}))
}

func rsaKey(t *testing.T) *rsa.PublicKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return &key.PublicKey
}

func validUser() *User {
	return &User{
		ID: testID(5), Number: 5, Identifier: "ada", Email: "ada@example.com", Name: "Ada", UserType: SaasUser, AppsAccess: 1,
	}
}

func TestValidateUser(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*User)
		fields []string
	}{
		"as it is":          {func(*User) {}, nil},
		"no name":           {func(u *User) { u.Name = " " }, []string{"name"}},
		"long name":         {func(u *User) { u.Name = strings.Repeat("a", MaxText+1) }, []string{"name"}},
		"control character": {func(u *User) { u.Phone = "1\x002" }, []string{"phone"}},
		"bad UTF-8":         {func(u *User) { u.LastName = "\xff" }, []string{"last_name"}},
		"several": {
			func(u *User) { u.Name, u.Theme, u.Number = "", "pink", -1 }, []string{"name", "theme", "number"},
		},
		"space in identifier": {func(u *User) { u.Identifier = "a b" }, []string{"identifier"}},
		"no e-mail":           {func(u *User) { u.Email = "" }, []string{"email"}},
		"virtual":             {func(u *User) { u.Email, u.Kind = "", Virtual }, nil},
		"client":              {func(u *User) { u.Email, u.Kind = "", APIClient }, nil},
		"bad e-mail":          {func(u *User) { u.Email = "Ada <ada@example.com>" }, []string{"email"}},
		"unknown kind":        {func(u *User) { u.Kind = 9 }, []string{"kind"}},
		"unknown status":      {func(u *User) { u.Status = 9 }, []string{"kind"}},
		"negative mask":       {func(u *User) { u.OwnPermissions = -1 }, []string{"own_permissions"}},
		"large mask":          {func(u *User) { u.OwnPermissions = MaxNumber + 1 }, []string{"own_permissions"}},
		"apps 3":              {func(u *User) { u.AppsAccess = 3 }, []string{"apps_access"}},
		"apps 6":              {func(u *User) { u.AppsAccess = 6 }, nil},
		"ui 3":                {func(u *User) { u.UIVersion = 3 }, []string{"ui_version"}},
		"frequency 3":         {func(u *User) { u.EmailFrequency = 3 }, []string{"email_frequency"}},
		"minutes":             {func(u *User) { u.MinutesOfActivity = -1 }, []string{"minutes_of_activity"}},
		"avatar":              {func(u *User) { u.Avatar.Type = "photo" }, []string{"avatar.type"}},
		"transfer":            {func(u *User) { u.AccessTransfer.Status = "x" }, []string{"access_transfer.status"}},
		"language":            {func(u *User) { u.Language = "english!" }, []string{"language"}},
		"language tag":        {func(u *User) { u.Language = "zh-Hant-TW" }, nil},
		"time zone":           {func(u *User) { u.Timezone = "Europe/" }, []string{"timezone"}},
		"time zone name":      {func(u *User) { u.Timezone = "America/Port-au-Prince" }, nil},
		"space twice": {
			func(u *User) { u.Spaces = []SpaceAccess{{2, "reader"}, {1, "reader"}, {2, "writer"}} },
			[]string{"spaces[2].number"},
		},
		"no role in space":  {func(u *User) { u.Spaces = []SpaceAccess{{1, ""}} }, []string{"spaces[0].role"}},
		"bad role in space": {func(u *User) { u.Spaces = []SpaceAccess{{1, "boss"}} }, []string{"spaces[0].role"}},
		"addresses":         {func(u *User) { u.WhitelistedIPs = []string{"192.0.2.1", "2001:db8::/32"} }, nil},
		"bad address": {
			func(u *User) { u.WhitelistedIPs = []string{"192.0.2.1", "x"} }, []string{"whitelisted_ips[1]"},
		},
		"empty channel": {
			func(u *User) { u.NotificationChannels = []string{"a", " "} }, []string{"notification_channels[1]"},
		},
		"bad key":        {func(u *User) { u.PublicKey = "x" }, []string{"public_key"}},
		"settings":       {func(u *User) { u.WorkTime = Object(strings.Repeat("x", MaxObject)) }, nil},
		"large settings": {func(u *User) { u.WorkTime = Object(strings.Repeat("x", MaxObject+1)) }, []string{"work_time"}},
		"inside settings": {
			func(u *User) { u.Slack.Settings = Object(strings.Repeat("x", MaxObject+1)) }, []string{"slack.settings"},
		},
		"inside source":  {func(u *User) { u.Source.System = "a\nb" }, []string{"source.system"}},
		"largest number": {func(u *User) { u.Number = MaxNumber }, nil},
		"large number":   {func(u *User) { u.Number = MaxNumber + 1 }, []string{"number"}},
	} {
		u := validUser()
		tc.change(u)
		wantFaults(t, name, Validate(u), tc.fields)
	}
}

// wantFaults fails unless err is Invalid about exactly the fields.
func wantFaults(t *testing.T, name string, err error, fields []string) {
	t.Helper()
	if fields == nil {
		if err != nil {
			t.Errorf("%s: %v, want it valid", name, err)
		}
		return
	}
	if CodeOf(err) != Invalid || AsError(err).Field != fields[0] {
		t.Errorf("%s: %v, want the error %s of %q", name, err, Invalid, fields[0])
		return
	}
	var got []string
	for _, d := range AsError(err).Details {
		got = append(got, d.Field)
	}
	if diff := cmp.Diff(fields, got); diff != "" {
		t.Errorf("%s: fields (-want +got):\n%s", name, diff)
	}
}

func TestValidateBringsIntoForm(t *testing.T) {
	t.Parallel()
	u := validUser()
	u.Name, u.Source.ExternalID = " A\u0308da ", " 7 "
	u.Groups = []int64{3, 1, 3}
	u.Spaces = []SpaceAccess{{2, " reader"}, {1, "writer"}}
	u.WhitelistedIPs = []string{" 192.0.2.1 "}
	if err := Validate(u); err != nil {
		t.Fatal(err)
	}
	want := validUser()
	want.Name, want.Source.ExternalID = "Äda", "7"
	want.Groups = []int64{1, 3}
	want.Spaces = []SpaceAccess{{1, "writer"}, {2, "reader"}}
	want.WhitelistedIPs = []string{"192.0.2.1"}
	if diff := cmp.Diff(want, u); diff != "" {
		t.Errorf("the user (-want +got):\n%s", diff)
	}
}

func TestValidateOtherRecords(t *testing.T) {
	t.Parallel()
	org := func() *Organization { return &Organization{Number: 1, Slug: "a-1", Name: "A"} }
	with := func(change func(*Organization)) *Organization { o := org(); change(o); return o }
	limit := func(rate float64, burst int) *Organization {
		return with(func(o *Organization) { o.Limits = map[string]Limit{"x": {Rate: rate, Burst: burst}} })
	}
	contract := with(func(o *Organization) { o.Contracts = map[string]Contract{"x": "old"} })
	token := Token{
		Name: "CI", Kind: TokenAccount, Permissions: Permissions{UsersRead}, AllowedIPs: []string{"192.0.2.0/24"},
	}
	wrong := Token{Kind: "app", Permissions: Permissions{"x"}, AllowedIPs: []string{"y"}}
	for name, tc := range map[string]struct {
		record Entity
		fields []string
	}{
		"organization":     {org(), nil},
		"slug":             {with(func(o *Organization) { o.Slug = "-a" }), []string{"slug"}},
		"upper case slug":  {with(func(o *Organization) { o.Slug = "A" }), []string{"slug"}},
		"long slug":        {with(func(o *Organization) { o.Slug = strings.Repeat("a", 64) }), []string{"slug"}},
		"no name, number":  {with(func(o *Organization) { o.Name, o.Number = "", 0 }), []string{"name", "number"}},
		"contract":         {contract, []string{"contracts.x"}},
		"limit":            {limit(0, 1), []string{"limits.x"}},
		"burst":            {limit(1, 0), []string{"limits.x"}},
		"good limit":       {limit(0.5, 1), nil},
		"group":            {&Group{Number: 1, Name: "Staff"}, nil},
		"group, no name":   {&Group{Number: 1, Permissions: -1}, []string{"name", "permissions"}},
		"space":            {&Space{Number: 1, Title: "Board", Access: "by_invite"}, nil},
		"space, access":    {&Space{Number: 1, Access: "open"}, []string{"title", "access"}},
		"built-in role":    {&Role{Number: 1, Handle: "admin", Name: "Admin"}, nil},
		"built-in counts":  {&Role{Number: 1, Handle: "admin", Name: "Admin", CountsAs: "support"}, []string{"counts_as"}},
		"role":             {&Role{Number: 1, Handle: "boss", Name: "Boss", CountsAs: "admin"}, nil},
		"role, counts":     {&Role{Number: 1, Handle: "boss", Name: "Boss", CountsAs: "owner"}, []string{"counts_as"}},
		"role, handle":     {&Role{Number: 1, Handle: "The Boss", Name: "Boss", CountsAs: "admin"}, []string{"handle"}},
		"role, no counts":  {&Role{Number: 1, Handle: "boss", Name: "Boss"}, []string{"counts_as"}},
		"token":            {&token, nil},
		"token, all wrong": {&wrong, []string{"name", "kind", "permissions[0]", "allowed_ips[0]"}},
		"invitation":       {&Invitation{User: testID(1)}, nil},
		"invitation, none": {&Invitation{}, []string{"user"}},
	} {
		wantFaults(t, name, Validate(tc.record), tc.fields)
	}
}

func TestCheckEmail(t *testing.T) {
	t.Parallel()
	local, label := strings.Repeat("a", 64), strings.Repeat("b", 61)
	long := strings.Join([]string{label, label, label}, ".") // 185 characters
	for _, s := range []string{
		"a@example.com", "a.b+c@example.com", "o'neil@example.com", "jürgen@example.com", "a@localhost",
		local + "@" + long + ".com",
	} {
		if err := CheckEmail(s); err != nil {
			t.Errorf("CheckEmail(%q) = %v, want it valid", s, err)
		}
	}
	for _, s := range []string{
		"", "a", "@example.com", "a@", "a b@example.com", "a@b@c", "a@example.com, b@example.com", "<a@example.com>",
		"Ada <a@example.com>", `"a b"@example.com`, ".a@example.com", "a..b@example.com", local + "a@example.com",
		local + "@" + long + ".abcd",
	} {
		if err := CheckEmail(s); CodeOf(err) != Invalid {
			t.Errorf("CheckEmail(%q) = %v, want the error %s", s, err, Invalid)
		}
	}
}

// FuzzPlainAddress holds the short way for plain addresses to net/mail: it accepts nothing that net/mail refuses.
func FuzzPlainAddress(f *testing.F) {
	for _, s := range []string{
		"a@example.com", "a.b_c-9@x.example", ".a@x", "a.@x", "a@.x", "a@x.", "a..b@x", "a@b@c", "@x", "a@", "-@-", "_@_",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if isPlainAddress(s, strings.LastIndexByte(s, '@')) && strings.Contains(s, "@") && !isAddress(s) {
			t.Errorf("%q is taken for an address", s)
		}
	})
}

func TestPlainAddress(t *testing.T) {
	t.Parallel()
	address := rapid.StringMatching(`[ab9_.@-]{1,12}`)
	rapid.Check(t, func(t *rapid.T) {
		s := address.Draw(t, "s")
		if at := strings.LastIndexByte(s, '@'); at > 0 && isPlainAddress(s, at) != isAddress(s) {
			t.Errorf("%q: got plain %t, want %t", s, isPlainAddress(s, at), isAddress(s))
		}
	})
}

func TestParsePrefix(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"192.0.2.1": "192.0.2.1/32", "192.0.2.0/24": "192.0.2.0/24", "2001:db8::1": "2001:db8::1/128", "::/0": "::/0",
	} {
		if got, err := ParsePrefix(in); err != nil || got.String() != want {
			t.Errorf("ParsePrefix(%q) = %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "192.0.2", "192.0.2.0/33", "example.com", "192.0.2.1:80"} {
		if got, err := ParsePrefix(in); CodeOf(err) != Invalid {
			t.Errorf("ParsePrefix(%q) = %s, %v; want the error %s", in, got, err, Invalid)
		}
	}
}

func TestParsePublicKey(t *testing.T) {
	t.Parallel()
	key := rsaKey(t)
	text := publicKey(t, key, "PUBLIC KEY")
	if got, err := ParsePublicKey(text); err != nil || !got.Equal(key) {
		t.Errorf("ParsePublicKey = %v, %v; want the key", got, err)
	}
	u := validUser()
	u.PublicKey = text
	if err := Validate(u); err != nil || u.PublicKey != text {
		t.Errorf("a user with a key: %v, the key %q; want it valid and as it was", err, u.PublicKey)
	}
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]string{
		"empty": "", "no PEM": "x", "two blocks": text + text, "another block": publicKey(t, key, "RSA PUBLIC KEY"),
		"another kind": publicKey(t, &elliptical.PublicKey, "PUBLIC KEY"),
		"broken":       string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")})),
	} {
		if _, err := ParsePublicKey(in); CodeOf(err) != Invalid {
			t.Errorf("%s: %v, want the error %s", name, err, Invalid)
		}
	}
}

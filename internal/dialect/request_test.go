package dialect_test

import (
	"net/http"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

func TestOwnIsTheOneOrganizationOfThePrincipal(t *testing.T) {
	t.Parallel()
	own := roster.MustParseID("9de0691c-bc8d-409b-8f40-75d4f45db2f3")
	endpoint := dialect.Endpoint{Params: []dialect.Param{
		{Name: "n", Type: dialect.Integer},
		{Name: "org", In: dialect.Path, Type: dialect.UUID, Own: true},
	}}
	for path, want := range map[string]roster.Code{
		own.String():                           "",
		"9DE0691C-BC8D-409B-8F40-75D4F45DB2F3": "",
		"9de0691c-bc8d-409b-8f40-75d4f45db2f4": roster.NotFound,
		"00000000-0000-0000-0000-000000000000": roster.NotFound,
		"demo":                                 roster.NotFound,
		"":                                     roster.NotFound,
	} {
		r := &dialect.Request{Endpoint: &endpoint, Principal: roster.Principal{Org: own}}
		if got := roster.CodeOf(r.Decode("n=1", func(string) string { return path })); got != want {
			t.Errorf("Decode with the organization %q fails with %q, want %q", path, got, want)
		}
	}
}

func TestIgnoredParametersAreNeverLookedAt(t *testing.T) {
	t.Parallel()
	for _, header := range []http.Header{{}, {"Content-Type": {"a"}}, {"Content-Type": {"b", ";;"}}} {
		r := &dialect.Request{
			Endpoint: &dialect.Endpoint{Params: []dialect.Param{
				{Name: "Content-Type", In: dialect.Header, Enum: []string{"a"}, Ignored: true},
			}},
			Header: header,
		}
		if err := r.Decode("", nil); err != nil || r.Given("Content-Type") {
			t.Errorf("Decode of %v: error %v, given %t, want neither", header, err, r.Given("Content-Type"))
		}
	}
}

func TestBlankHeadersAreNone(t *testing.T) {
	t.Parallel()
	r := &dialect.Request{
		Endpoint: &dialect.Endpoint{Params: []dialect.Param{
			{Name: "X-API-Version", In: dialect.Header, Enum: []string{"v1"}, Default: "v1"},
		}},
		Header: http.Header{"X-Api-Version": {"", " "}},
	}
	if err := r.Decode("", nil); err != nil || r.Given("X-API-Version") || r.String("X-API-Version") != "v1" {
		t.Errorf("Decode: error %v, given %t, %q, want the default", err, r.Given("X-API-Version"), r.String("X-API-Version"))
	}
}

func TestNeedsIsCheckedBeforeTheValue(t *testing.T) {
	t.Parallel()
	endpoint := dialect.Endpoint{Params: []dialect.Param{
		{Name: "n", Type: dialect.Integer},
		{Name: "by", Type: dialect.UUID, Needs: roster.MetadataRead},
	}}
	reader, admin := roster.Permissions{roster.UsersRead}, roster.Permissions{roster.MetadataRead}
	for _, c := range []struct {
		permissions roster.Permissions
		query       string
		want        roster.Code
	}{
		{reader, "", ""},
		{reader, "by=", ""},
		{reader, "by=98d91cd7-860d-4869-937a-5af32eff2f4a", roster.Forbidden},
		{reader, "by=x", roster.Forbidden},
		{reader, "n=x&by=x", roster.Forbidden},
		{reader, "n=x", roster.Invalid},
		{admin, "by=98d91cd7-860d-4869-937a-5af32eff2f4a", ""},
		{admin, "by=x", roster.Invalid},
	} {
		r := &dialect.Request{Endpoint: &endpoint, Principal: roster.Principal{Permissions: c.permissions}}
		if got := roster.CodeOf(r.Decode(c.query, nil)); got != c.want {
			t.Errorf("Decode(%q) with %v fails with %q, want %q", c.query, c.permissions, got, c.want)
		}
	}
}

func TestCredentialIsThatOfTheFirstSchemePresent(t *testing.T) {
	t.Parallel()
	key := &dialect.Dialect{Schemes: []dialect.Scheme{
		{Kind: dialect.HeaderKey, Header: "X-API-TOKEN"}, {Kind: dialect.Bearer},
	}}
	signed := &dialect.Dialect{Schemes: []dialect.Scheme{{Kind: dialect.HTTPSignature}, {Kind: dialect.Bearer}}}
	for _, c := range []struct {
		dialect *dialect.Dialect
		header  http.Header
		want    dialect.Credential
	}{
		{key, http.Header{}, dialect.Credential{}},
		{key, http.Header{"X-Api-Token": {"a"}, "Authorization": {"Bearer b"}}, dialect.Credential{Secret: "a"}},
		{key, http.Header{"X-Api-Token": {""}, "Authorization": {"bEARER  b "}}, dialect.Credential{Secret: "b"}},
		{key, http.Header{"Authorization": {"Basic b"}}, dialect.Credential{}},
		{key, http.Header{"Authorization": {"Bearer"}}, dialect.Credential{}},
		{key, http.Header{"Signature": {"x"}}, dialect.Credential{}},
		{signed, http.Header{"Signature": {"x"}, "Authorization": {"Bearer b"}}, dialect.Credential{Signed: true}},
		{signed, http.Header{"Authorization": {"Signature x"}}, dialect.Credential{Signed: true}},
		{signed, http.Header{"Authorization": {"Bearer b"}}, dialect.Credential{Secret: "b"}},
	} {
		if got := c.dialect.Credential(c.header); got != c.want {
			t.Errorf("the credential of %v = %+v, want %+v", c.header, got, c.want)
		}
	}
}

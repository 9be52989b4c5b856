package auth_test

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
)

// refusal is a way to break a signed request; before signs what is broken, after breaks what was signed.
type refusal struct {
	name, body string
	before     func(*signing, *roster.User)
	after      func(*auth.Request)
	why        error
	lookups    int
}

func set(name, value string) func(*auth.Request) {
	return func(r *auth.Request) { r.Header.Set(name, value) }
}

// swap replaces text in the signature's parameters after signing.
func swap(before, after string) func(*auth.Request) {
	return func(r *auth.Request) {
		r.Header.Set("Signature", strings.Replace(r.Header.Get("Signature"), before, after, 1))
	}
}

func names(list string) func(*signing, *roster.User) {
	return func(s *signing, _ *roster.User) { s.names = list }
}

func date(value string) func(*signing, *roster.User) {
	return func(s *signing, _ *roster.User) { s.request.Header.Set("Date", value) }
}

func text(more string) func(*signing, *roster.User) {
	return func(s *signing, _ *roster.User) { s.text += more }
}

func client(change func(*roster.User)) func(*signing, *roster.User) {
	return func(_ *signing, u *roster.User) { change(u) }
}

func formRefusals() []refusal {
	return []refusal{
		{"no signature", "", nil, func(r *auth.Request) { r.Header.Del("Signature") }, auth.ErrMissing, 0},
		{"two signatures", "", nil, func(r *auth.Request) {
			r.Header.Add("Signature", r.Header.Get("Signature"))
		}, auth.ErrMalformed, 0},
		{"one in each header", "", nil, func(r *auth.Request) {
			r.Header.Set("Authorization", "Signature "+r.Header.Get("Signature"))
		}, auth.ErrMalformed, 0},
		{"empty", "", nil, set("Signature", ""), auth.ErrMalformed, 0},
		{"scheme alone", "", nil, func(r *auth.Request) {
			r.Header.Del("Signature")
			r.Header.Set("Authorization", "Signature")
		}, auth.ErrMalformed, 0},
		{"too long", "", text(`,x="` + strings.Repeat("x", 8192) + `"`), nil, auth.ErrMalformed, 0},
		{"parameter twice", "", text(`,keyId="` + userID.String() + `"`), nil, auth.ErrMalformed, 0},
		{"unknown parameter twice", "", text(`,x=1,X="2"`), nil, auth.ErrMalformed, 0},
		{"keyId is no UUID", "", nil, swap(userID.String(), "Test"), auth.ErrMalformed, 0},
		{"no keyId", "", nil, swap("keyId", "key"), auth.ErrMalformed, 0},
		{"keyId without quotes", "", nil, swap(`"`+userID.String()+`"`, userID.String()), auth.ErrMalformed, 0},
		{"quotes do not end", "", nil, swap(`hs2019"`, `hs2019`), auth.ErrMalformed, 0},
		{"trailing backslash", "", nil, set("Signature", `keyId="\`), auth.ErrMalformed, 0},
		{"control character", "", nil, swap("hs2019", "hs\x012019"), auth.ErrMalformed, 0},
		{"escaped control character", "", text(",x=\"\\\x01\""), nil, auth.ErrMalformed, 0},
		{"signature with stray bits", "", nil, set("Signature",
			`keyId="`+userID.String()+`",headers="(request-target) host date",signature="AB=="`), auth.ErrMalformed, 0},
		{"no comma", "", nil, swap(`",algorithm`, `" algorithm`), auth.ErrMalformed, 0},
		{"trailing comma", "", nil, func(r *auth.Request) {
			r.Header.Set("Signature", r.Header.Get("Signature")+",")
		}, auth.ErrMalformed, 0},
		{"no value", "", text(`,x=`), nil, auth.ErrMalformed, 0},
		{"space in a name", "", text(`,x y=1`), nil, auth.ErrMalformed, 0},
		{"algorithm none", "", nil, swap("hs2019", "none"), auth.ErrMalformed, 0},
		{"algorithm hmac-sha256", "", nil, swap("hs2019", "hmac-sha256"), auth.ErrMalformed, 0},
		{"signature is no base64", "", nil, swap(`signature="`, `signature="*`), auth.ErrMalformed, 0},
		{"signature is empty", "", nil, set("Signature",
			`keyId="`+userID.String()+`",headers="(request-target) host date",signature=""`), auth.ErrMalformed, 0},
		{"header signed twice", "", names("(request-target) host date Host"), nil, auth.ErrMalformed, 0},
		{"two spaces", "", nil, swap("host date", "host  date"), auth.ErrMalformed, 0},
		{"header name is none", "", nil, swap("host date", "host date (x)"), auth.ErrMalformed, 0},
		{"too many headers", "", nil, swap("host date", "host date"+manyNames(31)), auth.ErrMalformed, 0},
		{"signed header is absent", "", names("(request-target) host date x-a"), nil, auth.ErrMalformed, 0},
		{"host is absent", "", func(s *signing, _ *roster.User) { s.request.Host = "" }, nil, auth.ErrMalformed, 0},
		{"created without its parameter", "", names("(request-target) host date (created)"), nil, auth.ErrMalformed, 0},
		{"created with rsa-sha256", "", func(s *signing, _ *roster.User) {
			s.names += " (created)"
			s.text = strings.Replace(s.text, "hs2019", "rsa-sha256", 1) + ",created=" + unix(noon)
			s.lines = map[string]string{"(created)": unix(noon)}
		}, nil, auth.ErrMalformed, 0},
		{"created in quotes", "", text(`,created="` + unix(noon) + `"`), nil, auth.ErrMalformed, 0},
		{"created is a fraction", "", text(`,created=` + unix(noon) + `.5`), nil, auth.ErrMalformed, 0},
		{"expires is no number", "", text(`,expires=5.x`), nil, auth.ErrMalformed, 0},
		{"expires is too large", "", text(`,expires=99999999999999999999`), nil, auth.ErrMalformed, 0},
	}
}

func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" x-" + strconv.Itoa(i))
	}
	return b.String()
}

func contentRefusals() []refusal {
	body := `{"a":1}`
	return []refusal{
		{"headers left out", "", nil, func(r *auth.Request) {
			r.Header.Set("Signature", strings.Replace(r.Header.Get("Signature"), "headers=", "x=", 1))
		}, auth.ErrCoverage, 0},
		{"target not signed", "", names("host date"), nil, auth.ErrCoverage, 0},
		{"host not signed", "", names("(request-target) date"), nil, auth.ErrCoverage, 0},
		{"date not signed", "", names("(request-target) host"), nil, auth.ErrCoverage, 0},
		{"digest not signed", body, names("(request-target) host date content-type"), nil, auth.ErrCoverage, 0},
		{"type not signed", body, names("(request-target) host date digest"), nil, auth.ErrCoverage, 0},
		{"body under a signature for none", "", nil, func(r *auth.Request) { r.Body = []byte(body) }, auth.ErrCoverage, 0},
		{"no Date", "", nil, func(r *auth.Request) { r.Header.Del("Date") }, auth.ErrDate, 0},
		{"two Dates", "", nil, func(r *auth.Request) { r.Header.Add("Date", r.Header.Get("Date")) }, auth.ErrDate, 0},
		{"Date is none", "", date("yesterday"), nil, auth.ErrDate, 0},
		{"Date in another zone by name", "", date(noon.Std().Format("Mon, 02 Jan 2006 15:04:05 EST")), nil, auth.ErrDate, 0},
		{"61 s old", "", date((noon - 61_000).Std().Format(http.TimeFormat)), nil, auth.ErrDate, 0},
		{"60.001 s old", "", date(rfc3339(noon - 60_001)), nil, auth.ErrDate, 0},
		{"6 s ahead", "", date((noon + 6_000).Std().Format(http.TimeFormat)), nil, auth.ErrDate, 0},
		{"5.001 s ahead", "", date(rfc3339(noon + 5_001)), nil, auth.ErrDate, 0},
		{"created ahead", "", text(",created=" + unix(noon+6_000)), nil, auth.ErrDate, 0},
		{"expired", "", text(",expires=" + unix(noon-1_000) + ".999"), nil, auth.ErrDate, 0},
		{"another body", body, nil, func(r *auth.Request) { r.Body = []byte(`{"a":2}`) }, auth.ErrDigest, 0},
		{"no known digest", body, func(s *signing, _ *roster.User) {
			s.request.Header.Set("Digest", "md5=x")
		}, nil, auth.ErrDigest, 0},
		{"one digest of two is wrong", body, func(s *signing, _ *roster.User) {
			s.request.Header.Add("Digest", "SHA-512=AAAA")
		}, nil, auth.ErrDigest, 0},
		{"digest of a body that is gone", body, nil, func(r *auth.Request) { r.Body = nil }, auth.ErrDigest, 0},
	}
}

func signerRefusals() []refusal {
	return []refusal{
		{"unknown key", "", nil, swap(userID.String(), tokenID.String()), auth.ErrUnknown, 1},
		{"another key", "", func(s *signing, _ *roster.User) { s.key = otherKey() }, nil, auth.ErrSignature, 1},
		{"another method", "", nil, func(r *auth.Request) { r.Method = "DELETE" }, auth.ErrSignature, 1},
		{"another query", "", nil, func(r *auth.Request) { r.Target += "0" }, auth.ErrSignature, 1},
		{"prefix stripped", "", nil, func(r *auth.Request) {
			r.Target = strings.TrimPrefix(r.Target, "/fipto")
		}, auth.ErrSignature, 1},
		{"another host", "", nil, func(r *auth.Request) { r.Host = "evil.example" }, auth.ErrSignature, 1},
		{"another date", "", nil, set("Date", (noon + 1000).Std().Format(http.TimeFormat)), auth.ErrSignature, 1},
		{"another type", `{"a":1}`, nil, set("Content-Type", "text/plain"), auth.ErrSignature, 1},
		{"PSS with rsa-sha256", "", func(s *signing, _ *roster.User) {
			s.pss = true
			s.text = strings.Replace(s.text, "hs2019", "rsa-sha256", 1)
		}, nil, auth.ErrSignature, 1},
		{"a person", "", client(func(u *roster.User) { u.Kind = roster.Person }), nil, auth.ErrInactive, 1},
		{"suspended", "", client(func(u *roster.User) { u.Status = roster.Suspended }), nil, auth.ErrInactive, 1},
		{"invited", "", client(func(u *roster.User) { u.Status = roster.Invited }), nil, auth.ErrInactive, 1},
		{"locked", "", client(func(u *roster.User) { u.Locked = true }), nil, auth.ErrInactive, 1},
		{"temporarily inactive", "", client(func(u *roster.User) { u.TemporarilyInactive = true }), nil, auth.ErrInactive, 1},
		{"no key", "", client(func(u *roster.User) { u.PublicKey = "" }), nil, auth.ErrKey, 1},
		{"key of 2040 bits", "", func(s *signing, u *roster.User) {
			s.key, u.PublicKey = weakKey(), publicPEM(weakKey())
		}, nil, auth.ErrKey, 1},
	}
}

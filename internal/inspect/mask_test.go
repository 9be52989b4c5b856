package inspect_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/inspect"
)

// echo answers with all that it is asked, in several forms, and in a header as well.
func echo(compress bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		_ = e.Encode(r.URL.Query())
		e.SetEscapeHTML(false)
		_ = e.Encode(map[string]any{"uri": r.RequestURI, "header": r.Header, "query": r.URL.Query(), "body": string(body)})
		out.Write(body)
		w.Header().Set("X-Echo", r.RequestURI+" "+r.Header.Get("Authorization"))
		if !compress {
			_, _ = w.Write(out.Bytes())
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write(out.Bytes())
		_ = z.Close()
	}
}

// strings yields every text in a value.
func texts(v reflect.Value, yield func(string)) {
	switch v.Kind() {
	case reflect.String:
		yield(v.String())
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			texts(v.Index(i), yield)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			texts(key, yield)
			texts(v.MapIndex(key), yield)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			texts(field, yield)
		}
	}
}

// place puts a secret into a request somewhere. Those that are any text stand where a name says what they are.
func place(t *rapid.T, r *http.Request, secret string) {
	switch rapid.SampledFrom([]string{"bearer", "bare", "basic", "key", "other", "cookie", "signature", "query", "json", "form"}).Draw(t, "place") {
	case "bearer":
		r.Header.Set("Authorization", "Bearer "+secret)
	case "bare":
		r.Header.Set("Authorization", secret)
	case "basic":
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("someone:"+secret)))
		r.URL.RawQuery = "q=" + url.QueryEscape("is it "+secret+"?")
	case "key":
		r.Header.Set("X-Key", secret)
	case "other":
		r.Header.Set("X-Auth-Token", secret)
	case "cookie":
		r.Header.Set("Cookie", "a=b; sid="+secret)
	case "signature":
		secret = strings.ReplaceAll(secret, `"`, "")
		r.Header.Set("Signature", `keyId="17",headers="date",signature="`+secret+`"`)
	case "query":
		name := rapid.SampledFrom([]string{"token", "access_token", "api-key", "client_secret", "page[token]", "sig"}).Draw(t, "name")
		r.URL.RawQuery = "size=5&" + url.QueryEscape(name) + "=" + url.QueryEscape(secret) + "&q=" + escapeAll(secret)
	case "json":
		text, _ := json.Marshal(map[string]any{"a": map[string]string{"Password": secret}, "note": "my " + secret})
		r.Body = io.NopCloser(bytes.NewReader(text))
	case "form":
		r.Body = io.NopCloser(strings.NewReader("a=b&password=" + url.QueryEscape(secret)))
	}
}

// escapeAll escapes every byte.
func escapeAll(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteByte('%')
		b.WriteByte("0123456789ABCDEF"[c>>4])
		b.WriteByte("0123456789abcdef"[c&15])
	}
	return b.String()
}

// No secret is in the record, nor the beginning of one, wherever a client puts it and whatever the answer repeats of it.
func TestNoSecretIsRecorded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[!-~]{8,40}`).Draw(t, "secret")
		i := inspect.New(inspect.Options{Now: time.Now, Body: rapid.IntRange(1, 400).Draw(t, "body")})
		r := httptest.NewRequest(http.MethodPost, "/notes", http.NoBody)
		place(t, r, secret)
		r.RequestURI = r.URL.RequestURI()
		h := i.Handler(api(vendor()), echo(rapid.Bool().Draw(t, "compress")))
		h.ServeHTTP(httptest.NewRecorder(), r)
		nowhere(t, i, secret)
	})
}

// A token of ours is recognized without a name.
func TestNoTokenOfOursIsRecorded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret, err := roster.NewSecret(bytes.NewReader(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "random")))
		if err != nil {
			t.Fatal(err)
		}
		i := inspect.New(inspect.Options{Now: time.Now, Body: rapid.IntRange(1, 400).Draw(t, "body")})
		at := rapid.SampledFrom([]string{"/" + secret, "/notes?" + secret, "/notes?q=" + escapeAll(secret), "/notes"}).Draw(t, "at")
		r := httptest.NewRequest(http.MethodPost, at, strings.NewReader("see "+secret+" there"))
		r.Header.Set("User-Agent", "mine/1.0 ("+secret+")")
		i.Handler(api(vendor()), echo(false)).ServeHTTP(httptest.NewRecorder(), r)
		nowhere(t, i, secret)
	})
}

func nowhere(t *rapid.T, i *inspect.Inspector, secret string) {
	encoded, _ := json.Marshal(secret)
	basic := base64.StdEncoding.EncodeToString([]byte("someone:" + secret))
	forms := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), string(encoded[1 : len(encoded)-1]), escapeAll(secret), basic}
	seen := 0
	look := func(s string) {
		seen++
		for _, form := range forms {
			if strings.Contains(s, form) {
				t.Errorf("%q is in %q", form, s)
			}
			if n := min(len(form), 12); n < len(form) && strings.HasSuffix(s, form[:n]) {
				t.Errorf("%q ends with the beginning of %q", s, form)
			}
		}
	}
	texts(reflect.ValueOf(i.Requests(0)), look)
	texts(reflect.ValueOf(i.Findings()), look)
	texts(reflect.ValueOf(i.Counts()), look)
	if seen < 10 {
		t.Errorf("only %d texts were looked at", seen)
	}
}

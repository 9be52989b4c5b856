package roster

import (
	"bytes"
	"encoding/json"
	"testing"
)

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{
		"", "Ada", `a "quoted" \ path`, "<b>&</b>", "\b\f\n\r\t\x00\x1f\x7f", "Zoë 王芳", "\u2028\u2029", "a\xff\xc3", "\ufffd",
	} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, s string, html bool) {
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(html)
		if err := enc.Encode(s); err != nil {
			t.Fatal(err)
		}
		if got := string(AppendString(nil, s, html)) + "\n"; got != want.String() {
			t.Errorf("AppendString(%q, %t) = %s, want %s", s, html, got, want.String())
		}
	})
}

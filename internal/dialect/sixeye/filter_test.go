package sixeye

import (
	"encoding/json"
	"net/http"
	"testing"

	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
)

// Names are filtered by what is shown, which is not always what is stored.
func TestNamesAreFilteredByWhatIsShown(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"", "Ada", "Moreno", "ada", "Zoë"})
		u := &roster.User{
			FirstName: name.Draw(t, "first"), LastName: name.Draw(t, "last"),
			Name: rapid.SampledFrom([]string{"Ada", "Moreno", "Ada Moreno"}).Draw(t, "name"),
		}
		text := rapid.SampledFrom([]string{"Ada", "MORENO", "zoË", "Ada Moreno", "Nobody"}).Draw(t, "text")
		var shown Attributes
		e := encoder{attributes: []string{"firstName", "lastName"}}
		if err := json.Unmarshal(e.user(nil, u), &struct{ Attributes *Attributes }{&shown}); err != nil {
			t.Fatal(err)
		}
		for attribute, c := range map[string]struct {
			filter roster.Expr
			shown  string
		}{
			"firstName": {firstName(text), shown.FirstName},
			"lastName":  {lastName(text), shown.LastName},
		} {
			want := roster.Fold(c.shown) == roster.Fold(text)
			if got := (roster.Query{Where: c.filter}).Match(u); got != want {
				t.Errorf("a user shown with %s %q matches %q: %t, want %t", attribute, c.shown, text, got, want)
			}
		}
	})
}

func FuzzAccept(f *testing.F) {
	for _, seed := range []string{
		"", "*/*", mediaType, mediaType + ";a=b", mediaType + `;ext="a,b"`, `a;b="\"`, `"`, ",,;=", mediaType + ";q=0.1;q=2",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		header := http.Header{"Accept": {accept}}
		if acceptable(header) {
			return
		}
		header.Add("Accept", mediaType)
		if !acceptable(header) {
			t.Errorf("Accept: %s is refused beside a plain %s", accept, mediaType)
		}
	})
}

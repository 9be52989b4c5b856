package roster_test

import (
	"testing"

	"github.com/roster-dev/roster"
)

func TestParseMoment(t *testing.T) {
	for text, want := range map[string]roster.Moment{
		"1":                             {Version: 1},
		"9007199254740991":              {Version: roster.MaxNumber},
		"2023-05-06T00:00:00Z":          {At: 1683331200000},
		"2023-05-06T02:00:00+02:00":     {At: 1683331200000},
		"2023-05-06T02:00:00.25 02:00":  {At: 1683331200250},
		"2023-05-06T00:00:00.001-00:30": {At: 1683333000001},
	} {
		got, err := roster.ParseMoment(text)
		if err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", text, got, err, want)
		}
		if again, err := roster.ParseMoment(got.String()); err != nil || again != got {
			t.Errorf("%q comes back from %q as %+v, %v", text, got, again, err)
		}
	}
	for _, text := range []string{
		"", "0", "-1", "9007199254740992", "1.5", "yesterday", "2023-05-06", "2023-05-06T00:00:00", "1970-01-01T00:00:00Z",
	} {
		if got, err := roster.ParseMoment(text); roster.CodeOf(err) != roster.Invalid {
			t.Errorf("%q: got %+v, %v, want %s", text, got, err, roster.Invalid)
		}
	}
	if got := (roster.Moment{}).String(); got != "" {
		t.Errorf("none is %q", got)
	}
}

package dialect_test

import (
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// The quoted ones are strings of structured fields (RFC 9651, section 3.3.3).
func TestParseIdempotencyKey(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`"8e03978e-40d5-43dd-bc93-6894a57f9324"`: "8e03978e-40d5-43dd-bc93-6894a57f9324",
		"8e03978e-40d5-43dd-bc93-6894a57f9324":   "8e03978e-40d5-43dd-bc93-6894a57f9324",
		`"two words, and more"`:                  "two words, and more",
		`"a \"b\" \\ c"`:                         `a "b" \ c`,
		`a\b`:                                    `a\b`,
		strings.Repeat("x", 255):                 strings.Repeat("x", 255),
		"":                                       "",
		`""`:                                     "",
		`"`:                                      "",
		`"a`:                                     "",
		`a"`:                                     "",
		`"a"b"`:                                  "",
		`"a\n"`:                                  "",
		`"a\"`:                                   "",
		"two words":                              "",
		"a,b":                                    "",
		"é":                                      "",
		`"é"`:                                    "",
		"a\tb":                                   "",
		strings.Repeat("x", 256):                 "",
	} {
		got, err := dialect.ParseIdempotencyKey(value)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", value, got, err, want)
		}
		if err != nil && (roster.CodeOf(err) != roster.Invalid || roster.AsError(err).Field != dialect.IdempotencyKey) {
			t.Errorf("%q: got %v, want it to be invalid", value, err)
		}
	}
}

package dialect

import "github.com/roster-dev/roster"

// The headers in which a request that writes says more about itself, and that of an answer which was given before.
const (
	IdempotencyKey = "Idempotency-Key" // draft-ietf-httpapi-idempotency-key-header-07
	Reason         = "Roster-Reason"
	Replayed       = "Idempotent-Replayed"
)

// CauseParams are the parameters of endpoints that write whose cause is told to the audit, and that are carried out
// only once. The server looks at them: see [roster.Cause].
func CauseParams() []Param {
	return []Param{OnceParam(), {
		Name: Reason, In: Header, Mark: Ours, Everywhere: true, Example: "asked for in ticket 4711",
		Doc: "Why this is done, for the audit: up to 256 characters of UTF-8.",
	}}
}

// OnceParam is the parameter of endpoints that are carried out only once for it.
func OnceParam() Param {
	return Param{
		Name: IdempotencyKey, In: Header, Mark: Ours, Everywhere: true,
		Example: `"0b3c7e1e-6d1f-4a7e-9f0a-4a4be5d6a1c2"`,
		Doc: "A text that the client makes for this request, with or without quotes, of up to 255 characters. " +
			"For 24 hours the same request with the same key, from the same token, is answered as it was the " +
			"first time and does nothing, but that a secret is not shown again; if it comes while the first " +
			"one is under way, it waits for that. A request that fails or changes nothing does not count.",
	}
}

// ParseIdempotencyKey returns the key in the value of the header: a string of a structured field (RFC 9651), or what
// stands there where it has no quotes. It fails with [roster.Invalid] for what is neither.
func ParseIdempotencyKey(value string) (string, error) {
	const most = 255
	bad := &roster.Error{
		Code: roster.Invalid, Field: IdempotencyKey,
		Message: "must be 1 to 255 printable ASCII characters, in quotes or without spaces, quotes and commas",
	}
	key := value
	if quoted := len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"'; quoted {
		var ok bool
		if key, ok = unquote(value[1 : len(value)-1]); !ok {
			return "", bad
		}
	} else if hasAny(value, func(c byte) bool { return c == ' ' || c == '"' || c == ',' }) {
		return "", bad
	}
	if key == "" || len(key) > most || hasAny(key, func(c byte) bool { return c < ' ' || c > '~' }) {
		return "", bad
	}
	return key, nil
}

// unquote takes the escapes out of what stands between the quotes of a structured field's string.
func unquote(s string) (key string, ok bool) {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return "", false
		case '\\':
			if i++; i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", false
			}
		}
		out = append(out, s[i])
	}
	return string(out), true
}

func hasAny(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if is(s[i]) {
			return true
		}
	}
	return false
}

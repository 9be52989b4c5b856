package roster

import (
	"math/bits"
	"unicode/utf8"
)

// AppendString appends s as a JSON string, as encoding/json writes it; html says whether <, > and & are escaped, as
// they are there unless that is turned off.
func AppendString(b []byte, s string, html bool) []byte {
	b = append(b, '"')
	done := 0 // s[:done] is in b
	for i := 0; i < len(s); {
		if i += plain(s[i:], html); i == len(s) {
			break
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if mustEscape(r, size) {
			b = appendEscaped(append(b, s[done:i]...), r)
			done = i + size
		}
		i += size
	}
	return append(append(b, s[done:]...), '"')
}

// plain returns how many bytes at the beginning of s stand for themselves inside of a JSON string.
func plain(s string, html bool) int {
	const highest = 0x8080808080808080
	i := 0
	for ; !html && i+8 <= len(s); i += 8 {
		eight := s[i : i+8]
		if ends := textEnds(eight) | word(eight)&highest; ends != 0 {
			return i + bits.TrailingZeros64(ends)/8
		}
	}
	for i < len(s) && isPlain(s[i], html) {
		i++
	}
	return i
}

// isPlain reports whether a byte stands for itself inside of a JSON string.
func isPlain(c byte, html bool) bool {
	if c == '<' || c == '>' || c == '&' {
		return !html
	}
	return c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf
}

// mustEscape reports whether a character of a size that is not plain must be escaped. The two separators are not
// allowed in JavaScript.
func mustEscape(r rune, size int) bool {
	return r < utf8.RuneSelf || r == utf8.RuneError && size == 1 || r == '\u2028' || r == '\u2029'
}

func appendEscaped(b []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(b, '\\', byte(r))
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

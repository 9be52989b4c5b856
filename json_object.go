package roster

// skipObject returns where the JSON object that begins at s[i] ends, or -1 where there is none in the form in which an
// [Object] is kept: without white space and with <, >, &, U+2028 and U+2029 escaped.
func skipObject[S ~string | ~[]byte](s S, i int) int {
	if i >= len(s) || s[i] != '{' {
		return -1
	}
	const depth = 100 // of nesting: more is for encoding/json to judge
	return skipValue(s, i, depth)
}

// skipValue is skipObject for any value; -1 in the place of a position comes out as -1.
func skipValue[S ~string | ~[]byte](s S, i, depth int) int {
	if i < 0 || i >= len(s) || depth == 0 {
		return -1
	}
	switch s[i] {
	case '{':
		return skipList(s, i, depth, '}')
	case '[':
		return skipList(s, i, depth, ']')
	case '"':
		return skipText(s, i)
	case 't':
		return skipWord(s, i, "true")
	case 'f':
		return skipWord(s, i, "false")
	case 'n':
		return skipWord(s, i, "null")
	default:
		return skipNumber(s, i)
	}
}

// skipList skips an object or an array.
func skipList[S ~string | ~[]byte](s S, i, depth int, end byte) int {
	i++
	if i < len(s) && s[i] == end {
		return i + 1
	}
	for {
		if end == '}' {
			i = skipByte(s, skipText(s, i), ':')
		}
		i = skipValue(s, i, depth-1)
		if i < 0 || i >= len(s) {
			return -1
		}
		switch s[i] {
		case end:
			return i + 1
		case ',':
			i++
		default:
			return -1
		}
	}
}

func skipByte[S ~string | ~[]byte](s S, i int, c byte) int {
	if i < 0 || i >= len(s) || s[i] != c {
		return -1
	}
	return i + 1
}

func skipWord[S ~string | ~[]byte](s S, i int, word string) int {
	if len(s)-i < len(word) || string(s[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

func skipText[S ~string | ~[]byte](s S, i int) int {
	if i = skipByte(s, i, '"'); i < 0 {
		return -1
	}
	for i < len(s) {
		switch c := s[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			if i = skipEscape(s, i+1); i < 0 {
				return -1
			}
		case c < ' ' || c == '<' || c == '>' || c == '&':
			return -1
		case c == 0xe2 && i+2 < len(s) && s[i+1] == 0x80 && s[i+2]&^1 == 0xa8: // U+2028 and U+2029
			return -1
		default:
			i++
		}
	}
	return -1
}

// skipEscape skips what follows a backslash.
func skipEscape[S ~string | ~[]byte](s S, i int) int {
	if i >= len(s) {
		return -1
	}
	switch s[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		for range 4 {
			if i++; i >= len(s) || hexDigit(s[i]) < 0 {
				return -1
			}
		}
		return i + 1
	default:
		return -1
	}
}

// hexDigit returns the value of a hexadecimal digit in either case, or -1.
func hexDigit(c byte) int { return int(hexValues[c]) }

var hexValues = func() (values [256]int8) {
	for c := range values {
		values[c] = -1
	}
	for i := range int8(16) {
		values["0123456789abcdef"[i]], values["0123456789ABCDEF"[i]] = i, i
	}
	return values
}()

func skipNumber[S ~string | ~[]byte](s S, i int) int {
	if s[i] == '-' {
		i++
	}
	if i < len(s) && s[i] == '0' {
		i++
	} else if i = skipDigits(s, i); i < 0 {
		return -1
	}
	if i < len(s) && s[i] == '.' {
		if i = skipDigits(s, i+1); i < 0 {
			return -1
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		if i++; i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		return skipDigits(s, i)
	}
	return i
}

// skipDigits skips one decimal digit or more.
func skipDigits[S ~string | ~[]byte](s S, i int) int {
	start := i
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		i++
	}
	if i == start {
		return -1
	}
	return i
}

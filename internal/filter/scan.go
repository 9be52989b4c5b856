package filter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner reads a text from the front. What it stands before is at the byte at.
type scanner struct {
	param string // what the text is called in errors
	text  string
	at    int
}

// newScanner stands before a text, which must be valid UTF-8 and of at most [MaxBytes] bytes.
func newScanner(param, text string) (scanner, error) {
	s := scanner{param: param, text: text}
	if len(text) > MaxBytes {
		at := MaxBytes
		for at > 0 && !utf8.RuneStart(text[at]) {
			at--
		}
		return s, s.faultAt(at, "", "must have at most %d bytes, not %d", MaxBytes, len(text))
	}
	for i, r := range text {
		if r == utf8.RuneError && strings.HasPrefix(text[i:], "\ufffd") {
			continue
		}
		if r == utf8.RuneError {
			return s, s.faultAt(i, text[i:i+1], "must be valid UTF-8")
		}
	}
	return s, nil
}

func (s *scanner) rest() string { return s.text[s.at:] }

func (s *scanner) end() bool { return s.at == len(s.text) }

// sees reports whether prefix comes next.
func (s *scanner) sees(prefix string) bool { return strings.HasPrefix(s.rest(), prefix) }

// take steps over prefix where it comes next.
func (s *scanner) take(prefix string) bool {
	if !s.sees(prefix) {
		return false
	}
	s.at += len(prefix)
	return true
}

// space steps over white space and reports whether there was any.
func (s *scanner) space() bool {
	trimmed := strings.TrimLeftFunc(s.rest(), unicode.IsSpace)
	spaced := len(trimmed) < len(s.rest())
	s.at = len(s.text) - len(trimmed)
	return spaced
}

// The characters that end a word, besides white space and "!=".
const (
	endsWord  = `(),"=<>:`
	endsValue = `(),"=<>`
	endsKey   = `,`
)

// peek returns the word that comes next, "" where there is none.
func (s *scanner) peek(ends string) string {
	rest := s.rest()
	if strings.HasPrefix(rest, "'") && ends != endsKey {
		return ""
	}
	for i, r := range rest {
		if unicode.IsSpace(r) || strings.ContainsRune(ends, r) || ends != endsKey && strings.HasPrefix(rest[i:], "!=") {
			return rest[:i]
		}
	}
	return rest
}

// keyword steps over a keyword where it comes next as a word of its own.
func (s *scanner) keyword(word string) bool { return s.peek(endsWord) == word && s.take(word) }

// comparator steps over the comparator that comes next, if any.
func (s *scanner) comparator() (string, bool) {
	for _, op := range []string{"<=", ">=", "!=", "=", "<", ">", ":"} {
		if s.take(op) {
			return op, true
		}
	}
	return "", false
}

// text is a word or a string of a filter.
type text struct {
	at     int    // where it begins
	source string // as it is written
	text   string // what it says
	stars  []int  // which bytes of text are asterisks that stand for anything
	quoted bool
	call   string // the function whose argument it is, or ""
	callAt int    // where that begins
}

// seesString reports whether a string comes next.
func (s *scanner) seesString() bool { return s.sees(`"`) || s.sees(`'`) }

// word reads the word that comes next, which must be there.
func (s *scanner) word(ends string) text {
	w := text{at: s.at, source: s.peek(ends)}
	w.text = w.source
	for i := range len(w.text) {
		if w.text[i] == '*' {
			w.stars = append(w.stars, i)
		}
	}
	s.at += len(w.source)
	return w
}

// quotedText reads the string that comes next.
func (s *scanner) quotedText() (text, error) {
	q := text{at: s.at, quoted: true}
	mark := s.text[s.at]
	var b strings.Builder
	for i := s.at + 1; i < len(s.text); i++ {
		c := s.text[i]
		switch c {
		case mark:
			q.source, q.text = s.text[q.at:i+1], b.String()
			s.at = i + 1
			return q, nil
		case '\\':
			i++
			if err := s.checkEscape(i); err != nil {
				return q, err
			}
			c = s.text[i]
		case '*':
			q.stars = append(q.stars, b.Len())
		}
		b.WriteByte(c)
	}
	return q, s.faultAt(len(s.text), "", "the %c at character %d is not closed", mark, s.column(q.at))
}

// checkEscape checks the character after a backslash.
func (s *scanner) checkEscape(at int) error {
	if at == len(s.text) {
		return s.faultAt(at, "", "a string ends after a backslash")
	}
	if strings.IndexByte(`\"'*`, s.text[at]) >= 0 {
		return nil
	}
	_, size := utf8.DecodeRuneInString(s.text[at:])
	found := s.text[at-1 : at+size]
	return s.faultAt(at-1, found, `%s is no escape`, found).instead([]string{`\\`, `\"`, `\'`, `\*`})
}

// pattern is a text without the asterisks at its ends that stand for anything. Nothing but asterisks leaves no rest.
type pattern struct {
	rest                  string
	before, after, inside bool // where there were asterisks, as the rest sees them
}

func (t text) pattern() pattern {
	var p pattern
	from, to, stars := 0, len(t.text), t.stars
	for len(stars) > 0 && stars[0] == from {
		from, stars, p.before = from+1, stars[1:], true
	}
	for len(stars) > 0 && stars[len(stars)-1] == to-1 {
		to, stars, p.after = to-1, stars[:len(stars)-1], true
	}
	p.rest, p.inside = t.text[from:to], len(stars) > 0
	return p
}

// isNull reports whether it is the keyword null.
func (t text) isNull() bool { return t.text == "null" && !t.quoted && t.call == "" }

package roster

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// RepeatedMember returns the path of the first member of a JSON value that its object has twice, as in
// spaces[0].role, and "" where there is none. encoding/json takes the last of them and tells nobody. Of what is not
// valid JSON it returns "".
func RepeatedMember(doc []byte) string {
	if s := (glance{doc: doc}); s.differ() || !json.Valid(doc) {
		return ""
	}
	return repeatedMember(json.NewDecoder(bytes.NewReader(doc)), "")
}

// repeatedMember looks through the next value, which must be valid JSON.
func repeatedMember(d *json.Decoder, path string) string {
	token, _ := d.Token()
	open, nested := token.(json.Delim)
	if !nested {
		return ""
	}
	seen := map[string]bool{}
	for i := 0; d.More(); i++ {
		at := path + "[" + strconv.Itoa(i) + "]"
		if open == '{' {
			token, _ = d.Token()
			name, _ := token.(string)
			at = join(path, name)
			if seen[name] {
				return at
			}
			seen[name] = true
		}
		if found := repeatedMember(d, at); found != "" {
			return found
		}
	}
	_, _ = d.Token()
	return ""
}

// glance goes through a JSON value once, with an eye for nothing but the names of members.
type glance struct {
	doc  []byte
	at   int
	open []opened // the arrays and objects around the place, the innermost last
	seen [][]byte // the names that the open objects have so far
}

// glanced is how many names of one object, and how many values within values, a glance takes in.
const glanced = 64

// opened is an array, or an object whose names are those from first on.
type opened struct {
	object bool
	first  int
	named  bool // the next string is the name of a member
}

// differ reports whether, in a valid JSON value, all names within each object are surely different. It is not sure of
// what takes more than a glance: names with escapes or letters beyond ASCII, many of them, deep values, and what is not
// valid.
func (n *glance) differ() bool {
	const usual = 16
	n.open, n.seen = make([]opened, 0, usual), make([][]byte, 0, usual)
	for ; n.at < len(n.doc); n.at++ {
		switch c := n.doc[n.at]; c {
		case '"':
			if !n.text() {
				return false
			}
		case '{', '[':
			if len(n.open) == glanced {
				return false
			}
			n.open = append(n.open, opened{object: c == '{', first: len(n.seen), named: c == '{'})
		case '}', ']':
			if !n.leave() {
				return false
			}
		case ',':
			if i := len(n.open) - 1; i >= 0 {
				n.open[i].named = n.open[i].object
			}
		}
	}
	return true
}

// leave ends the innermost array or object, and reports whether there was one.
func (n *glance) leave() bool {
	last := len(n.open) - 1
	if last < 0 {
		return false
	}
	n.seen, n.open = n.seen[:n.open[last].first], n.open[:last]
	return true
}

// text goes on to the end of the string that begins at the place, and reports whether it surely is not a name that the
// object has already.
func (n *glance) text() bool {
	start := n.at + 1
	plain := true
	for n.at++; n.at < len(n.doc) && n.doc[n.at] != '"'; n.at++ {
		switch c := n.doc[n.at]; {
		case c == '\\':
			plain = false
			n.at++
		case c >= utf8.RuneSelf: // it may stand for another letter
			plain = false
		}
	}
	i := len(n.open) - 1
	if i < 0 || !n.open[i].named {
		return true
	}
	n.open[i].named = false
	if !plain || n.at >= len(n.doc) {
		return false
	}
	name, before := n.doc[start:n.at], n.seen[n.open[i].first:]
	if len(before) == glanced {
		return false
	}
	for _, other := range before {
		if string(other) == string(name) {
			return false
		}
	}
	n.seen = append(n.seen, name)
	return true
}

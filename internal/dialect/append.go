package dialect

import (
	"io"
	"iter"
	"slices"
	"strconv"

	"github.com/roster-dev/roster"
)

// Members is the beginning of a JSON object: its methods append a member each and return the longer text. They are for
// lists of many or large records, where encoding/json costs three times as much. [NewMembers] begins an object, Close
// ends it. Names are not escaped: they must be plain.
type Members []byte

// NewMembers begins an object at the end of b.
func NewMembers(b []byte) Members { return append(b, '{') }

// Close ends the object and returns the whole text.
func (m Members) Close() []byte { return append(m, '}') }

// Name appends a member's name; the value is whatever is appended next.
func (m Members) Name(name string) Members {
	if m[len(m)-1] != '{' {
		m = append(m, ',')
	}
	m = append(m, '"')
	m = append(m, name...)
	return append(m, '"', ':')
}

// Null appends a member that is null.
func (m Members) Null(name string) Members { return m.JSON(name, "null") }

// JSON appends a member whose value is JSON text already.
func (m Members) JSON(name, text string) Members { return append(m.Name(name), text...) }

// Text appends a string.
func (m Members) Text(name, s string) Members { return roster.AppendString(m.Name(name), s, false) }

// TextOrNull appends a string, or null for the empty one.
func (m Members) TextOrNull(name, s string) Members {
	if s == "" {
		return m.Null(name)
	}
	return m.Text(name, s)
}

// Int appends an integer.
func (m Members) Int(name string, n int64) Members { return strconv.AppendInt(m.Name(name), n, 10) }

// IntOrNull appends an integer, or null for 0.
func (m Members) IntOrNull(name string, n int64) Members {
	if n == 0 {
		return m.Null(name)
	}
	return m.Int(name, n)
}

// Float appends a finite number in its shortest form without an exponent.
func (m Members) Float(name string, f float64) Members {
	return strconv.AppendFloat(m.Name(name), f, 'f', -1, 64)
}

// Bool appends true or false.
func (m Members) Bool(name string, b bool) Members { return strconv.AppendBool(m.Name(name), b) }

// Time appends an instant in milliseconds, 2006-01-02T15:04:05.000Z, or null for none.
func (m Members) Time(name string, t roster.Time) Members {
	if t == 0 {
		return m.Null(name)
	}
	return append(t.AppendText(append(m.Name(name), '"')), '"')
}

// Seconds appends an instant cut to the second, 2006-01-02T15:04:05Z, or the empty text for none.
func (m Members) Seconds(name string, t roster.Time) Members {
	return append(t.AppendSecond(append(m.Name(name), '"')), '"')
}

// ID appends a UUID, or null for none.
func (m Members) ID(name string, id roster.ID) Members {
	if id.IsZero() {
		return m.Null(name)
	}
	return append(id.AppendText(append(m.Name(name), '"')), '"')
}

// Users returns the body of a list of a page's users, each as write appends it to a buffer; form is that of the texts.
// The head comes before the first user, the tail after the last, and a comma between two.
func Users(
	head string, page roster.Page, tail string, form roster.Form, write func(b []byte, u *roster.User) []byte,
) Body {
	const most = 32 << 10
	return func(w io.Writer) error {
		b := append(room(w), head...)
		comma := false
		for text := range written(page, form, write) {
			if len(b)+len(text) >= most {
				if _, err := w.Write(b); err != nil {
					return err
				}
				b = room(w)
			}
			if comma {
				b = append(b, ',')
			}
			comma = true
			if len(b)+len(text) > cap(b) && len(b) > cap(b)/2 { // it is no short answer: grow once
				b = slices.Grow(b, most-len(b))
			}
			b = append(b, text...)
		}
		_, err := w.Write(append(b, tail...))
		return err
	}
}

// written returns the texts of a page's users, who are encoded here where the read model keeps no texts.
func written(page roster.Page, form roster.Form, write func([]byte, *roster.User) []byte) iter.Seq[[]byte] {
	if page.Written != nil {
		return page.Written(form, write)
	}
	return func(yield func([]byte) bool) {
		var b []byte
		for u := range page.Users {
			if b = write(b[:0], u); !yield(b) {
				return
			}
		}
	}
}

// room returns an empty buffer to append to: that of a writer that has one, as [bufio.Writer] does, so that nothing is
// copied when it is written.
func room(w io.Writer) []byte {
	if has, ok := w.(interface{ AvailableBuffer() []byte }); ok {
		return has.AvailableBuffer()
	}
	return make([]byte, 0, 4<<10)
}

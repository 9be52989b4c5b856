package dialect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
)

// Response is what an endpoint answers. The server writes it.
type Response struct {
	// Status is 200 when zero.
	Status int
	// ContentType is "application/json" when empty and there is a Body.
	ContentType string
	// Tag is the entity tag of the record that the body shows, quotes included; "" where the server makes one, which it
	// does for successful answers of stable endpoints that are not Tagged.
	Tag string
	// Header holds further headers, or nil.
	Header http.Header
	// Body is nil for a response without one.
	Body Body
	// Live is for a body that goes on for as long as the client listens. What it writes goes out at once, piece by
	// piece as it is written, neither compressed nor kept; a client that does not take a piece in time is cut off, and
	// the body's next write fails. The body itself ends with the context of its request and, soon after, when
	// [History.Ending] says so.
	Live bool
	// More is true for a page of a list that has pages after it: see [Window].
	More bool
}

// Body writes the body of a response. It is called at most once for a HEAD or GET, after the status is decided, so it
// fails only when w does or when a value can't be encoded, which a test would have found.
type Body func(w io.Writer) error

// JSON returns a body with one value, as [Encode] writes it.
func JSON(v any) Body {
	return func(w io.Writer) error {
		data, err := Encode(v)
		if err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	}
}

// Encode returns a value as encoding/json writes it, but without escaping for HTML and without a line feed.
func Encode(v any) ([]byte, error) {
	var e encoder
	err := e.encode(v)
	return e.buf.Bytes(), err
}

// Text returns a body of plain text.
func Text(s string) Body {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// List returns a body with the values of a sequence, separated by commas, between head and tail, as in "[" and "]".
// The values are encoded and written as they come, so that a list of any length needs little memory.
func List[T any](head string, values iter.Seq[T], tail string) Body {
	return func(w io.Writer) error {
		var e encoder
		e.buf.WriteString(head)
		comma := false
		for v := range values {
			if comma {
				e.buf.WriteByte(',')
			}
			comma = true
			if err := e.encode(v); err != nil {
				return err
			}
			if err := e.flush(w, 32<<10); err != nil {
				return err
			}
		}
		e.buf.WriteString(tail)
		return e.flush(w, 0)
	}
}

// encoder appends JSON values to a buffer.
type encoder struct {
	buf bytes.Buffer
	enc *json.Encoder
}

func (e *encoder) encode(v any) error {
	if e.enc == nil {
		e.enc = json.NewEncoder(&e.buf)
		e.enc.SetEscapeHTML(false)
	}
	if err := e.enc.Encode(v); err != nil {
		return fmt.Errorf("encode %T: %w", v, err)
	}
	e.buf.Truncate(e.buf.Len() - 1) // the line feed that json.Encoder puts after each value
	return nil
}

// flush writes the buffer out when it has more than most bytes.
func (e *encoder) flush(w io.Writer, most int) error {
	if e.buf.Len() <= most {
		return nil
	}
	_, err := w.Write(e.buf.Bytes())
	e.buf.Reset()
	return err
}

// Map returns the sequence of convert(v) for each v of values.
func Map[V, T any](values iter.Seq[V], convert func(V) T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for v := range values {
			if !yield(convert(v)) {
				return
			}
		}
	}
}

package roster

import (
	"bytes"
	"encoding/json"
)

// Object is a JSON object of settings, kept as compact JSON text because no rule of ours looks inside. "" means none.
// The text is as encoding/json writes it (<, > and & escaped), so that encoding and decoding a record keeps it to the
// byte.
type Object string

// MarshalJSON returns the text, or null for none.
func (o Object) MarshalJSON() ([]byte, error) {
	if o == "" {
		return []byte("null"), nil
	}
	return []byte(o), nil
}

// UnmarshalJSON keeps an object's text, without white space and escaped. null is none; anything but an object is
// [Invalid].
func (o *Object) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*o = ""
		return nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil || compact.Bytes()[0] != '{' {
		return Errorf(Invalid, "must be a JSON object")
	}
	var escaped bytes.Buffer
	json.HTMLEscape(&escaped, compact.Bytes())
	*o = Object(escaped.String())
	return nil
}

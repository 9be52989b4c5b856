package roster

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// UserDecoder decodes the documents of many users one after the other into the same memory. Its zero value is ready
// to use. It is not safe for concurrent use.
type UserDecoder struct {
	user   User
	reader reader
}

// Decode reads a document as [DecodeEntity] does. The user is valid until the next call; what is kept of its texts
// keeps doc in memory. A list that doc lacks may be empty instead of nil.
func (d *UserDecoder) Decode(doc string) (*User, error) {
	u := &d.user
	*u = User{
		Groups: u.Groups[:0], Spaces: u.Spaces[:0],
		NotificationChannels: u.NotificationChannels[:0], WhitelistedIPs: u.WhitelistedIPs[:0],
	}
	if d.reader = (reader{doc: doc, shares: true, valid: utf8.ValidString(doc)}); d.reader.readUser(u) {
		return u, nil
	}
	*u = User{}
	if err := json.Unmarshal([]byte(doc), u); err != nil {
		return nil, fmt.Errorf("decode %s: %w", TypeUser, err)
	}
	return u, nil
}

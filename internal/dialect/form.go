package dialect

import (
	"time"

	"github.com/roster-dev/roster"
)

// Seconds returns t in the form 2026-04-20T00:00:00Z, cut to the second; "" for none.
func Seconds(t roster.Time) string {
	if t == 0 {
		return ""
	}
	return t.Std().Format(time.RFC3339)
}

// FirstLast returns a user's first and last name. Of a user who has one name only it is the first one, and last is "".
func FirstLast(u *roster.User) (first, last string) {
	first, last = u.FirstName, u.LastName
	if first == "" && last == "" {
		first = u.Name
	}
	if first == "" {
		first, last = last, ""
	}
	return first, last
}

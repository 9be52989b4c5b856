package dialect

import "github.com/roster-dev/roster"

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

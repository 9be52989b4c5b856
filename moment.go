package roster

import (
	"strconv"
	"strings"
)

// Moment names a version of an organization: by its number, or as the last one at or before an instant. Exactly one is
// set.
type Moment struct {
	Version Version
	At      Time
}

// ParseMoment reads the number of a version, from 1, or an RFC 3339 date-time with any offset. Anything else is
// [Invalid].
func ParseMoment(s string) (Moment, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n >= 1 && n <= MaxNumber {
		return Moment{Version: Version(n)}, nil
	}
	// The + of an offset is a space in a query that was not escaped.
	at, err := ParseTime(strings.Replace(s, " ", "+", 1))
	if err != nil || at == 0 {
		return Moment{}, Errorf(Invalid,
			"must be a version from 1 or an RFC 3339 date-time such as 2023-05-06T00:00:00Z, not %s", quote(s))
	}
	return Moment{At: at}, nil
}

// String returns the moment in the form that [ParseMoment] reads, "" for none.
func (m Moment) String() string {
	if m.Version != 0 {
		return strconv.FormatInt(int64(m.Version), 10)
	}
	return m.At.String()
}

// HistoryInfo says how much of the history of an organization is kept.
type HistoryInfo struct {
	// Oldest is the oldest version that can be shown, and after which every change is kept; OldestAt is when it was
	// made.
	Oldest   Version
	OldestAt Time
	// Version is the present one.
	Version Version
	// Changes counts the changes that are kept, and Bytes is how long they are together as they are stored.
	Changes, Bytes int64
}

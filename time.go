package roster

import (
	"strconv"
	"strings"
	"time"
)

// Time is an instant in milliseconds since 1970-01-01T00:00:00Z. Zero means none, so that very millisecond can't be
// told from none. Milliseconds are what the most precise of the dialects shows.
type Time int64

// TimeOf returns t, cut to the millisecond.
func TimeOf(t time.Time) Time {
	if t.IsZero() {
		return 0
	}
	return Time(t.UnixMilli())
}

// ParseTime reads an RFC 3339 date-time with any offset, cut to the millisecond. Anything else is [Invalid].
func ParseTime(s string) (Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	lenient := err == nil && (s[13] != ':' || strings.Contains(s, ",")) // time.Parse takes 1:00 and a decimal comma
	if err != nil || lenient || t.UTC().Year() < 0 || t.UTC().Year() > 9999 {
		return 0, Errorf(Invalid, "%s is not an RFC 3339 date-time such as 2023-05-06T00:00:00Z", quote(s))
	}
	return TimeOf(t), nil
}

// Std returns t as a time.Time in UTC; none is the zero time.Time.
func (t Time) Std() time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(t)).UTC()
}

// Add returns t+d, d cut to the millisecond.
func (t Time) Add(d time.Duration) Time { return t + Time(d.Milliseconds()) }

// Seconds returns the last whole second that is not after t.
func (t Time) Seconds() Time {
	rest := t % 1000
	if rest < 0 {
		rest += 1000
	}
	return t - rest
}

const canonicalTime = "2006-01-02T15:04:05.000Z"

// String returns the canonical form, 2006-01-02T15:04:05.000Z, or "" for none.
func (t Time) String() string {
	if t == 0 {
		return ""
	}
	return t.Std().Format(canonicalTime)
}

// MarshalJSON returns the canonical form as a JSON string, or null for none.
func (t Time) MarshalJSON() ([]byte, error) {
	if t == 0 {
		return []byte("null"), nil
	}
	b := append(make([]byte, 0, len(canonicalTime)+2), '"')
	return append(t.Std().AppendFormat(b, canonicalTime), '"'), nil
}

// UnmarshalJSON reads a JSON string with an RFC 3339 date-time, or null.
func (t *Time) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*t = 0
		return nil
	}
	s, err := strconv.Unquote(string(data))
	if err != nil {
		return Errorf(Invalid, "%s is not an RFC 3339 date-time in a JSON string", quote(string(data)))
	}
	*t, err = ParseTime(s)
	return err
}

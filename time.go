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
	return string(t.appendText(make([]byte, 0, len(canonicalTime))))
}

// appendText appends the canonical form of t, which is not none.
func (t Time) appendText(b []byte) []byte {
	at := t.Std()
	year, month, day := at.Date()
	if year < 0 || year > 9999 {
		return at.AppendFormat(b, canonicalTime)
	}
	hour, minute, second := at.Clock()
	b = appendTwo(appendTwo(b, year/100), year%100)
	b = appendTwo(append(b, '-'), int(month))
	b = appendTwo(append(b, '-'), day)
	b = appendTwo(append(b, 'T'), hour)
	b = appendTwo(append(b, ':'), minute)
	b = appendTwo(append(b, ':'), second)
	ms := at.Nanosecond() / int(time.Millisecond)
	b = appendTwo(appendDigit(append(b, '.'), ms/100), ms%100)
	return append(b, 'Z')
}

// appendTwo appends a number from 0 to 99 as two digits.
func appendTwo(b []byte, n int) []byte { return appendDigit(appendDigit(b, n/10), n%10) }

func appendDigit(b []byte, n int) []byte { return append(b, "0123456789"[n]) }

// parseCanonicalTime reads the canonical form and nothing else.
func parseCanonicalTime[S string | []byte](s S) (Time, bool) {
	if len(s) != len(canonicalTime) {
		return 0, false
	}
	var n [len(canonicalTime)]int // the digits
	for i, c := range []byte(canonicalTime) {
		switch {
		case c < '0' || c > '9':
			if s[i] != c {
				return 0, false
			}
		case s[i] < '0' || s[i] > '9':
			return 0, false
		default:
			n[i] = int(s[i] - '0')
		}
	}
	two := func(i int) int { return n[i]*10 + n[i+1] }
	year, month, day := two(0)*100+two(2), time.Month(two(5)), two(8)
	hour, minute, second, ms := two(11), two(14), two(17), n[20]*100+two(21)
	if hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	t := time.Date(year, month, day, hour, minute, second, ms*int(time.Millisecond), time.UTC)
	return Time(t.UnixMilli()), t.Month() == month && t.Day() == day
}

// MarshalJSON returns the canonical form as a JSON string, or null for none.
func (t Time) MarshalJSON() ([]byte, error) {
	if t == 0 {
		return []byte("null"), nil
	}
	b := append(make([]byte, 0, len(canonicalTime)+2), '"')
	return append(t.appendText(b), '"'), nil
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

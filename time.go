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
	return string(t.AppendText(make([]byte, 0, len(canonicalTime))))
}

// AppendText appends the canonical form, nothing for none.
func (t Time) AppendText(b []byte) []byte {
	if t == 0 {
		return b
	}
	at := t.Std()
	b, inForm := appendSecond(b, at)
	if !inForm {
		return at.AppendFormat(b, canonicalTime)
	}
	ms := at.Nanosecond() / int(time.Millisecond)
	b = appendTwo(appendDigit(append(b, '.'), ms/100), ms%100)
	return append(b, 'Z')
}

// AppendSecond appends the canonical form without milliseconds, 2006-01-02T15:04:05Z, which are cut; nothing for none.
func (t Time) AppendSecond(b []byte) []byte {
	if t == 0 {
		return b
	}
	at := t.Std()
	b, inForm := appendSecond(b, at)
	if !inForm {
		return at.AppendFormat(b, time.RFC3339)
	}
	return append(b, 'Z')
}

// appendSecond appends 2006-01-02T15:04:05, or nothing and false for a year that has not four digits.
func appendSecond(b []byte, at time.Time) (text []byte, inForm bool) {
	year, month, day := at.Date()
	if year < 0 || year > 9999 {
		return b, false
	}
	hour, minute, second := at.Clock()
	b = appendTwo(appendTwo(b, year/100), year%100)
	b = appendTwo(append(b, '-'), int(month))
	b = appendTwo(append(b, '-'), day)
	b = appendTwo(append(b, 'T'), hour)
	b = appendTwo(append(b, ':'), minute)
	return appendTwo(append(b, ':'), second), true
}

// appendTwo appends a number from 0 to 99 as two digits.
func appendTwo(b []byte, n int) []byte {
	const digits = "0123456789"
	return append(b, digits[n/10], digits[n%10])
}

func appendDigit(b []byte, n int) []byte { return append(b, "0123456789"[n]) }

// parseCanonicalTime reads the canonical form and nothing else.
func parseCanonicalTime[S string | []byte](s S) (Time, bool) {
	if len(s) != len(canonicalTime) || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' ||
		s[19] != '.' || s[20] < '0' || s[20] > '9' || s[23] != 'Z' {
		return 0, false
	}
	year, month, day := readTwo(s, 0)*100+readTwo(s, 2), readTwo(s, 5), readTwo(s, 8)
	hour, minute, second := readTwo(s, 11), readTwo(s, 14), readTwo(s, 17)
	ms := int(s[20]-'0')*100 + readTwo(s, 21)
	if year > 9999 || month < 1 || month > 12 || day < 1 || day > daysOf(year, month) ||
		hour > 23 || minute > 59 || second > 59 || ms > 999 {
		return 0, false
	}
	return Time((((daysUntil(year, month, day)*24+hour)*60+minute)*60+second)*1000 + ms), true
}

// readTwo reads two digits. For anything else it returns more than any four digits are.
func readTwo[S string | []byte](s S, i int) int {
	tens, ones := s[i]-'0', s[i+1]-'0'
	if tens > 9 || ones > 9 {
		return 10_000
	}
	return int(tens)*10 + int(ones)
}

// daysOf returns how many days a month from 1 to 12 has.
func daysOf(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	default:
		return 31
	}
}

// daysUntil returns the number of days from 1970-01-01 to a day of the Gregorian calendar in a year from 0.
func daysUntil(year, month, day int) int {
	// Years that begin in March end with the leap day; 400 of them more keep the first from being negative.
	year, month = year+400, month-3
	if month < 0 {
		year, month = year-1, month+12
	}
	const of400Years, to1970 = 146_097, 719_469
	ofMonths := (153*month + 2) / 5
	return 365*year + year/4 - year/100 + year/400 + ofMonths + day - of400Years - to1970
}

// MarshalJSON returns the canonical form as a JSON string, or null for none.
func (t Time) MarshalJSON() ([]byte, error) {
	if t == 0 {
		return []byte("null"), nil
	}
	b := append(make([]byte, 0, len(canonicalTime)+2), '"')
	return append(t.AppendText(b), '"'), nil
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

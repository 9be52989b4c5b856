package filter

import (
	"strconv"
	"strings"
	"time"

	"github.com/roster-dev/roster"
)

// compareTime compiles the comparison with an instant or a day. Milliseconds are compared as numbers, because a
// [roster.Time] can't tell 1970-01-01T00:00:00Z from none.
func (p *parser) compareTime(t target, v text) (roster.Expr, error) {
	first, last, err := p.instant(v)
	if err != nil {
		return nil, err
	}
	from, to := roster.IntValue(first), roster.IntValue(last)
	switch {
	case t.op == "<=" || t.op == ">":
		return t.cmp(to), nil
	case !t.equals() || first == last:
		return t.cmp(from), nil
	default:
		f := t.info.Field
		return roster.And{
			roster.Cmp{Field: f, Op: roster.GE, Value: from}, roster.Cmp{Field: f, Op: roster.LE, Value: to},
		}, nil
	}
}

// instant returns the first and the last millisecond, as in [roster.Time], of what a value stands for.
func (p *parser) instant(v text) (first, last int64, err error) {
	if v.call != "" {
		ms, ok := milliseconds(v.text)
		if !ok {
			return 0, 0, p.faultAt(v.at, v.source, "%s is not a duration such as 30d: a number and s, m, h, d or w, "+
				"at most %d days in all", quote(v.text), maxDuration/unitOf("d"))
		}
		return int64(p.now) - ms, int64(p.now) - ms, nil
	}
	if day, err := time.Parse(time.DateOnly, v.text); err == nil {
		return day.UnixMilli(), day.AddDate(0, 0, 1).UnixMilli() - 1, nil
	}
	if _, err := roster.ParseTime(v.text); err != nil {
		return 0, 0, p.faultAt(v.at, v.source, "%s is not a date, a date-time such as 2026-03-01T00:00:00Z (RFC 3339) "+
			"or ago(30d)", quote(v.text))
	}
	at, err := time.Parse(time.RFC3339Nano, v.text)
	return at.UnixMilli(), at.UnixMilli(), err
}

// maxDuration is the longest duration in milliseconds: ten thousand years, to leave no instant out of reach.
const maxDuration = 10_000 * 365 * 24 * int64(time.Hour/time.Millisecond)

// unitOf returns a unit of durations in milliseconds, 0 where there is no such unit.
func unitOf(unit string) int64 {
	switch unit {
	case "s":
		return 1000
	case "m":
		return 60 * 1000
	case "h":
		return 60 * 60 * 1000
	case "d":
		return 24 * 60 * 60 * 1000
	case "w":
		return 7 * 24 * 60 * 60 * 1000
	default:
		return 0
	}
}

// milliseconds reads a duration, cut to the millisecond.
func milliseconds(s string) (int64, bool) {
	if s == "" {
		return 0, false
	}
	number, unit := s[:len(s)-1], unitOf(s[len(s)-1:])
	n, err := strconv.ParseFloat(number, 64)
	digits := strings.Trim(number, "0123456789.") == "" && !strings.HasPrefix(number, ".") &&
		!strings.HasSuffix(number, ".")
	if err != nil || !digits || unit == 0 || n*float64(unit) > float64(maxDuration) {
		return 0, false
	}
	return int64(n * float64(unit)), true
}

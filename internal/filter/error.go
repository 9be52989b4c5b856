package filter

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/roster-dev/roster"
)

// Error is the first fault of a filter or an order. It unwraps to a [roster.Error] with the code [roster.Invalid] about
// the parameter, whose message says all that is said here.
type Error struct {
	// Param is the parameter at fault: filter or order_by.
	Param string
	// Offset is where in the text the fault is, in bytes from 0; at the end it is the length of the text.
	Offset int
	// Column is the same in characters from 1.
	Column int
	// Found is what is at fault as it was written, "" at the end of the text.
	Found string
	// Message says what is wrong.
	Message string
	// Code is [roster.Unknown] for the name of no field, [roster.NotAllowed] for a value that the field never has, and
	// "" for everything else.
	Code roster.Code
	// Meant is what was probably meant, or "".
	Meant string
	// Allowed lists what could stand there; nil where there is no such list.
	Allowed []string

	end bool
}

// Error returns the parameter and what is wrong with it where.
func (e *Error) Error() string { return e.invalid().Error() }

// Unwrap returns the error as a client sees it.
func (e *Error) Unwrap() error { return e.invalid() }

func (e *Error) invalid() *roster.Error {
	where := fmt.Sprintf("at character %d: ", e.Column)
	if e.end {
		where = "at the end: "
	}
	var more string
	if e.Meant != "" {
		more = " (did you mean " + e.Meant + "?)"
	}
	if len(e.Allowed) > 0 {
		more += "; possible: " + strings.Join(e.Allowed, ", ")
	}
	err := roster.FieldErrorf(e.Param, "%s%s%s", where, e.Message, more)
	err.Details = []roster.Detail{{
		Field: e.Param, Message: err.Message, Code: e.Code, Allowed: e.Allowed, DidYouMean: e.Meant,
	}}
	return err
}

// faultAt returns an error about found, which begins at a byte of the text.
func (s *scanner) faultAt(at int, found, format string, args ...any) *Error {
	return &Error{
		Param: s.param, Offset: at, Column: s.column(at), Found: found, Message: fmt.Sprintf(format, args...),
		end: at == len(s.text),
	}
}

// column returns the character, from 1, that a byte of the text belongs to.
func (s *scanner) column(at int) int { return utf8.RuneCountInString(s.text[:at]) + 1 }

// instead says what could stand in the place of what was found.
func (e *Error) instead(allowed []string) *Error {
	e.Allowed = allowed
	e.Meant = closest(e.Found, allowed)
	return e
}

// of gives the fault a code.
func (e *Error) of(code roster.Code) *Error {
	e.Code = code
	return e
}

// closest returns the name that is found with the fewest typing errors, or "" where it takes more than two of them or
// a third of the name. Case does not count.
func closest(found string, names []string) string {
	best, least := "", 3
	for _, name := range names {
		if len(found) > len(name)+2 {
			continue
		}
		d := distance([]rune(strings.ToLower(found)), []rune(name))
		if d < least && d <= len(name)/3 {
			best, least = name, d
		}
	}
	return best
}

// distance counts the typing errors (a character too many, too few, wrong, or swapped with its neighbour) between two
// texts: their optimal string alignment distance.
func distance(a, b []rune) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range b {
			row[j+1] = min(last[j+1], row[j]) + 1
			if a[i] == b[j] {
				row[j+1] = min(row[j+1], last[j])
			}
			row[j+1] = min(row[j+1], last[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// quote quotes client input for a message, cut to a length that a message can carry.
func quote(s string) string {
	const most = 60
	if len(s) <= most {
		return strconv.Quote(s)
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.Quote(s[:cut]) + "..."
}

package main

import (
	"math"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
)

// size is a flag with a number of bytes, such as 512MiB or 1.5GiB; without a unit it is bytes.
type size int64

// unit is a unit of sizes and the number of bytes that it has.
type unit struct {
	name  string
	bytes float64
}

// units returns the units, the largest first.
func units() []unit {
	return []unit{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}
}

// Set implements [github.com/spf13/pflag.Value].
func (s *size) Set(text string) error {
	number, scale := text, 1.0
	for _, u := range units() {
		if cut, ok := strings.CutSuffix(text, u.name); ok {
			number, scale = cut, u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(n >= 0) || n*scale >= math.MaxInt64 {
		return roster.Errorf(roster.Invalid, "must be a number of bytes such as 512MiB or 2GiB, not %q", text)
	}
	*s = size(n * scale)
	return nil
}

// String implements [github.com/spf13/pflag.Value].
func (s *size) String() string {
	for _, u := range units() {
		if n := float64(*s) / u.bytes; n >= 1 {
			return strconv.FormatFloat(math.Round(n*100)/100, 'f', -1, 64) + u.name
		}
	}
	return "0"
}

// Type implements [github.com/spf13/pflag.Value].
func (s *size) Type() string { return "size" }

// Package all is the list of the dialects that Roster speaks.
package all

import (
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/d3lay"
	"github.com/roster-dev/roster/internal/dialect/fipto"
	"github.com/roster-dev/roster/internal/dialect/flxpoint"
	"github.com/roster-dev/roster/internal/dialect/kaiten"
	"github.com/roster-dev/roster/internal/dialect/native"
	"github.com/roster-dev/roster/internal/dialect/sixeye"
)

//go:generate go test -run ^TestFidelityPages$ . -update

// Dialects returns every dialect, in the order of the documentation.
func Dialects() []*dialect.Dialect {
	return []*dialect.Dialect{
		flxpoint.New(),
		kaiten.New(),
		sixeye.New(),
		d3lay.New(),
		fipto.New(),
		native.New(),
	}
}

// ByName returns the dialect with a name, or nil.
func ByName(name string) *dialect.Dialect {
	for _, d := range Dialects() {
		if d.Name == name {
			return d
		}
	}
	return nil
}

// Names returns the names of the dialects, in the order of the documentation.
func Names() []string {
	var names []string
	for _, d := range Dialects() {
		names = append(names, d.Name)
	}
	return names
}

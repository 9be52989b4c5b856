package arch

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Fault is one place where the sources break the rules.
type Fault struct {
	// File is relative to the module. Line is 0 where the fault is about the whole file.
	File    string
	Line    int
	Message string
}

// String returns "file:line: message", without the line where there is none.
func (f Fault) String() string {
	if f.Line == 0 {
		return f.File + ": " + f.Message
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message)
}

const unknown = " is not in the table: add a row to Roster in internal/arch/rules.go that says what it may import"

// Check returns every fault of the packages, in their order and in that of their files; none when all is well.
// Besides the imports that r allows, it wants that no file has an init function and that test support (a package whose
// folder ends in "test") is imported by test support only.
func Check(packages []Package, r Rules) []Fault {
	var faults []Fault
	for _, p := range packages {
		row, ok := r.row(p.Path)
		if !ok {
			faults = append(faults, Fault{File: p.Files[0].Name, Message: "package " + p.Path + unknown})
		}
		for _, f := range p.Files {
			faults = append(faults, r.checkFile(f)...)
			for _, i := range f.Imports {
				if message := r.checkImport(p.Path, i, row, ok); message != "" {
					faults = append(faults, Fault{f.Name, i.Line, message})
				}
			}
		}
	}
	return faults
}

func (r Rules) row(pkg string) (Row, bool) {
	i := slices.IndexFunc(r.Packages, func(row Row) bool { return fits(row.Package, pkg) })
	if i < 0 {
		return Row{}, false
	}
	return r.Packages[i], true
}

func (r Rules) checkFile(f File) []Fault {
	var faults []Fault
	if slices.Contains(r.Names, f.Package) {
		message := fmt.Sprintf("no package is called %s: name it after the one thing that it is for", f.Package)
		faults = append(faults, Fault{File: f.Name, Message: message})
	}
	for _, line := range f.Inits {
		faults = append(faults, Fault{f.Name, line, "no init functions: call it where the program is put together"})
	}
	return faults
}

// checkImport returns what is wrong with one import of pkg, "" for nothing. Without a row (known is false) it judges
// only what is true for every package.
func (r Rules) checkImport(pkg string, i Import, row Row, known bool) string {
	for _, reserved := range r.Reserved {
		if !i.Ours && within(reserved.Import, i.Path) && !fitsAny(reserved.For, pkg) {
			return fmt.Sprintf("%s may not import %s: %s (%s)",
				pkg, i.Path, reserved.Why, strings.Join(reserved.For, ", "))
		}
	}
	switch {
	case i.Ours && testSupport(i.Path) && !testSupport(pkg):
		return fmt.Sprintf("%s may not import %s: it is for tests", pkg, i.Path)
	case known && i.Ours && !fitsAny(row.Ours, i.Path):
		return fmt.Sprintf("%s may not import %s: of ours it may import %s", pkg, i.Path, list(row.Ours))
	case known && !i.Ours && row.Strict && !standard(i.Path) && !slices.ContainsFunc(row.Outside,
		func(allowed string) bool { return within(allowed, i.Path) }):
		return fmt.Sprintf("%s may not import %s: beyond the standard library it may import %s",
			pkg, i.Path, list(row.Outside))
	default:
		return ""
	}
}

func list(patterns []string) string {
	if len(patterns) == 0 {
		return "nothing"
	}
	return strings.Join(patterns, ", ")
}

func fitsAny(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return fits(pattern, pkg) })
}

// fits reports whether a pattern of [Rules] stands for pkg.
func fits(pattern, pkg string) bool {
	if pattern == "..." {
		return true
	}
	if parent, ok := strings.CutSuffix(pattern, "/..."); ok {
		return within(parent, pkg)
	}
	ok, err := path.Match(pattern, pkg)
	return ok && err == nil
}

// within reports whether an import path is parent or below it.
func within(parent, imported string) bool {
	return imported == parent || strings.HasPrefix(imported, parent+"/")
}

// standard reports whether an import path is the standard library's: its first element is no domain name.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

func testSupport(pkg string) bool { return strings.HasSuffix(pkg, "test") }

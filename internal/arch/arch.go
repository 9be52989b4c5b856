// Package arch keeps the architecture: it reads the sources of a module and compares what each package imports with the
// table of who may import whom. It knows packages only by their paths and never loads, type-checks or runs them.
package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Package is one folder of Go sources. Test files are not part of it.
type Package struct {
	// Path is relative to the module, "." for the module's own package.
	Path  string
	Files []File
}

// File is what one source file says about itself.
type File struct {
	// Name is relative to the module, with slashes.
	Name    string
	Package string
	Imports []Import
	// Inits holds the lines of its init functions.
	Inits []int
}

// Import is one import declaration. When Ours, Path is relative to the module, "." for the module's own package.
type Import struct {
	Path string
	Ours bool
	Line int
}

// Load reads every package of the module that has its root in fsys, in the order of their paths. Files that build
// constraints exclude are read too; testdata, folders that start with "." or "_", node_modules and nested modules are
// not. It fails where a file is not Go.
func Load(fsys fs.FS, module string) ([]Package, error) {
	var packages []Package
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.IsDir() {
			return nil
		}
		if name != "." && skipped(fsys, name) {
			return fs.SkipDir
		}
		p, err := load(fsys, name, module)
		if err != nil || len(p.Files) == 0 {
			return err
		}
		packages = append(packages, p)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load the sources of %s: %w", module, err)
	}
	slices.SortFunc(packages, func(a, b Package) int { return strings.Compare(a.Path, b.Path) })
	return packages, nil
}

// skipped reports whether the go command leaves the folder out of the module.
func skipped(fsys fs.FS, dir string) bool {
	base := path.Base(dir)
	if base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return true
	}
	_, err := fs.Stat(fsys, path.Join(dir, "go.mod"))
	return err == nil
}

func load(fsys fs.FS, dir, module string) (Package, error) {
	p := Package{Path: dir}
	names, err := fs.Glob(fsys, path.Join(dir, "*.go"))
	if err != nil {
		return p, err
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			return p, err
		}
		f, err := read(name, src, module)
		if err != nil {
			return p, err
		}
		p.Files = append(p.Files, f)
	}
	return p, nil
}

func read(name string, src []byte, module string) (File, error) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, name, src, parser.SkipObjectResolution)
	if err != nil {
		return File{}, err
	}
	f := File{Name: name, Package: tree.Name.Name}
	for _, spec := range tree.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return File{}, fmt.Errorf("%s: import %s: %w", name, spec.Path.Value, err)
		}
		relative, ours := relativeTo(module, imported)
		f.Imports = append(f.Imports, Import{Path: relative, Ours: ours, Line: set.Position(spec.Pos()).Line})
	}
	for _, decl := range tree.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			f.Inits = append(f.Inits, set.Position(fn.Pos()).Line)
		}
	}
	return f, nil
}

// relativeTo returns the path of a package inside the module, or the path as it is and false.
func relativeTo(module, imported string) (string, bool) {
	if imported == module {
		return ".", true
	}
	if rest, ok := strings.CutPrefix(imported, module+"/"); ok {
		return rest, true
	}
	return imported, false
}

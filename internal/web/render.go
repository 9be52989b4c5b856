package web

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"

	"github.com/roster-dev/roster/internal/dialect"
)

// What a browser lets pages do: nothing but what comes from this server. Scalar makes its styles as it goes.
const (
	plainPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	referencePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
		"img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// frame is what a template shows.
type frame struct {
	Title, Path string
	Visitors    bool
	// Compares is true where there is more than one dialect.
	Compares bool
	// Site is the table of contents, Section the part of it that the page is in.
	Site    []section
	Section section
	Article template.HTML
	// Dialects are what a reference is of, or what is compared.
	Dialects []shownDialect
}

// shownDialect is a dialect as templates and scripts see it.
type shownDialect struct {
	Name, Title, Base string
	// Header carries the credential; Scheme is what stands before it there.
	Header, Scheme string
	// List and User are the dialect's [dialect.Samples].
	List, User string
	// Faithful is the path of the page about the dialect's fidelity, "" for none.
	Faithful string
}

func (s *Site) show(d *dialect.Dialect) shownDialect {
	shown := shownDialect{
		Name: d.Name, Title: title(d), Base: s.base(d), Header: "Authorization", Scheme: "Bearer ",
		List: d.Samples.List, User: d.Samples.User,
	}
	if len(d.Schemes) > 0 && d.Schemes[0].Kind == dialect.HeaderKey {
		shown.Header, shown.Scheme = d.Schemes[0].Header, ""
	}
	if page := Root + "dialects/" + d.Name; s.made[page] != nil {
		shown.Faithful = page
	}
	return shown
}

// index makes the first page.
func (s *Site) index() (*Page, error) {
	return s.render("index", frame{Title: "Documentation", Path: Root})
}

// reference makes the page about a dialect.
func (s *Site) reference(d *dialect.Dialect) (*Page, error) {
	f := frame{Title: title(d), Path: referencePath(d), Dialects: []shownDialect{s.show(d)}}
	p, err := s.render("reference", f)
	if err == nil {
		p.Policy = referencePolicy
	}
	return p, err
}

// comparison makes the page that shows the same in all dialects.
func (s *Site) comparison() (*Page, error) {
	f := frame{Title: "Side by side", Path: Root + "compare"}
	for _, d := range s.shown() {
		if d.Samples.List != "" {
			f.Dialects = append(f.Dialects, s.show(d))
		}
	}
	return s.render("compare", f)
}

func (s *Site) render(name string, f frame) (*Page, error) {
	f.Site, f.Visitors, f.Compares = s.sections, s.config.Visitors, !s.config.AtRoot
	t, err := template.New("").Funcs(template.FuncMap{"asset": s.assetPath}).ParseFS(files, "assets/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("parse the templates of pages: %w", err)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, f); err != nil {
		return nil, fmt.Errorf("render %s: %w", f.Path, err)
	}
	p := newPage("text/html", b.Bytes())
	p.Policy = plainPolicy
	return p, nil
}

// assetPath returns the path of the asset that pages call name.
func (s *Site) assetPath(name string) (string, error) {
	for _, a := range s.assets {
		if a.name == name {
			return a.path, nil
		}
	}
	return "", fmt.Errorf("there is no asset %q", name)
}

// trusted marks what goldmark made, which has no HTML but its own.
func trusted(html string) template.HTML {
	return template.HTML(strings.TrimSpace(html)) //nolint:gosec // from pages that are compiled in, without their HTML
}

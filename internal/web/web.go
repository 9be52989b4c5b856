// Package web is the documentation that a server shows in a browser: a reference of each dialect, made from its OpenAPI
// document, a comparison of all dialects over the same users, and the Markdown pages of the folder docs as HTML.
//
// It knows tables of dialects and texts, and makes bytes of them: never requests, users or credentials, which the
// pages' scripts ask the server for as any other client would. Nothing that it makes refers to another host's scripts,
// styles, fonts or images.
package web

import (
	"crypto/sha256"
	"encoding/base64"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/roster-dev/roster/internal/dialect"
)

// Root is the path below which the site is served.
const Root = "/docs/"

// Config is what a site is made from.
type Config struct {
	// Dialects are what can be asked, in the order in which they are shown.
	Dialects []*dialect.Dialect
	// AtRoot is true where the first dialect is served at the root and the others are not served; otherwise each is
	// below its [dialect.Dialect.Mount].
	AtRoot bool
	// Docs has the Markdown pages: guides/NAME.md, errors/CODE.md, dialects/NAME.md and NAME.md.
	Docs fs.FS
	// Visitors is true where POST /docs/token hands out tokens.
	Visitors bool
}

// Site is all pages and what they are made of, each made when it is first asked for. It is safe for concurrent use.
type Site struct {
	config   Config
	assets   []asset
	sections []section
	made     map[string]func() (*Page, error) // by path
}

// Page is one resource of a site. It is shared and read only.
type Page struct {
	// Type is the media type of Body, with its charset.
	Type string
	// Body is the content; where Gzipped is true, in that coding.
	Body    []byte
	Gzipped bool
	// Policy is the Content-Security-Policy; "" for what is no page of its own.
	Policy string
	// Tag is a weak entity tag.
	Tag string
	// Forever is true for what is never anything else at the same path.
	Forever bool
}

// section is a part of the site's table of contents.
type section struct {
	Name, Title string
	Pages       []entry
}

// entry is a page in the table of contents.
type entry struct {
	Path, Title string
	file        string // of Docs; "" for another kind of page
}

// New returns the site. It fails where Docs can't be read.
func New(c Config) (*Site, error) {
	s := &Site{config: c, assets: assets(), made: map[string]func() (*Page, error){}}
	if err := s.survey(); err != nil {
		return nil, err
	}
	s.add(Root, func() (*Page, error) { return s.index() })
	if !c.AtRoot {
		s.add(Root+"compare", func() (*Page, error) { return s.comparison() })
	}
	for _, d := range s.shown() {
		s.add(referencePath(d), func() (*Page, error) { return s.reference(d) })
	}
	for _, section := range s.sections {
		for _, e := range section.Pages {
			if e.file != "" {
				s.add(e.Path, func() (*Page, error) { return s.article(section, e) })
			}
		}
	}
	for _, a := range s.assets {
		s.add(a.path, func() (*Page, error) { return a.page(), nil })
	}
	return s, nil
}

func (s *Site) add(at string, page func() (*Page, error)) { s.made[at] = sync.OnceValues(page) }

// Page returns the page at a path, nil where there is none.
func (s *Site) Page(at string) (*Page, error) {
	if made := s.made[at]; made != nil {
		return made()
	}
	return nil, nil
}

// Paths returns the paths of all pages and what they are made of, in order.
func (s *Site) Paths() []string {
	paths := make([]string, 0, len(s.made))
	for p := range s.made {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths
}

// shown returns the dialects that can be asked.
func (s *Site) shown() []*dialect.Dialect {
	if s.config.AtRoot {
		return s.config.Dialects[:1]
	}
	return s.config.Dialects
}

// base returns the path below which a dialect is served.
func (s *Site) base(d *dialect.Dialect) string {
	if s.config.AtRoot {
		return ""
	}
	return d.Mount()
}

func referencePath(d *dialect.Dialect) string { return Root + "api/" + d.Name }

// title returns what a dialect is called: Roster's own by what it is, as the site is Roster's.
func title(d *dialect.Dialect) string {
	if d.Own {
		return "Native API"
	}
	return d.Title
}

// survey finds what there is to read.
func (s *Site) survey() error {
	references := section{Name: "api", Title: "API references"}
	for _, d := range s.shown() {
		references.Pages = append(references.Pages, entry{Path: referencePath(d), Title: title(d)})
	}
	s.sections = []section{references}
	for _, part := range []struct{ name, title, pattern string }{
		{"guides", "Guides", "guides/*.md"},
		{"operation", "Promises", "*.md"},
		{"dialects", "Fidelity of the dialects", "dialects/*.md"},
		{"errors", "Error codes", "errors/*.md"},
	} {
		files, err := fs.Glob(s.config.Docs, part.pattern)
		if err != nil {
			return err
		}
		if len(files) == 0 {
			continue
		}
		found := section{Name: part.name, Title: part.title}
		for _, file := range files {
			text, err := fs.ReadFile(s.config.Docs, file)
			if err != nil {
				return err
			}
			found.Pages = append(found.Pages, entry{
				Path: Root + strings.TrimSuffix(file, path.Ext(file)), Title: heading(text), file: file,
			})
		}
		s.sections = append(s.sections, found)
	}
	return nil
}

// newPage returns a page of HTML or another text.
func newPage(mediaType string, body []byte) *Page {
	sum := sha256.Sum256(body)
	return &Page{
		Type: mediaType + "; charset=utf-8", Body: body,
		Tag: `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
	}
}

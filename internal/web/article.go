package web

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	tables "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// source is where files are that the site does not have.
const source = "https://github.com/roster-dev/roster/blob/main/"

// article makes a page of a Markdown file. HTML in it is left out.
func (s *Site) article(in section, e entry) (*Page, error) {
	markdown, err := fs.ReadFile(s.config.Docs, e.file)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := s.markdown(e.file).Convert(markdown, &b); err != nil {
		return nil, fmt.Errorf("render %s: %w", e.file, err)
	}
	return s.render("article", frame{Title: e.Title, Path: e.Path, Section: in, Article: trusted(b.String())})
}

// markdown returns what makes HTML of a file.
func (s *Site) markdown(file string) goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(extension.GFM),
		goldmark.WithParserOptions(
			parser.WithAutoHeadingID(),
			parser.WithASTTransformers(util.Prioritized(linker{s, path.Dir(file)}, 100)),
		),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(wide{html.NewRenderer()}, 100))),
	)
}

// heading returns the text of the first heading.
func heading(markdown []byte) string {
	for line := range strings.Lines(string(markdown)) {
		if title, ok := strings.CutPrefix(line, "# "); ok {
			return strings.TrimSpace(title)
		}
	}
	return ""
}

// linker has links between files lead to where the files are served.
type linker struct {
	site *Site
	dir  string // of the file that the links are in
}

// Transform implements [parser.ASTTransformer].
func (l linker) Transform(doc *ast.Document, _ text.Reader, _ parser.Context) {
	// The walk fails only where its function does.
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if link, ok := n.(*ast.Link); ok && entering {
			link.Destination = []byte(l.target(string(link.Destination)))
		}
		return ast.WalkContinue, nil
	})
}

// target returns what a link leads to.
func (l linker) target(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Path == "" {
		return to
	}
	file, fragment := path.Join("docs", l.dir, u.Path), ""
	if u.Fragment != "" {
		fragment = "#" + u.Fragment
	}
	served := "/" + strings.TrimSuffix(file, ".md")
	if l.site.made[served] != nil {
		return served + fragment
	}
	if _, err := fs.Stat(l.site.config.Docs, strings.TrimPrefix(file, "docs/")); err == nil {
		return Root + "#" + path.Base(file) // a folder is a section
	}
	return source + file + fragment
}

// wide renders what may be wider than the page so that it scrolls by itself, by keys as well.
type wide struct{ renderer.NodeRenderer }

// RegisterFuncs implements [renderer.NodeRenderer].
func (wide) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindFencedCodeBlock, renderCode)
	r.Register(ast.KindCodeBlock, renderCode)
	r.Register(tables.KindTable, renderTable)
}

func renderCode(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	_, _ = w.WriteString("<pre tabindex=\"0\"><code>")
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		_, _ = w.Write(util.EscapeHTML(line.Value(source)))
	}
	_, err := w.WriteString("</code></pre>\n")
	return ast.WalkSkipChildren, err
}

func renderTable(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
	tag := "<div class=\"scroll\" role=\"group\" aria-label=\"Table\" tabindex=\"0\"><table>\n"
	if !entering {
		tag = "</table></div>\n"
	}
	_, err := w.WriteString(tag)
	return ast.WalkContinue, err
}

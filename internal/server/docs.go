package server

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/web"
)

// siteMaker returns the site of a listener, which is made when it is first asked for; nil for none.
type siteMaker func() (*web.Site, error)

// newSite returns the site about dialects, which are at the root or each below its prefix.
func (s *Server) newSite(atRoot bool, dialects ...*dialect.Dialect) siteMaker {
	return sync.OnceValues(func() (*web.Site, error) {
		if !s.Site || s.Docs == nil {
			return nil, nil
		}
		return web.New(web.Config{
			Dialects: dialects, AtRoot: atRoot, Docs: s.Docs, Visitors: s.Visitors != nil,
		})
	})
}

// read answers with something to read, where a path is that of it.
func (s *Server) read(w http.ResponseWriter, r *http.Request, of siteMaker) bool {
	if !strings.HasPrefix(r.URL.Path, "/docs") {
		return false
	}
	if s.errorPage(w, r) {
		return true
	}
	site, err := of()
	if err != nil {
		s.Log.ErrorContext(r.Context(), "no documentation", "error", err)
		writeText(w, http.StatusInternalServerError, "internal error\n")
		return true
	}
	if site == nil {
		return false
	}
	return s.sitePage(w, r, site)
}

func (s *Server) sitePage(w http.ResponseWriter, r *http.Request, site *web.Site) bool {
	switch r.URL.Path {
	case "/docs":
		http.Redirect(w, r, web.Root, http.StatusMovedPermanently)
		return true
	case web.Root + "token":
		return s.visitorToken(w, r)
	}
	page, err := site.Page(r.URL.Path)
	switch {
	case err != nil:
		s.Log.ErrorContext(r.Context(), "no page", "error", err)
		writeText(w, http.StatusInternalServerError, "internal error\n")
	case page == nil:
		return false
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		writeText(w, http.StatusMethodNotAllowed, "Pages are read by GET.\n")
	default:
		writePage(w, r, page)
	}
	return true
}

// errorPage answers with the page about the code of an error, where a path is that of one: in Markdown, or, for
// browsers, as the site has it.
func (s *Server) errorPage(w http.ResponseWriter, r *http.Request) bool {
	code, ok := strings.CutPrefix(r.URL.Path, "/docs/errors/")
	i := slices.Index(roster.Codes(), roster.Code(code))
	if !ok || i < 0 || s.Docs == nil {
		return false
	}
	if s.Site {
		w.Header().Add("Vary", "Accept")
		if browses(r) {
			return false
		}
	}
	page, err := fs.ReadFile(s.Docs, "errors/"+string(roster.Codes()[i])+".md")
	if err != nil {
		return false
	}
	w.Header().Set("Content-Type", "text/markdown; charset=utf-8")
	writePlain(w, http.StatusOK, string(page))
	return true
}

// browses reports whether a request wants a page rather than a text.
func browses(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// visitorToken hands out a token to pages of this server, and to no page of another name: a browser must not let a
// foreign one read what only this machine can reach. A name whose owner leads it here (DNS rebinding) looks like one of
// ours, which is why the data is to be made up.
func (s *Server) visitorToken(w http.ResponseWriter, r *http.Request) bool {
	if s.Visitors == nil {
		return false
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "OPTIONS, POST")
		writeText(w, http.StatusMethodNotAllowed, "Tokens are made by POST.\n")
		return true
	}
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		writeText(w, http.StatusForbidden, "Tokens are for pages of this server.\n")
		return true
	}
	secret, until := s.Visitors.Token()
	org, _ := s.Visitors.Org(secret)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	writePlain(w, http.StatusOK, fmt.Sprintf("{\"token\":%q,\"expires_at\":%q,\"organization\":%q}\n",
		secret, until, org))
	return true
}

// writePage answers with a page, or with 304 who has it.
func writePage(w http.ResponseWriter, r *http.Request, p *web.Page) {
	h := w.Header()
	h.Set("Content-Type", p.Type)
	h.Set("ETag", p.Tag)
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	if p.Forever {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if p.Policy != "" {
		h.Set("Content-Security-Policy", p.Policy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
	}
	if strings.Contains(r.Header.Get("If-None-Match"), p.Tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := p.Body
	if p.Gzipped && takesGzip(r) {
		h.Set("Content-Encoding", "gzip")
	} else if p.Gzipped {
		body = unzipped(body)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) //nolint:gosec // it was compiled in, whatever the path is
}

// takesGzip reports whether a client takes gzip, as every browser does.
func takesGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.ReplaceAll(coding, " ", ""), ";")
		if name == "gzip" {
			return strings.Trim(weight, "q=0.") != "" || weight == ""
		}
	}
	return false
}

func unzipped(body []byte) []byte {
	from, err := gzip.NewReader(bytes.NewReader(body))
	if err == nil {
		body, err = io.ReadAll(from)
	}
	if err != nil {
		panic(err) // it was compiled in
	}
	return body
}

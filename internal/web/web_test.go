package web_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/roster-dev/roster/docs"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/all"
	"github.com/roster-dev/roster/internal/web"
)

func newSite(t *testing.T, c web.Config) *web.Site {
	t.Helper()
	if c.Docs == nil {
		c.Docs = docs.Pages
	}
	if c.Dialects == nil {
		c.Dialects = all.Dialects()
	}
	site, err := web.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

func page(t *testing.T, site *web.Site, path string) *web.Page {
	t.Helper()
	p, err := site.Page(path)
	if err != nil || p == nil {
		t.Fatalf("%s: got the page %v and the error %v", path, p, err)
	}
	return p
}

// node is an element of a page.
type node struct {
	*html.Node
	attributes map[string]string
}

// elements returns the elements of a page, in their order.
func elements(t *testing.T, p *web.Page) []node {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(p.Body))
	if err != nil {
		t.Fatal(err)
	}
	var found []node
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		e := node{n, map[string]string{}}
		for _, a := range n.Attr {
			e.attributes[a.Key] = a.Val
		}
		found = append(found, e)
	}
	return found
}

// places returns the ids of the elements of all pages of a site, by path.
func places(t *testing.T, site *web.Site) map[string][]string {
	t.Helper()
	ids := map[string][]string{}
	for _, path := range site.Paths() {
		ids[path] = nil
		if p := page(t, site, path); strings.HasPrefix(p.Type, "text/html") {
			for _, e := range elements(t, p) {
				ids[path] = append(ids[path], e.attributes["id"])
			}
		}
	}
	return ids
}

// Every link of every page leads somewhere, and nothing that a page is made of comes from elsewhere or stands in it
// where its policy forbids it.
func TestPagesHangTogether(t *testing.T) {
	t.Parallel()
	site := newSite(t, web.Config{Visitors: true})
	known := places(t, site)
	apart := []string{"script", "img", "iframe", "object", "embed", "form", "base", "style"}
	var pages int
	for _, path := range site.Paths() {
		p := page(t, site, path)
		if !strings.HasPrefix(p.Type, "text/html") {
			continue
		}
		pages++
		for _, e := range elements(t, p) {
			if e.attributes["style"] != "" || e.Data == "style" || e.Data == "script" && e.FirstChild != nil {
				t.Errorf("%s: has <%s> with content of its own", path, e.Data)
			}
			for _, name := range []string{"href", "src", "action"} {
				if to, ok := e.attributes[name]; ok {
					checkTarget(t, known, path, to, e.Data == "link" || slices.Contains(apart, e.Data))
				}
			}
			for name := range e.attributes {
				if strings.HasPrefix(name, "on") {
					t.Errorf("%s: <%s> has a script in %s", path, e.Data, name)
				}
			}
		}
	}
	if want := len(all.Dialects()) + 30; pages < want {
		t.Errorf("got %d pages, want at least %d", pages, want)
	}
}

// checkTarget checks what an element of a page refers to. Parts of a page must be the site's.
func checkTarget(t *testing.T, known map[string][]string, path, to string, part bool) {
	t.Helper()
	u, err := url.Parse(to)
	switch {
	case err != nil:
		t.Errorf("%s: %v", path, err)
	case u.Host != "" && (part || u.Scheme != "https" && !strings.HasPrefix(u.Host, "localhost")):
		t.Errorf("%s: %s is on another host", path, to)
	case u.Host != "" || strings.HasSuffix(u.Path, "/openapi.json"):
	default:
		ids, found := known[cmp.Or(u.Path, path)]
		if !found || u.Fragment != "" && !slices.Contains(ids, u.Fragment) {
			t.Errorf("%s: %s leads nowhere", path, to)
		}
	}
}

// No page lets anything in but what the server has.
func TestPolicies(t *testing.T) {
	t.Parallel()
	site := newSite(t, web.Config{})
	for _, path := range site.Paths() {
		p := page(t, site, path)
		if !strings.HasPrefix(p.Type, "text/html") {
			continue
		}
		for directive := range strings.SplitSeq(p.Policy, "; ") {
			name, sources, _ := strings.Cut(directive, " ")
			want := []string{"'self'"}
			switch {
			case name == "default-src" || name == "base-uri" || name == "form-action" || name == "frame-ancestors":
				want = []string{"'none'"}
			case strings.HasPrefix(path, "/docs/api/") && name == "style-src":
				want = append(want, "'unsafe-inline'")
			case strings.HasPrefix(path, "/docs/api/") && name == "img-src":
				want = append(want, "data:", "blob:")
			}
			if diff := gocmp.Diff(want, strings.Fields(sources)); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", path, name, diff)
			}
		}
		for _, name := range []string{"default-src", "script-src", "connect-src", "base-uri", "frame-ancestors"} {
			if !strings.Contains(p.Policy, name+" ") {
				t.Errorf("%s: the policy says nothing of %s", path, name)
			}
		}
	}
}

// Markdown becomes HTML, without HTML that stands in it, and with links to where files are served.
func TestMarkdown(t *testing.T) {
	t.Parallel()
	site := newSite(t, web.Config{Docs: fstest.MapFS{
		"guides/one.md": {Data: []byte("# One & only\n\nA <b onclick=x>bold</b> [two](two.md#x), [gone](../errors/gone.md), " +
			"[folder](../errors), [code](../../cmd/a.go), [bad](javascript:x).\n\n```sh\na <b> 'c'\n```\n\n" +
			"| a |\n| - |\n| 1 |\n\n<script>alert(1)</script>\n")},
		"guides/two.md":  {Data: []byte("# Two\n\n## x\n")},
		"errors/gone.md": {Data: []byte("# gone\n")},
	}})
	body := string(page(t, site, "/docs/guides/one").Body)
	_, got, _ := strings.Cut(body, "<article>\n")
	got, _, _ = strings.Cut(got, "\n</article>")
	want := `<h1 id="one--only">One &amp; only</h1>
<p>A <!-- raw HTML omitted -->bold<!-- raw HTML omitted --> <a href="/docs/guides/two#x">two</a>, ` +
		`<a href="/docs/errors/gone">gone</a>, <a href="/docs/#errors">folder</a>, ` +
		`<a href="https://github.com/roster-dev/roster/blob/main/cmd/a.go">code</a>, <a href="">bad</a>.</p>
<pre tabindex="0"><code>a &lt;b&gt; 'c'
</code></pre>
<div class="scroll" role="group" aria-label="Table" tabindex="0"><table>
<thead>
<tr>
<th>a</th>
</tr>
</thead>
<tbody>
<tr>
<td>1</td>
</tr>
</tbody>
</table></div>
<!-- raw HTML omitted -->`
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("article (-want +got):\n%s", diff)
	}
	if !strings.Contains(body, "<title>One &amp; only · Roster</title>") {
		t.Errorf("the title is not the first heading: %s", body)
	}
	if !regexp.MustCompile(`(?s)<nav class="contents".*href="/docs/guides/one" aria-current="page".*two`).MatchString(body) {
		t.Errorf("the contents do not say where the page is: %s", body)
	}
}

// Where one dialect is at the root, the site is about that one.
func TestSiteOfOneDialect(t *testing.T) {
	t.Parallel()
	site := newSite(t, web.Config{Dialects: []*dialect.Dialect{all.ByName("kaiten")}, AtRoot: true})
	var references []string
	for _, path := range site.Paths() {
		if strings.HasPrefix(path, "/docs/api/") || path == "/docs/compare" {
			references = append(references, path)
		}
	}
	if diff := gocmp.Diff([]string{"/docs/api/kaiten"}, references); diff != "" {
		t.Errorf("references (-want +got):\n%s", diff)
	}
	reference := string(page(t, site, "/docs/api/kaiten").Body)
	if !strings.Contains(reference, `data-document="/openapi.json"`) {
		t.Errorf("the reference is of another document: %s", reference)
	}
	if strings.Contains(string(page(t, site, "/docs/").Body), "/docs/compare") {
		t.Error("one dialect is compared with nothing")
	}
}

// What pages are made of changes its path with its content, and has a type that browsers take.
func TestAssets(t *testing.T) {
	t.Parallel()
	site := newSite(t, web.Config{})
	types := map[string]string{
		".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
		".svg": "image/svg+xml; charset=utf-8", ".LICENSE": "text/plain; charset=utf-8",
	}
	name := regexp.MustCompile(`^/docs/assets/[a-z]+\.([0-9a-f]{12})(\.[A-Za-z]+)$`)
	var found int
	for _, path := range site.Paths() {
		if !strings.HasPrefix(path, "/docs/assets/") {
			continue
		}
		found++
		p, parts := page(t, site, path), name.FindStringSubmatch(path)
		if parts == nil || p.Type != types[parts[2]] || !p.Forever {
			t.Fatalf("%s: got the type %q, forever %t", path, p.Type, p.Forever)
		}
		if sum := sha256.Sum256(p.Body); !strings.HasPrefix(hex.EncodeToString(sum[:]), parts[1]) {
			t.Errorf("%s: has the hash %x", path, sum[:6])
		}
	}
	if found != 6 {
		t.Errorf("got %d assets, want 6", found)
	}
}

// The script is the one that its maker has published: `make vendor-docs` prints the sum.
func TestVendored(t *testing.T) {
	t.Parallel()
	const want = "bf091006bdc3af6067af77c2f534812e3e633e94a94e87138069f570f33b762c"
	site := newSite(t, web.Config{})
	i := slices.IndexFunc(site.Paths(), func(path string) bool { return strings.Contains(path, "/scalar.") && strings.HasSuffix(path, ".js") })
	p := page(t, site, site.Paths()[i])
	from, err := gzip.NewReader(bytes.NewReader(p.Body))
	if err != nil || !p.Gzipped {
		t.Fatal(p.Gzipped, err)
	}
	script, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(script); hex.EncodeToString(sum[:]) != want {
		t.Errorf("the script's SHA-256 is %x, want %s", sum, want)
	}
}

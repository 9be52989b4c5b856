// Package record stands between a client and a vendor's API, and writes what goes by as golden cases in which nothing
// of a person and no secret is left: names, e-mail addresses, ids and tokens are replaced, each by the same every time.
//
// What may stay is what the dialect's tables know; everything else is replaced. So a new member of the vendor's is
// recorded as being there, and not with what is in it.
package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// Options say what to record. All fields but Transport are required.
type Options struct {
	Dialect *dialect.Dialect
	// Contract is the one that the cases are for: files of live cases have names that begin with live.
	Contract roster.Contract
	// Upstream takes the place of the vendor's base URL.
	Upstream *url.URL
	// Dir is the folder to write to. It is made where there is none; files that are there are not touched.
	Dir string
	// Shift is added to every instant.
	Shift time.Duration
	// Transport sends requests; optional: [http.DefaultTransport].
	Transport http.RoundTripper
}

// Recorder records. It is safe for concurrent use.
type Recorder struct {
	options Options

	// mu guards what follows.
	mu    sync.Mutex
	mask  *mask
	files map[string]bool // those that were begun
	known map[string]bool // cases that were written
	// failed is the first failure to write, skipped how many bodies were too large.
	failed  error
	skipped int
}

// mostBytes is how large a body can be to be recorded.
const mostBytes = 32 << 20

// New returns a recorder. It fails where the folder can't be made.
func New(o Options) (*Recorder, error) {
	if err := os.MkdirAll(o.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("make the folder for cases: %w", err)
	}
	return &Recorder{options: o, mask: newMask(o), files: map[string]bool{}, known: map[string]bool{}}, nil
}

// Handler passes requests on to the vendor as they are, but for the host and the encoding of the answer, and answers as
// the vendor does. Signatures that include the host do not count there.
func (r *Recorder) Handler() http.Handler {
	proxy := &httputil.ReverseProxy{
		Transport: r.options.Transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(r.options.Upstream)
			p.Out.Header.Del("Accept-Encoding") // else the body would come as the client wants it
		},
		ModifyResponse: r.answered,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "the vendor's API does not answer: "+err.Error(), http.StatusBadGateway)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, in.Body, mostBytes))
		if err != nil {
			http.Error(w, "the request's body can't be read", http.StatusBadRequest)
			return
		}
		in.Body = io.NopCloser(bytes.NewReader(body))
		asked := in.Clone(in.Context())
		asked.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, in.WithContext(withAsked(in.Context(), exchange{request: asked, sent: body})))
	})
}

// answered records an answer, which goes to the client all the same.
func (r *Recorder) answered(response *http.Response) error {
	x, ok := askedOf(response.Request.Context())
	if !ok {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, mostBytes+1))
	rest := response.Body
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), rest), rest}
	if err != nil {
		return nil // the client sees it break off at the same place, and there is nothing to record
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(body) > mostBytes {
		r.skipped++
		return nil
	}
	x.status, x.header, x.body = response.StatusCode, response.Header, body
	if err := r.write(x); err != nil && r.failed == nil {
		r.failed = err
	}
	return nil
}

// write writes a case, unless one like it was written.
func (r *Recorder) write(x exchange) error {
	name, request, response := r.mask.texts(x)
	if r.known[request+response] {
		return nil
	}
	r.known[request+response] = true
	if r.options.Contract == roster.Live {
		name = "live-" + name
	}
	text := fmt.Sprintf("-- %03d/request --\n%s-- %03d/response --\n%s", len(r.known), request, len(r.known), response)
	flags := os.O_WRONLY | os.O_APPEND
	if !r.files[name] {
		flags |= os.O_CREATE | os.O_EXCL
		text = fmt.Sprintf("Recorded from an API of %s, with nothing of anybody in it.\n\n%s",
			r.options.Dialect.Title, text)
	}
	path := filepath.Join(r.options.Dir, name+".txtar")
	f, err := os.OpenFile(path, flags, 0o600) //nolint:gosec // the folder is chosen, the name is of the tables
	if err != nil {
		return fmt.Errorf("write a case: %w", err)
	}
	r.files[name] = true
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write a case: %w", err)
	}
	return nil
}

// Cases returns how many cases were written, and how many answers were too large for one. It fails with the first
// failure to write.
func (r *Recorder) Cases() (written, skipped int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.known), r.skipped, r.failed
}

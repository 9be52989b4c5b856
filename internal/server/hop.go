package server

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
)

// Spread says which of several processes over a store is to have an organization in memory. A request that arrives at
// another one is passed on to it, once; where it can't be reached, the process that has the request answers itself, as
// it can load any organization.
type Spread struct {
	// Owner returns where requests for an organization are passed on to, nil where this process is to answer them.
	Owner func(roster.ID) Peer
	// Orgs finds out which organization a request is for.
	Orgs Finder
	// Secret is what the processes prove to each other with that a request comes from one of them, 32 bytes.
	Secret []byte
	// Share returns, for the metrics, how many processes there are, how many organizations are to be in the memory of
	// this one, and how many are in it that are not to be.
	Share func() (processes, owned, strangers int)
}

// Peer is another process that organizations are spread over. It is safe for concurrent use.
type Peer interface {
	// URL returns the scheme and the host at which it is reached.
	URL() *url.URL
	// WhenLost calls fn once nothing was heard of it for too long; stop prevents that, and reports whether it does.
	WhenLost(fn func()) (stop func() bool)
}

// Finder finds organizations without having them loaded. What it finds may be out of date: whoever answers a request
// looks again. Its methods fail with [roster.NotFound] where there is no such organization.
type Finder interface {
	// TokenOrg returns the organization of the token whose secret has a hash.
	TokenOrg(ctx context.Context, hash string) (roster.ID, error)
	// SlugOrg returns the organization with a slug.
	SlugOrg(ctx context.Context, slug string) (roster.ID, error)
	// UserOrg returns one, always the same, of the organizations that have a user with an id.
	UserOrg(ctx context.Context, user roster.ID) (roster.ID, error)
}

// hopHeader is the header with which a process proves that it has passed a request on, and in the answer the other that
// it has taken it, with one of these values. Clients neither send nor get it.
const (
	hopHeader  = "Roster-Hop"
	hopTaken   = "taken"
	hopLive    = "live" // the body goes on for as long as the client listens
	hopRefused = "refused"
)

// check fails with [roster.Invalid] where something is missing.
func (s *Spread) check() error {
	if s.Owner == nil || s.Orgs == nil || s.Share == nil || len(s.Secret) != sha256.Size {
		return roster.FieldErrorf("spread", "must have all of its parts, and a secret of %d bytes", sha256.Size)
	}
	return nil
}

// hopSkew is how far the clocks of two processes may be apart.
const hopSkew = 5 * time.Minute

// hop is what a process says about a request that it passes on: what can't be seen any more behind it.
type hop struct {
	ID     string      `json:"id"` // of the request
	At     roster.Time `json:"at"`
	Client netip.Addr  `json:"client"`
	// Dialect is the name of the dialect that the request is for, and Root the path at which it was served.
	Dialect string `json:"dialect"`
	Root    string `json:"root"`
	// Scheme and Host are those of the URL as the client sees it.
	Scheme string `json:"scheme"`
	Host   string `json:"host"`
}

// seal returns the value of the header about a request with a method and a target.
func (h *hop) seal(secret []byte, method, target string) (string, error) {
	text, err := json.Marshal(h)
	if err != nil {
		return "", fmt.Errorf("say what is passed on: %w", err)
	}
	encoded := base64.RawURLEncoding.EncodeToString(text)
	return encoded + "." + base64.RawURLEncoding.EncodeToString(hopProof(secret, encoded, method, target)), nil
}

func hopProof(secret []byte, parts ...string) []byte {
	mac := hmac.New(sha256.New, secret)
	for _, part := range parts {
		_, _ = mac.Write(appendPart(nil, part)) // a hash does not fail
	}
	return mac.Sum(nil)
}

// openHop reads the header of a request that another process says to have passed on.
func openHop(secret []byte, r *http.Request, now time.Time) (*hop, error) {
	values := r.Header[hopHeader]
	encoded, proof, _ := strings.Cut(values[0], ".")
	given, err := base64.RawURLEncoding.DecodeString(proof)
	if len(values) > 1 || err != nil || !hmac.Equal(given, hopProof(secret, encoded, r.Method, r.RequestURI)) {
		return nil, errors.New("the header " + hopHeader + " proves nothing")
	}
	text, err := base64.RawURLEncoding.DecodeString(encoded)
	h := &hop{}
	if err == nil {
		err = json.Unmarshal(text, h)
	}
	if err != nil {
		return nil, fmt.Errorf("read the header %s: %w", hopHeader, err)
	}
	if apart := now.Sub(h.At.Std()).Abs(); apart > hopSkew {
		return nil, fmt.Errorf("the clock of the process that has passed the request on is %s apart", apart)
	}
	return h, nil
}

// takeHop takes a request that another process has passed on, or refuses one of which that is not proved, and returns
// false.
func (s *Server) takeHop(w http.ResponseWriter, r *http.Request, rec *requestRecord) bool {
	err := errors.New("organizations are not spread here")
	if s.Spread != nil {
		rec.hop, err = openHop(s.Spread.Secret, r, s.Now())
	}
	if err == nil && s.mounts[rec.hop.Dialect] == nil {
		err = fmt.Errorf("there is no dialect %q", rec.hop.Dialect)
	}
	if err != nil {
		s.Log.InfoContext(r.Context(), "a request was refused that claims to be from another server", "error", err,
			"client", auth.ClientAddr(r, s.TrustedProxies).String())
		s.sender.count(hopsRefused)
		w.Header()[hopHeader] = []string{hopRefused}
		writeText(w, http.StatusMisdirectedRequest, "The header "+hopHeader+" is for servers of one Roster only.\n")
		return false
	}
	s.sender.count(hopsReceived)
	rec.id = rec.hop.ID
	w.Header()[hopHeader] = []string{hopTaken}
	return true
}

// arrive has a request that was passed on answered as at the place where it came from.
func (s *Server) arrive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := recordOf(w).hop
		if h == nil {
			next.ServeHTTP(w, r)
			return
		}
		s.mounts[h.Dialect].serve(w, r, strings.TrimPrefix(r.URL.EscapedPath(), h.Root))
	})
}

package inspect

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// shown judges the credential.
func (j *judge) shown() {
	if place := j.misplaced(); place != "" {
		j.find(authMisplaced, place, "a credential stands in "+place, j.schemes())
		return
	}
	if j.endpoint == nil || j.endpoint.Public {
		return
	}
	if j.scheme == nil {
		j.find(authMissing, "", "the request has no credential", j.schemes())
		return
	}
	if best := j.best(); best != nil && j.scheme.Mark != best.Mark {
		j.find(authScheme, header(*j.scheme), fmt.Sprintf("the credential is carried as %s: %s", usage(*j.scheme),
			j.scheme.Doc), j.schemes())
	}
	switch {
	case j.damage == NoAnswer || j.status == 0:
	case j.refused(http.StatusUnauthorized, http.StatusForbidden):
		j.refusal()
	default:
		j.client.accepted = true
	}
}

// refusal says why a credential was refused. Nobody is blamed for one that has ended since it counted.
func (j *judge) refusal() {
	t, e := j.token, j.endpoint
	switch {
	case t != nil && len(e.Kinds) > 0 && !slices.Contains(e.Kinds, t.Kind):
		j.find(authKind, header(*j.scheme), fmt.Sprintf("the token is of the kind %s", t.Kind),
			fmt.Sprintf("%s asks for a token of the kind %v", j.vendorsPage(), e.Kinds[0]))
	case j.status == http.StatusForbidden:
		source := j.vendorsPage() + " " + e.AllowDoc
		if e.Needs != "" {
			source = j.vendorsPage() + " needs the permission " + string(e.Needs)
		}
		j.find(authPermission, header(*j.scheme), "the credential does not allow it", strings.TrimSpace(source))
	case !j.client.accepted && len(j.faults) == 0:
		j.find(authRefused, header(*j.scheme), j.why(), j.schemes())
	}
}

// why says why a credential does not count.
func (j *judge) why() string {
	switch t := j.token; {
	case j.credential.Signed:
		return "the signature is not right, too old, or of a client that there is not"
	case t == nil:
		return "there is no such token"
	case t.RevokedAt != 0:
		return "the token is revoked"
	case t.ExpiresAt != 0 && t.ExpiresAt <= roster.TimeOf(j.began):
		return "the token has expired"
	default:
		return "the token does not count"
	}
}

// misplaced returns where a credential stands that nobody reads there, or that should not stand there, or "".
func (j *judge) misplaced() string {
	for name, value := range pairs(j.url.RawQuery) {
		known := j.endpoint != nil && j.endpoint.Takes(dialect.Query, name)
		if value != "" && (roster.WellFormedSecret(value) || !known && isSecret(name)) {
			return "the query parameter " + name
		}
	}
	for part := range strings.SplitSeq(j.url.Path, "/") {
		if roster.WellFormedSecret(part) {
			return "the path"
		}
	}
	if j.scheme != nil {
		return ""
	}
	for name, value := range values(j.header) {
		_, last, _ := strings.Cut(value, " ")
		if name == "Authorization" && strings.TrimSpace(value) != "" ||
			roster.WellFormedSecret(value) || roster.WellFormedSecret(last) {
			return "the header " + name
		}
	}
	return ""
}

// best returns the scheme that is the vendor's own where the one that is used is less so; nil for no difference.
func (j *judge) best() *dialect.Scheme {
	certainty := []dialect.Mark{dialect.Seed, dialect.Seen, dialect.Ours}
	for i := range j.api.Dialect.Schemes {
		s := &j.api.Dialect.Schemes[i]
		if slices.Index(certainty, s.Mark) < slices.Index(certainty, j.scheme.Mark) {
			return s
		}
	}
	return nil
}

// schemes says how credentials are carried.
func (j *judge) schemes() string {
	var list []string
	for _, s := range j.api.Dialect.Schemes {
		list = append(list, fmt.Sprintf("%s (%s)", usage(s), s.Mark))
	}
	return j.api.Dialect.Title + " has " + strings.Join(list, ", or else ")
}

func usage(s dialect.Scheme) string {
	switch s.Kind {
	case dialect.Bearer:
		return "Authorization: Bearer TOKEN"
	case dialect.HTTPSignature:
		return "an HTTP signature"
	default:
		return s.Header + ": TOKEN"
	}
}

// header returns the header that a scheme uses.
func header(s dialect.Scheme) string {
	switch s.Kind {
	case dialect.Bearer:
		return "Authorization"
	case dialect.HTTPSignature:
		return "Signature"
	default:
		return s.Header
	}
}

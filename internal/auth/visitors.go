package auth

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"sync/atomic"

	"github.com/roster-dev/roster"
)

// Visitors are whoever looks at one organization without a token of their own, as on a demo server's pages. They share
// a token that may only read and that another follows every five minutes. It is no record: it follows from the key and
// the time, so that every process with the same key knows it, and nothing is written. It is safe for concurrent use.
type Visitors struct {
	org     roster.ID
	key     []byte
	now     func() roster.Time
	present atomic.Pointer[visits]
}

// visits are the secrets that count in a turn, the latest first.
type visits struct {
	turn    int64
	secrets [visitTurns]string
}

// How long visitors' tokens count: each is handed out for a turn, in milliseconds, and counts for so many.
const (
	visitTurn  = 5 * 60 * 1000
	visitTurns = 3
)

// NewVisitors returns the visitors of an organization, whose tokens follow from a secret key.
func NewVisitors(org roster.ID, key []byte, now func() roster.Time) *Visitors {
	return &Visitors{org: org, key: key, now: now}
}

// Token returns the secret of a token that counts for ten minutes to fifteen, and when it does not any more.
func (v *Visitors) Token() (secret string, until roster.Time) {
	counting := v.counting()
	return counting.secrets[0], roster.Time((counting.turn + visitTurns) * visitTurn)
}

// Org returns the organization that they look at with a secret, and whether it is one of theirs that counts now.
// Without visitors none is.
func (v *Visitors) Org(secret string) (org roster.ID, ok bool) {
	if v == nil {
		return org, false
	}
	p, ok := v.principal(secret)
	return p.Org, ok
}

// principal returns whom a secret stands for, and whether it is one of a visitor that counts now.
func (v *Visitors) principal(secret string) (roster.Principal, bool) {
	for _, s := range v.counting().secrets {
		if hmac.Equal([]byte(s), []byte(secret)) {
			return roster.Principal{
				Org: v.org, Token: roster.ID(v.sum("token", 0)[:16]), Name: "visitor", Kind: roster.TokenAccount,
				Permissions: roster.Permissions{roster.UsersRead, roster.MetadataRead, roster.MembersAdmin},
				ReadOnly:    true,
			}, true
		}
	}
	return roster.Principal{}, false
}

// counting returns the secrets that count now.
func (v *Visitors) counting() *visits {
	turn := int64(v.now()) / visitTurn
	if known := v.present.Load(); known != nil && known.turn == turn {
		return known
	}
	counting := &visits{turn: turn}
	for i := range counting.secrets {
		secret, err := roster.NewSecret(bytes.NewReader(v.sum("secret", turn-int64(i))))
		if err != nil {
			panic(err) // a sum is as long as a secret takes
		}
		counting.secrets[i] = secret
	}
	v.present.Store(counting)
	return counting
}

// sum returns 32 bytes that follow from the key, a use and a turn.
func (v *Visitors) sum(use string, turn int64) []byte {
	mac := hmac.New(sha256.New, v.key)
	_, _ = mac.Write(binary.BigEndian.AppendUint64([]byte(use), uint64(turn))) //nolint:gosec // any bits will do
	return mac.Sum(nil)
}

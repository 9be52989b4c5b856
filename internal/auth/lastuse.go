package auth

import (
	"cmp"
	"slices"
	"time"

	"github.com/roster-dev/roster"
)

// LastUse remembers when tokens were last used, so that using one costs no write. [LastUse.Drain] hands out, now and
// then, those whose stored time lags behind; [LastUse.At] is exact in between. Where it starts without knowing what is
// stored, it hands out the first use of each token. It is safe for concurrent use.
type LastUse struct {
	uses *shards[tokenKey, use]
}

// tokenKey names a token; ids are unique within an organization only.
type tokenKey struct{ org, token roster.ID }

// use is the last use of a token, and how much of it is stored.
type use struct{ last, stored roster.Time }

// worth keeps what is not stored yet, and of that the latest, longest.
func (u use) worth() int64 {
	if u.last <= u.stored {
		return 0
	}
	return int64(u.last)
}

// NewLastUse returns a LastUse that remembers about capacity tokens. Beyond that it forgets tokens whose last use is
// stored, then those that were not used for long.
func NewLastUse(capacity int) *LastUse {
	return &LastUse{uses: newShards[tokenKey, use](capacity)}
}

// Touch records that an organization's token was used at now. A use before the last one changes nothing.
func (l *LastUse) Touch(org roster.ID, token *roster.Token, now roster.Time) {
	key := tokenKey{org, token.ID}
	sh := l.uses.of(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	u, known := sh.entries[key]
	if known && now <= u.last {
		return
	}
	u = use{last: max(u.last, now), stored: max(u.stored, token.LastUsedAt)}
	l.uses.put(sh, key, u, use.worth)
}

// At returns when an organization's token was last used, as exactly as is known here: what is remembered or, where that
// is later, what its record says. What is stored apart from the record may be later still.
func (l *LastUse) At(org roster.ID, token *roster.Token) roster.Time {
	key := tokenKey{org, token.ID}
	sh := l.uses.of(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return max(sh.entries[key].last, token.LastUsedAt)
}

// Drain calls write with every use that is later than the stored one by resolution or more (with 0: by anything at
// all, as for the last time before the process ends), ordered by organization and token, and takes them as stored
// unless write fails, whose error it returns as it is. It does not call write where there is nothing to store, and
// holds no lock while write runs. Calls at the same time may hand out the same use.
func (l *LastUse) Drain(resolution time.Duration, write func([]roster.TokenUse) error) error {
	uses := l.due(resolution)
	if len(uses) == 0 {
		return nil
	}
	if err := write(uses); err != nil {
		return err
	}
	for _, u := range uses {
		l.stored(u)
	}
	return nil
}

func (l *LastUse) due(resolution time.Duration) []roster.TokenUse {
	least := max(1, roster.Time(resolution.Milliseconds()))
	var uses []roster.TokenUse
	for i := range l.uses.parts {
		sh := &l.uses.parts[i]
		sh.mu.Lock()
		for key, u := range sh.entries {
			if u.last-u.stored >= least {
				uses = append(uses, roster.TokenUse{Org: key.org, Token: key.token, At: u.last})
			}
		}
		sh.mu.Unlock()
	}
	slices.SortFunc(uses, func(a, b roster.TokenUse) int {
		return cmp.Or(a.Org.Compare(b.Org), a.Token.Compare(b.Token))
	})
	return uses
}

func (l *LastUse) stored(done roster.TokenUse) {
	key := tokenKey{done.Org, done.Token}
	sh := l.uses.of(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if u, known := sh.entries[key]; known {
		u.stored = max(u.stored, done.At)
		sh.entries[key] = u
	}
}

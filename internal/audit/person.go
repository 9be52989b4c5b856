package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
)

// Person is somebody of whom all traces are to be erased, and what is known of how the person was called.
type Person struct {
	ID roster.ID
	// names are what tells the person from others wherever it stands, e-mails and names of several words, and words
	// what does so only where the person is meant, both in words with spaces around each.
	names, words map[string]bool
	emails       map[string]bool
	// marks are those of names and words that stand for the person where others of the kind stand: all but a part of a
	// name.
	marks map[string]bool
}

// NewPerson returns a person of whom nothing is known but, where traces were looked for before, what they say.
func NewPerson(id roster.ID, known *roster.Traces) *Person {
	p := &Person{
		ID: id, names: map[string]bool{}, words: map[string]bool{}, emails: map[string]bool{}, marks: map[string]bool{},
	}
	if known != nil {
		for _, list := range []struct {
			from []string
			to   map[string]bool
		}{{known.Names, p.names}, {known.Words, p.words}, {known.Emails, p.emails}, {known.Marks, p.marks}} {
			for _, s := range list.from {
				list.to[s] = true
			}
		}
	}
	return p
}

// Known says in traces how the person was called.
func (p *Person) Known(t *roster.Traces) {
	t.Names, t.Words = slices.Sorted(maps.Keys(p.names)), slices.Sorted(maps.Keys(p.words))
	t.Emails, t.Marks = slices.Sorted(maps.Keys(p.emails)), slices.Sorted(maps.Keys(p.marks))
}

// Knows counts what is known of how the person was called.
func (p *Person) Knows() int { return len(p.names) + len(p.words) + len(p.emails) }

// Texts are what a text has that tells of the person: the id and the e-mails.
func (p *Person) Texts() []string {
	return append(slices.Sorted(maps.Keys(p.emails)), p.ID.String())
}

// Meet notes how the person is called where a record is about the person, and reports whether it is.
func (p *Person) Meet(e roster.Entity) bool {
	if e == nil || !roster.IsAbout(e, p.ID) {
		return false
	}
	switch e := e.(type) {
	case *roster.User:
		p.meet(e)
	case *roster.DeletedUser:
		if e.User != nil {
			p.meet(e.User)
		}
	}
	return true
}

func (p *Person) meet(u *roster.User) {
	if u.Email != "" {
		p.emails[u.Email] = true
	}
	for _, s := range []string{u.Email, u.Name, u.FirstName + " " + u.LastName, u.Identifier} {
		n := len(roster.Words(roster.FoldSearch(s)))
		if n > 0 && s != u.FirstName+" " && s != " "+u.LastName {
			p.marks[inWords(s)] = true
		}
		switch {
		case n == 1:
			p.words[inWords(s)] = true
		case n > 1:
			p.names[inWords(s)] = true
		}
	}
	for _, s := range []string{u.FirstName, u.LastName, u.Name} {
		for _, word := range roster.Words(roster.FoldSearch(s)) {
			if len(word) > 1 {
				p.words[" "+word+" "] = true
			}
		}
	}
}

// inWords returns the words of a text, folded, with a space around each.
func inWords(s string) string {
	return " " + strings.Join(roster.Words(roster.FoldSearch(s)), " ") + " "
}

// IsNamed reports whether a text names the person; meant says that it is likely to, so that a word will do.
func (p *Person) IsNamed(text string, meant bool) bool {
	if text == "" || text == roster.ErasedText {
		return false
	}
	words := inWords(text)
	has := func(name string) bool { return strings.Contains(words, name) }
	return anyOf(p.names, has) || meant && anyOf(p.words, has)
}

func anyOf(names map[string]bool, is func(string) bool) bool {
	for name := range names {
		if is(name) {
			return true
		}
	}
	return false
}

// IsIn reports whether an entry of the audit names the person, or was made by the person, as far as that can be told
// without what was written. It may be wrong about what is erased already.
func (p *Person) IsIn(e *roster.Entry) bool {
	by := e.Actor == p.ID || e.User == p.ID
	return by && e.Name != roster.ErasedText || p.IsNamed(e.Name, false) || p.IsNamed(e.Reason, by)
}

// mine says which documents of an op are about the person.
type mine struct{ before, after bool }

func (m mine) any() bool { return m.before || m.after }

// Read looks for the person in the ops of a change: it notes how the person is called, and reports whether there is
// something to erase.
func (p *Person) Read(ops []Op) (about bool, err error) {
	for i := range ops {
		is, err := p.read(&ops[i])
		if err != nil {
			return false, err
		}
		about = about || is.before && ops[i].Before != nil || is.after && ops[i].After != nil
	}
	return about, nil
}

// HasTrimmed reports whether ops have digests in the place of documents about the person, as is left of them in a
// history that was trimmed, or where they were erased already. Of tokens and invitations that can't be told any more;
// nobody can guess them, as they have the hash of a secret.
func (p *Person) HasTrimmed(ops []Op) bool {
	return slices.ContainsFunc(ops, p.isTrimmed)
}

func (p *Person) isTrimmed(op Op) bool {
	is := op.Key.Type == roster.TypeUser || op.Key.Type == roster.TypeDeletedUser
	return is && op.Key.ID == p.ID && op.isErased()
}

// read says which documents of an op, be they erased already, are about the person.
func (p *Person) read(op *Op) (about mine, err error) {
	switch op.Key.Type {
	case roster.TypeUser, roster.TypeDeletedUser:
		if op.Key.ID != p.ID {
			return mine{}, nil
		}
		about = mine{true, true}
	case roster.TypeToken, roster.TypeInvitation:
	default:
		return mine{}, nil
	}
	for doc, is := range map[*[]byte]*bool{&op.Before: &about.before, &op.After: &about.after} {
		if *doc == nil {
			continue
		}
		e, err := roster.DecodeEntity(op.Key.Type, *doc)
		if err != nil {
			return mine{}, fmt.Errorf("look for a person in %s: %w", op.Key, err)
		}
		*is = p.Meet(e)
	}
	return about, nil
}

// Erase erases the person from the ops of a change and from its entries, which are all that it has, in their order. It
// reports whether anything was erased; then all of them must be kept anew. The hashes of the entries stay right.
func (p *Person) Erase(entries []roster.Entry, ops []Op) (erased bool, err error) {
	about := make([]mine, len(ops))
	for i := range ops {
		if about[i], err = p.read(&ops[i]); err != nil {
			return false, err
		}
	}
	at := 0
	for i := range entries {
		e := &entries[i]
		if e.From < at || e.From > e.To || e.To > len(ops) {
			return false, fmt.Errorf("erase a person: entry %d is about the ops from %d before %d of %d", e.Seq, e.From,
				e.To, len(ops))
		}
		erased = eraseUnsealed(ops[at:e.From], about[at:e.From]) || erased
		erased = p.eraseEntry(e, ops[e.From:e.To], about[e.From:e.To]) || erased
		at = e.To
	}
	return eraseUnsealed(ops[at:], about[at:]) || erased, nil
}

// eraseEntry erases the person from an entry and its ops.
func (p *Person) eraseEntry(e *roster.Entry, ops []Op, about []mine) (erased bool) {
	for i := range ops {
		op := &ops[i]
		if about[i].before && op.Before != nil || about[i].after && op.After != nil {
			dropSalt(e, ops)
			op.erase(about[i])
			erased = true
		} else if p.isTrimmed(*op) && e.Salt != [16]byte{} { // by which the document could be guessed
			dropSalt(e, ops)
			erased = true
		}
	}
	byPerson := e.Actor == p.ID || e.User == p.ID
	meant := byPerson || slices.ContainsFunc(about, mine.any)
	name := e.NameSeal.Digest.IsZero() && (byPerson || p.IsNamed(e.Name, meant))
	reason := e.ReasonSeal.Digest.IsZero() && p.IsNamed(e.Reason, meant)
	return EraseTexts(e, ops, name, reason) || erased
}

// eraseUnsealed erases ops that have no entry, which nothing holds to what they were.
func eraseUnsealed(ops []Op, about []mine) (erased bool) {
	for i := range ops {
		op := &ops[i]
		if about[i].before && op.Before != nil {
			op.Before, op.BeforeDigest, erased = nil, unsealed(), true
		}
		if about[i].after && op.After != nil {
			op.After, op.AfterDigest, erased = nil, unsealed(), true
		}
	}
	return erased
}

// unsealed stands for a document of which not even a digest is left.
func unsealed() roster.Digest { return Salt{}.Digest([]byte("erased")) }

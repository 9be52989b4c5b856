package roster

import "fmt"

// Erased stands in an op of the history for a record that was erased: which one it was is all that is left. An op that
// creates, updates or deletes one still says so. Who follows the history leaves creations and updates of erased records
// out, and removes the record where it is deleted, if it is there: the deletion always comes.
type Erased struct {
	Type Type
	ID   ID
}

// Key implements [Entity].
func (e Erased) Key() Key { return Key(e) }

// Keys implements [Entity]: there are none.
func (e Erased) Keys() Keys { return Keys{} }

// IsErased reports whether a document of the op was erased from the history. There may be another one: that of a token
// that acted as another user.
func (o Op) IsErased() bool {
	_, before := o.Before.(Erased)
	_, after := o.After.(Erased)
	return before || after
}

// Left returns what is left of an op: a record that was erased is as if it had not been there. An op of which nothing
// is left has neither Before nor After.
func (o Op) Left() Op {
	if _, gone := o.Before.(Erased); gone {
		o.Before = nil
	}
	if _, gone := o.After.(Erased); gone {
		o.After = nil
	}
	return o
}

// ErasedText is what stands for a name or a reason that was erased from the audit.
const ErasedText = "erased"

// Erasure says that a change erases all traces of a person. In its transaction, in every change of the organization up
// to and including itself, the documents of records about the person ([IsAbout]) give way to digests, as do names and
// reasons in the audit that name the person, or the person's tokens; and the answers to requests that tell of the
// person are forgotten. What stays are ids, which nobody can tell the person from.
type Erasure struct {
	User ID
	// Traces is what was found before the transaction; nil where nobody has looked. What is written meanwhile is found
	// in it.
	Traces *Traces
}

// Traces is where in what a store keeps of an organization there is something about a person.
type Traces struct {
	// Version is how far the history and the audit were looked through, and At the time of the last answer that was.
	Version Version
	At      Time
	// Versions are those with something to erase, ascending, and Answers the keys of such answers.
	Versions []Version
	Answers  []Digest
	// Names are what the person was called, Words what tells of the person only where the person is meant, and Emails
	// the e-mails as they were written. Marks are what stands for the person alone in what is imported.
	Names, Words, Emails, Marks []string
}

// TextSeal is what is left of a text in the audit that is digested in the hash of its entry. The zero TextSeal is that
// of a text whose salt follows from the entry's.
type TextSeal struct {
	// Salt is the text's own, where the entry has lost its salt.
	Salt [16]byte
	// Digest stands for a text that was erased.
	Digest Digest
}

// errErased says that there is no document.
func errErased(key Key) error { return fmt.Errorf("%s was erased", key) }

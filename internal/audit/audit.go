// Package audit chains what the audit keeps of writes, and finds out whether a chain is whole.
//
// The entries of an organization are linked by hashes: each covers the hash of the entry before, everything else that
// the entry says but its place, and a digest of each document that the write replaced or left behind. The digests are
// salted and the documents themselves are not covered, so that a person's records can be erased from the history later:
// what stays in their place are the digests, which the chain can still be verified with and nobody can guess a record
// from. Each op has a salt of its own, which follows from that of the entry as long as nothing was erased, and so have
// the name and the reason of the entry.
//
// The package is pure. It must not know how entries are stored.
package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"strconv"

	"github.com/roster-dev/roster"
)

// Op is an op in the form in which it is kept: the documents, or, where they were erased, their digests.
type Op struct {
	Verb string
	Key  roster.Key
	// Before and After are documents, nil for none.
	Before, After []byte
	// BeforeDigest and AfterDigest are what [Salt.Digest] returned for documents that were erased.
	BeforeDigest, AfterDigest roster.Digest
	// Salt is the op's own; where it is zero it follows from that of the entry.
	Salt Salt
}

// Salt is what a digest is made with besides the document.
type Salt [16]byte

// Digest returns the digest of a document.
func (s Salt) Digest(doc []byte) (d roster.Digest) {
	h := sha256.New()
	_, _ = h.Write(s[:]) // a hash does not fail
	_, _ = h.Write(doc)
	h.Sum(d[:0])
	return d
}

// Seal links an entry to the one before, which has a hash, or to none, and sets its Prev and Hash. content is the sum
// of the ops of its range.
func Seal(e *roster.Entry, org roster.ID, prev, content roster.Digest) {
	e.Prev, e.Form = prev, erasable
	e.Hash = hashOf(e, org, content)
}

// What keeps the hashes of entries and those of their contents apart from any others.
const (
	entryDomain   = "roster audit entry "
	contentDomain = "roster audit content 1"
)

// The forms of entries: what roster.Entry says of Form.
const (
	plain    = 1
	erasable = 2
)

// hashOf returns the hash that an entry with a Prev has.
func hashOf(e *roster.Entry, org roster.ID, content roster.Digest) roster.Digest {
	c := newCanonical(entryDomain + strconv.Itoa(e.Form))
	c.bytes(org[:])
	c.bytes(e.Prev[:])
	c.number(int64(e.Version))
	c.number(int64(e.At))
	c.bytes(e.Actor[:])
	c.bytes(e.User[:])
	if e.Form == plain {
		c.text(e.Name)
		c.bytes(e.Request[:])
		c.text(e.Reason)
	} else {
		c.seal(e.Name, nameSeal(e))
		c.bytes(e.Request[:])
		c.seal(e.Reason, reasonSeal(e))
	}
	c.number(int64(e.From))
	c.number(int64(e.To))
	c.bytes(content[:])
	return c.sum()
}

// Content sums up what a write did, op by op.
type Content struct {
	canonical

	salt Salt
	ops  int
}

// NewContent begins the sum of the ops of an entry with a salt.
func NewContent(salt Salt) *Content {
	return &Content{canonical: newCanonical(contentDomain), salt: salt}
}

// Add adds the next op of the entry's range.
func (c *Content) Add(op *Op) {
	salt := op.salt(c.salt, c.ops)
	c.ops++
	c.text(op.Verb)
	c.text(string(op.Key.Type))
	c.bytes(op.Key.ID[:])
	c.digest(salt, op.Before, op.BeforeDigest)
	c.digest(salt, op.After, op.AfterDigest)
}

// Sum returns the sum of what was added. Nothing can be added afterwards.
func (c *Content) Sum() roster.Digest { return c.sum() }

// sumOf returns the sum of the ops of an entry.
func sumOf(e *roster.Entry, ops []Op) roster.Digest {
	c := NewContent(e.Salt)
	for i := range ops {
		c.Add(&ops[i])
	}
	return c.Sum()
}

// canonical is a hash over parts that can't be taken for others: each has its length before it.
type canonical struct {
	hash hash.Hash
	buf  []byte // not yet hashed
}

func newCanonical(domain string) canonical {
	c := canonical{sha256.New(), make([]byte, 0, 256)}
	c.text(domain)
	return c
}

func (c *canonical) bytes(b []byte) {
	const most = 4096
	c.buf = append(binary.AppendUvarint(c.buf, uint64(len(b))), b...)
	if len(c.buf) > most {
		c.flush()
	}
}

func (c *canonical) text(s string) {
	c.buf = append(binary.AppendUvarint(c.buf, uint64(len(s))), s...)
}

func (c *canonical) number(n int64) { c.buf = binary.AppendVarint(c.buf, n) }

// digest adds the digest of a document, or one that stands for it, or nothing where there is neither.
func (c *canonical) digest(salt Salt, doc []byte, erased roster.Digest) {
	switch {
	case doc != nil:
		d := salt.Digest(doc)
		c.bytes(d[:])
	case !erased.IsZero():
		c.bytes(erased[:])
	default:
		c.bytes(nil)
	}
}

func (c *canonical) flush() {
	_, _ = c.hash.Write(c.buf) // a hash does not fail
	c.buf = c.buf[:0]
}

func (c *canonical) sum() (d roster.Digest) {
	c.flush()
	c.hash.Sum(d[:0])
	return d
}

// salt returns the salt of an op, the i-th one of an entry with a salt.
func (op *Op) salt(entry Salt, i int) (salt Salt) {
	if op.Salt != (Salt{}) {
		return op.Salt
	}
	from := append(make([]byte, 0, 32), entry[:]...)
	d := sha256.Sum256(binary.AppendVarint(from, int64(i)))
	copy(salt[:], d[:])
	return salt
}

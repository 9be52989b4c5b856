package audit

import (
	"crypto/sha256"

	"github.com/roster-dev/roster"
)

// What keeps the salts of the texts of an entry apart from those of its ops, and from each other.
const (
	nameLabel   = "name"
	reasonLabel = "reason"
)

// nameSeal returns what the name of an entry is digested with, or the digest that stands for it.
func nameSeal(e *roster.Entry) roster.TextSeal { return sealOf(e.Name, e.NameSeal, e.Salt, nameLabel) }

// reasonSeal does the same for the reason.
func reasonSeal(e *roster.Entry) roster.TextSeal {
	return sealOf(e.Reason, e.ReasonSeal, e.Salt, reasonLabel)
}

func sealOf(text string, kept roster.TextSeal, salt [16]byte, label string) roster.TextSeal {
	if kept != (roster.TextSeal{}) || text == "" {
		return kept
	}
	d := sha256.Sum256(append(salt[:], label...))
	copy(kept.Salt[:], d[:])
	return kept
}

// seal adds the digest of a text, or the one that stands for it.
func (c *canonical) seal(text string, seal roster.TextSeal) {
	if text == "" {
		c.bytes(nil) // which needs no keeping
		return
	}
	if seal.Digest.IsZero() {
		seal.Digest = Salt(seal.Salt).Digest([]byte(text))
	}
	c.bytes(seal.Digest[:])
}

// EraseTexts puts a digest in the place of the name of an entry, of its reason, or of both. ops are those of the
// entry's range; they lose the salt of the entry, and both must be kept anew. The entry's hash stays right. It does
// nothing and reports so for an entry of an earlier version of roster, whose hash covers the texts themselves.
func EraseTexts(e *roster.Entry, ops []Op, name, reason bool) bool {
	if e.Form == plain || !name && !reason {
		return false
	}
	dropSalt(e, ops)
	if name && e.Name != "" && e.NameSeal.Digest.IsZero() {
		e.NameSeal = roster.TextSeal{Digest: Salt(nameSeal(e).Salt).Digest([]byte(e.Name))}
		e.Name = roster.ErasedText
	}
	if reason && e.Reason != "" && e.ReasonSeal.Digest.IsZero() {
		e.ReasonSeal = roster.TextSeal{Digest: Salt(reasonSeal(e).Salt).Digest([]byte(e.Reason))}
		e.Reason = roster.ErasedText
	}
	return true
}

// isSealed reports whether what stands for erased texts is what must stand there, and the form is one that there is.
func isSealed(e *roster.Entry) bool {
	if e.Form == plain {
		return e.NameSeal == roster.TextSeal{} && e.ReasonSeal == roster.TextSeal{}
	}
	return e.Form == erasable && (e.NameSeal.Digest.IsZero() || e.Name == roster.ErasedText) &&
		(e.ReasonSeal.Digest.IsZero() || e.Reason == roster.ErasedText)
}

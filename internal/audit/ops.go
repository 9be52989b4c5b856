package audit

import (
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/roster-dev/roster"
)

// opDoc is the JSON form of an op: that of [roster.Op], and what stands in it for erased documents.
type opDoc struct {
	Op           string          `json:"op"`
	Type         roster.Type     `json:"type"`
	ID           roster.ID       `json:"id"`
	Before       json.RawMessage `json:"before,omitempty"`
	After        json.RawMessage `json:"after,omitempty"`
	BeforeDigest roster.Digest   `json:"before_sha256,omitzero"`
	AfterDigest  roster.Digest   `json:"after_sha256,omitzero"`
	Salt         string          `json:"salt,omitempty"`
}

// DecodeOps reads a JSON array of ops as stores keep it, the documents to the byte.
func DecodeOps(doc []byte) ([]Op, error) {
	var docs []opDoc
	if err := json.Unmarshal(doc, &docs); err != nil {
		return nil, fmt.Errorf("decode ops: %w", err)
	}
	ops := make([]Op, len(docs))
	for i, d := range docs {
		ops[i] = Op{
			Verb: d.Op, Key: roster.Key{Type: d.Type, ID: d.ID}, Before: d.Before, After: d.After,
			BeforeDigest: d.BeforeDigest, AfterDigest: d.AfterDigest,
		}
		if d.Salt == "" {
			continue
		}
		salt, err := hex.DecodeString(d.Salt)
		if err != nil || copy(ops[i].Salt[:], salt) != len(salt) {
			return nil, fmt.Errorf("decode ops: %q is not a salt", d.Salt)
		}
	}
	return ops, nil
}

// EncodeOps returns what [DecodeOps] reads.
func EncodeOps(ops []Op) ([]byte, error) {
	docs := make([]opDoc, len(ops))
	for i, op := range ops {
		docs[i] = opDoc{
			Op: op.Verb, Type: op.Key.Type, ID: op.Key.ID, Before: op.Before, After: op.After,
			BeforeDigest: op.BeforeDigest, AfterDigest: op.AfterDigest,
		}
		if op.Salt != (Salt{}) {
			docs[i].Salt = hex.EncodeToString(op.Salt[:])
		}
	}
	out, err := json.Marshal(docs)
	if err != nil {
		return nil, fmt.Errorf("encode ops: %w", err)
	}
	return out, nil
}

// Erase puts digests in the place of the documents of some records in ops, which are those of an entry's range. The
// salts that the digests were made with are gone afterwards, that of the entry too, and the entry's hash stays right.
// Entry and ops must both be kept anew.
func Erase(e *roster.Entry, ops []Op, erased func(roster.Key) bool) {
	dropSalt(e, ops)
	for i := range ops {
		if op := &ops[i]; erased(op.Key) {
			op.erase(mine{true, true})
		}
	}
}

// dropSalt gives what is digested with the salt of an entry salts of their own, and takes the entry's away.
func dropSalt(e *roster.Entry, ops []Op) {
	for i := range ops {
		if !ops[i].isErased() {
			ops[i].Salt = ops[i].salt(e.Salt, i)
		}
	}
	if e.Form != plain {
		e.NameSeal, e.ReasonSeal = nameSeal(e), reasonSeal(e)
	}
	e.Salt = [16]byte{}
}

// isErased reports whether there is no document left that a salt is needed for.
func (op *Op) isErased() bool { return op.Before == nil && op.After == nil }

// erase puts digests in the place of documents. The salt goes with the last of them.
func (op *Op) erase(docs mine) {
	if docs.before && op.Before != nil {
		op.BeforeDigest, op.Before = op.Salt.Digest(op.Before), nil
	}
	if docs.after && op.After != nil {
		op.AfterDigest, op.After = op.Salt.Digest(op.After), nil
	}
	if op.isErased() {
		op.Salt = Salt{}
	}
}

package audit

import (
	"fmt"

	"github.com/roster-dev/roster"
)

// Trim puts digests in the place of all documents in the ops of a change, given the entries that are about it, which
// stay as they are. Documents that no entry is about leave nothing behind but that they were there.
func Trim(entries []roster.Entry, ops []Op) error {
	for i := range entries {
		e := &entries[i]
		if e.From < 0 || e.From > e.To || e.To > len(ops) {
			return fmt.Errorf("entry %d is about the ops from %d before %d of %d", e.Seq, e.From, e.To, len(ops))
		}
		for j := range ops[e.From:e.To] {
			op := &ops[e.From+j]
			op.digest(op.salt(e.Salt, j).Digest)
		}
	}
	for i := range ops {
		ops[i].digest(func([]byte) roster.Digest { return unsealed() })
	}
	return nil
}

// digest puts digests in the place of the documents.
func (op *Op) digest(of func([]byte) roster.Digest) {
	if op.Before != nil {
		op.BeforeDigest, op.Before = of(op.Before), nil
	}
	if op.After != nil {
		op.AfterDigest, op.After = of(op.After), nil
	}
	op.Salt = Salt{}
}

package store

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
)

// Index returns what a driver can look an entry of a change up by: the types of the records that it is about, each
// between spaces, and [IndexKey] of each of their ids. What is only bookkeeping does not count.
func Index(change *roster.Change, e *roster.Entry) (types string, keys []byte) {
	var seen []string
	keys = make([]byte, 0, keySize*(e.To-e.From))
	for _, op := range change.Ops[e.From:e.To] {
		key := op.Key()
		if key.Type == roster.TypeOrganization && op.IsBookkeeping() {
			continue
		}
		if !slices.Contains(seen, string(key.Type)) {
			seen = append(seen, string(key.Type))
		}
		keys = append(keys, IndexKey(key.ID)...)
	}
	return " " + strings.Join(seen, " ") + " ", keys
}

// DecodeRange returns the ops of an entry's range from the JSON array of all ops of its change.
func DecodeRange(doc []byte, e roster.Entry) ([]roster.Op, error) {
	ops, err := roster.DecodeOps(doc)
	if err != nil {
		return nil, err
	}
	if e.From < 0 || e.From > e.To || e.To > len(ops) {
		return nil, fmt.Errorf("entry %d is about the ops from %d before %d of %d", e.Seq, e.From, e.To, len(ops))
	}
	return ops[e.From:e.To], nil
}

const keySize = 8

// IndexKey returns eight bytes for an id. They are a hash, so that the keys of ids that differ in little stand for no
// other one where they stand in a row.
func IndexKey(id roster.ID) []byte {
	const offset, prime = 0xcbf29ce484222325, 0x100000001b3 // FNV-1a
	hash := uint64(offset)
	for _, b := range id {
		hash = (hash ^ uint64(b)) * prime
	}
	return binary.BigEndian.AppendUint64(nil, hash)
}

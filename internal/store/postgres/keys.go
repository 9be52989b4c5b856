package postgres

import (
	"crypto/sha256"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// keyBytes returns the column of a key that is a text, nil for none. An index holds no more than 2,704 bytes; of a text
// that is longer than keys are, a digest stands for it, after a byte that no text has.
func keyBytes(text string) []byte {
	const most = 512
	if text == "" {
		return nil
	}
	if len(text) <= most {
		return []byte(text)
	}
	sum := sha256.Sum256([]byte(text))
	return append([]byte{0xff}, sum[:]...)
}

// taking is a unique key of a type.
type taking struct {
	typ roster.Type
	key roster.Keys
}

// conflict fails with the first key that the ops would take and that is taken, in the order of the ops and within one
// of ids before other keys. Nothing is written yet: a statement that failed would end the transaction, and only the
// text of its error would tell the key.
func (u *update) conflict() error {
	holders, there, err := u.holders()
	if err != nil {
		return err
	}
	for _, op := range u.change.Ops {
		if op.After == nil || isOnOrg(op) {
			continue
		}
		key := op.Key()
		if op.Before == nil {
			if _, is := there[key]; is {
				return store.Taken("id", key.Type)
			}
		}
		for _, unique := range store.Uniques(op.After) {
			at := taking{key.Type, unique.Keys}
			if holder, taken := holders[at]; taken && holder != key {
				return store.Taken(unique.Field, key.Type)
			}
			holders[at] = key
		}
	}
	return nil
}

// holders returns who has the keys that the ops are to take, but for those that the ops set free; and the records that
// are there of those that the ops create.
func (u *update) holders() (holders map[taking]roster.Key, there map[roster.Key]struct{}, err error) {
	changes, sought := map[roster.Key]roster.Op{}, map[roster.Type]*seeking{}
	for _, op := range u.change.Ops {
		changes[op.Key()] = op
		if op.After != nil && !isOnOrg(op) {
			seek(sought, op)
		}
	}
	holders, there = map[taking]roster.Key{}, map[roster.Key]struct{}{}
	for t, what := range sought {
		found, err := (&state{u.transaction}).findAll(t, what.ids, what.keys)
		if err != nil {
			return nil, nil, err
		}
		for _, e := range found {
			there[e.Key()] = struct{}{}
			if op, changed := changes[e.Key()]; changed && (op.After == nil || op.After.Keys() != e.Keys()) {
				continue
			}
			for _, unique := range store.Uniques(e) {
				holders[taking{t, unique.Keys}] = e.Key()
			}
		}
	}
	return holders, there, nil
}

// seeking is what records of a type are looked up by.
type seeking struct {
	ids  []roster.ID
	keys []roster.Keys
}

// seek adds what an op's record would take.
func seek(sought map[roster.Type]*seeking, op roster.Op) {
	key := op.Key()
	what := sought[key.Type]
	if what == nil {
		what = &seeking{}
		sought[key.Type] = what
	}
	if op.Before == nil {
		what.ids = append(what.ids, key.ID)
	}
	for _, unique := range store.Uniques(op.After) {
		what.keys = append(what.keys, unique.Keys)
	}
}

package store

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/roster-dev/roster"
)

// Check holds the ops of a change to the shape that [Store] asks for, before a driver applies them to org at a version.
// It fails with [roster.NotFound] or [roster.Conflict] (Field id) where the change does not fit the existence of org,
// and with an error without a code where the caller is at fault.
func Check(org roster.ID, version roster.Version, ops []roster.Op) error {
	seen := make(map[roster.Key]struct{}, len(ops))
	for _, op := range ops {
		if err := checkOp(org, op); err != nil {
			return err
		}
		if _, twice := seen[op.Key()]; twice {
			return fmt.Errorf("two ops on %s in one change", op.Key())
		}
		seen[op.Key()] = struct{}{}
	}
	return checkExistence(org, version, ops)
}

func checkOp(org roster.ID, op roster.Op) error {
	if op.Before == nil && op.After == nil {
		return errors.New("an op without a record")
	}
	key := op.Key()
	if op.Before != nil && op.Before.Key() != key {
		return fmt.Errorf("an op turns %s into %s", op.Before.Key(), key)
	}
	if key.ID.IsZero() {
		return fmt.Errorf("an op on a %s without an id", key.Type)
	}
	if key.Type == roster.TypeOrganization && key.ID != org {
		return fmt.Errorf("an op on %s in a change of organization %s", key, org)
	}
	return nil
}

func checkExistence(org roster.ID, version roster.Version, ops []roster.Op) error {
	creates := false
	for _, op := range ops {
		creates = creates || op.Before == nil && op.Key().Type == roster.TypeOrganization
	}
	switch {
	case creates && version > 0:
		return Taken("id", roster.TypeOrganization)
	case !creates && version == 0:
		return NoOrg(org)
	default:
		return nil
	}
}

// NoOrg returns the error about an organization that does not exist.
func NoOrg(org roster.ID) error {
	return roster.Errorf(roster.NotFound, "there is no organization %s", org)
}

// NoToken returns the error about a token that does not exist.
func NoToken() error { return roster.Errorf(roster.NotFound, "there is no such token") }

// NoAnswer returns the error about a request that was not answered, or whose answer is not kept any more.
func NoAnswer() error { return roster.Errorf(roster.NotFound, "there is no answer to such a request") }

// Missing returns the error about an op on a record that does not exist.
func Missing(key roster.Key) error {
	return roster.Errorf(roster.NotFound, "there is no %s", key)
}

// Taken returns the error about a unique key that another record of a type has.
func Taken(field string, t roster.Type) error {
	err := roster.Errorf(roster.Conflict, "is taken by another %s", t)
	err.Field = field
	return err
}

// Unique is one key of a record that no other record of its type may have.
type Unique struct {
	// Field is how a conflict names the key: number, email, identifier, slug or owner.
	Field string
	// Keys has exactly that key set.
	Keys roster.Keys
}

// Uniques returns the keys of e that must be unique, in the order in which conflicts are looked for.
func Uniques(e roster.Entity) []Unique {
	k, unique := e.Keys(), make([]Unique, 0, 4)
	if k.Number != 0 {
		unique = append(unique, Unique{"number", roster.Keys{Number: k.Number}})
	}
	if k.Email != "" {
		unique = append(unique, Unique{"email", roster.Keys{Email: k.Email}})
	}
	if k.Identifier != "" {
		field := "identifier"
		if e.Key().Type == roster.TypeOrganization {
			field = "slug"
		}
		unique = append(unique, Unique{field, roster.Keys{Identifier: k.Identifier}})
	}
	if k.Owner {
		unique = append(unique, Unique{"owner", roster.Keys{Owner: true}})
	}
	return unique
}

// Encoded is a change in the form in which drivers keep it.
type Encoded struct {
	// Ops is the JSON array of the ops, as [roster.Op] reads it.
	Ops []byte
	// Before and After hold the documents that each op replaces and leaves behind, nil for none.
	Before, After [][]byte
}

// Encode encodes ops, each document once. An organization's Version and Next are left out, because a store keeps them
// apart.
func Encode(ops []roster.Op) (Encoded, error) {
	const usual = 1 << 10 // bytes that a record takes, with room for the next one
	records := 1
	for _, op := range ops {
		if records++; op.Before != nil && op.After != nil {
			records++
		}
	}
	e := encoder{doc: append(make([]byte, 0, records*usual), '[')}
	spans := make([][2]span, len(ops))
	for i, op := range ops {
		if i > 0 {
			e.doc = append(e.doc, ',')
		}
		var err error
		if spans[i], err = e.op(op); err != nil {
			return Encoded{}, err
		}
	}
	docs := make([][]byte, 2*len(ops))
	enc := Encoded{Ops: append(e.doc, ']'), Before: docs[:len(ops)], After: docs[len(ops):]}
	for i, at := range spans {
		enc.Before[i], enc.After[i] = at[0].of(enc.Ops), at[1].of(enc.Ops)
	}
	return enc, nil
}

// encoder appends ops to doc.
type encoder struct{ doc []byte }

// span is where a document stands; the zero span is none.
type span struct{ start, end int }

// of returns what stands there in a text, or nil.
func (s span) of(text []byte) []byte {
	if s.end == 0 {
		return nil
	}
	return text[s.start:s.end:s.end]
}

// op appends what json.Marshal(op) returns and says where the documents stand that the op replaces and leaves
// behind.
func (e *encoder) op(op roster.Op) (docs [2]span, err error) {
	key := op.Key()
	e.doc = append(e.doc, `{"op":"`...)
	e.doc = append(e.doc, op.Verb()...)
	e.doc = append(e.doc, `","type":`...)
	e.doc = strconv.AppendQuote(e.doc, string(key.Type))
	e.doc = append(e.doc, `,"id":"`...)
	e.doc = append(key.ID.AppendText(e.doc), '"')
	if docs[0], err = e.record(`,"before":`, op.Before); err != nil {
		return docs, err
	}
	docs[1], err = e.record(`,"after":`, op.After)
	e.doc = append(e.doc, '}')
	return docs, err
}

// record appends a record as a member, if there is one.
func (e *encoder) record(head string, record roster.Entity) (at span, err error) {
	if record == nil {
		return span{}, nil
	}
	if o, ok := record.(*roster.Organization); ok {
		bare := *o
		bare.Version, bare.Next = 0, roster.Numbers{}
		record = &bare
	}
	e.doc = append(e.doc, head...)
	at.start = len(e.doc)
	e.doc, err = roster.AppendEntity(e.doc, record)
	at.end = len(e.doc)
	return at, err
}

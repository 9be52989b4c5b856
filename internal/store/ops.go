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
	// After holds the document that each op leaves behind, nil where it deletes.
	After [][]byte
}

// Encode encodes ops, each document once. An organization's Version is left out, because a store keeps it apart.
func Encode(ops []roster.Op) (Encoded, error) {
	const frame = 96 // more than what stands around the documents of an op
	before, after, size := make([][]byte, len(ops)), make([][]byte, len(ops)), 2
	for i, op := range ops {
		var err error
		if before[i], err = encode(op.Before); err != nil {
			return Encoded{}, err
		}
		if after[i], err = encode(op.After); err != nil {
			return Encoded{}, err
		}
		size += len(before[i]) + len(after[i]) + frame
	}
	doc := append(make([]byte, 0, size), '[')
	for i, op := range ops {
		if i > 0 {
			doc = append(doc, ',')
		}
		doc = appendOp(doc, op, before[i], after[i])
	}
	return Encoded{Ops: append(doc, ']'), After: after}, nil
}

func encode(e roster.Entity) ([]byte, error) {
	if e == nil {
		return nil, nil
	}
	if o, ok := e.(*roster.Organization); ok && o.Version != 0 {
		bare := *o
		bare.Version = 0
		e = &bare
	}
	return roster.EncodeEntity(e)
}

// appendOp appends what json.Marshal(op) returns, from documents that are encoded already.
func appendOp(b []byte, op roster.Op, before, after []byte) []byte {
	key := op.Key()
	b = append(b, `{"op":"`+op.Verb()+`","type":`...)
	b = strconv.AppendQuote(b, string(key.Type))
	b = append(b, `,"id":"`...)
	b = append(key.ID.AppendText(b), '"')
	if before != nil {
		b = append(append(b, `,"before":`...), before...)
	}
	if after != nil {
		b = append(append(b, `,"after":`...), after...)
	}
	return append(b, '}')
}

package roster

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Op is the creation (Before is nil), update or deletion (After is nil) of one record.
type Op struct {
	Before, After Entity
}

// Key returns the key of the record that the op is about.
func (o Op) Key() Key {
	if o.After != nil {
		return o.After.Key()
	}
	return o.Before.Key()
}

// Verb returns "create", "update" or "delete".
func (o Op) Verb() string {
	switch {
	case o.Before == nil:
		return "create"
	case o.After == nil:
		return "delete"
	default:
		return "update"
	}
}

// Change is one step of an organization's history: what one commit did. Versions have no gaps.
type Change struct {
	Org     ID
	Version Version
	At      Time
	// Actor is who made the change, as [Principal.Actor] names it; none when the operator did.
	Actor ID
	Ops   []Op

	// Entries, Answers and Erasures are what is committed together with the ops, by those who make a change; one that
	// is read back has none. Entries are in the order of their ranges, which do not overlap; an op that is in none
	// makes no entry. Answers have different keys and take the place of earlier ones. Erasures are made last, and
	// answers of the change stay as they are.
	Entries  []Entry
	Answers  []Answer
	Erasures []Erasure
	// Steps are the jobs that the change is a step of, committed together with it as Entries are.
	Steps []JobStep
}

// Outcome is what became of one command of several.
type Outcome struct {
	// Ops are what the command did, none where nothing was to be done.
	Ops []Op
	// Version is one at which the organization has that: of the change, or where nothing was to be done. It is 0 for
	// what was only tried.
	Version Version
	// Record is the record that an [Update], [Suspend], [Restore], [Revoke] or [Join] is about, of that a user, as it
	// stood where nothing was to be done; else nil.
	Record Entity
	// Err is why the command was refused: an error with a code.
	Err error
}

// NewEntity returns a new zero record of a type, or nil for an unknown type.
func NewEntity(t Type) Entity {
	switch t {
	case TypeOrganization:
		return &Organization{}
	case TypeUser:
		return &User{}
	case TypeGroup:
		return &Group{}
	case TypeSpace:
		return &Space{}
	case TypeRole:
		return &Role{}
	case TypeToken:
		return &Token{}
	case TypeInvitation:
		return &Invitation{}
	case TypeWebhook:
		return &Webhook{}
	case TypeDeletedUser:
		return &DeletedUser{}
	case TypeDeletedGroup:
		return &DeletedGroup{}
	case TypeDeletedSpace:
		return &DeletedSpace{}
	case TypeDeletedRole:
		return &DeletedRole{}
	default:
		return nil
	}
}

// EncodeEntity returns the document of a record, as stores keep it: its JSON form as encoding/json writes it.
func EncodeEntity(e Entity) ([]byte, error) { return AppendEntity(nil, e) }

// AppendEntity appends the document of a record to b, which it returns as it was where that fails.
func AppendEntity(b []byte, e Entity) ([]byte, error) {
	if u, ok := e.(*User); ok && u != nil {
		const most = 1 << 10 // more than what nearly every user takes
		w := writer{b: slices.Grow(b, most)}
		if userMembers.write(&w, u); !w.odd {
			return w.b, nil
		}
	}
	if erased, ok := e.(Erased); ok {
		return b, errErased(erased.Key())
	}
	doc, err := json.Marshal(e)
	if err != nil {
		return b, fmt.Errorf("encode %s: %w", e.Key(), err)
	}
	return append(b, doc...), nil
}

// DecodeEntity reads a document that [EncodeEntity] wrote. For input from outside, use [ParseEntity].
func DecodeEntity(t Type, doc []byte) (Entity, error) {
	e := NewEntity(t)
	if e == nil {
		return nil, fmt.Errorf("decode a record of unknown type %q", t)
	}
	if u, ok := e.(*User); ok {
		if newReader(doc).readUser(u) {
			return u, nil
		}
		*u = User{}
	}
	if err := json.Unmarshal(doc, e); err != nil {
		return nil, fmt.Errorf("decode %s: %w", t, err)
	}
	return e, nil
}

type opDoc struct {
	Op     string          `json:"op"`
	Type   Type            `json:"type"`
	ID     ID              `json:"id"`
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
	// Erased says that there are no documents any more; what the audit keeps in their place says the same.
	Erased       bool   `json:"erased,omitempty"`
	BeforeDigest Digest `json:"before_sha256,omitzero"`
	AfterDigest  Digest `json:"after_sha256,omitzero"`
}

// DecodeOps reads a JSON array of ops as [Op.MarshalJSON] writes them.
func DecodeOps(doc []byte) ([]Op, error) {
	var ops []Op
	if newReader(doc).readOps(&ops) {
		return ops, nil
	}
	ops = nil
	if err := json.Unmarshal(doc, &ops); err != nil {
		return nil, fmt.Errorf("decode ops: %w", err)
	}
	return ops, nil
}

// MarshalJSON returns {"op","type","id","before","after"}, with "erased":true where there was more.
func (o Op) MarshalJSON() ([]byte, error) {
	key := o.Key()
	doc := opDoc{Op: o.Verb(), Type: key.Type, ID: key.ID}
	doc.Erased = o.IsErased()
	var err error
	if !isNothing(o.Before) {
		if doc.Before, err = EncodeEntity(o.Before); err != nil {
			return nil, err
		}
	}
	if !isNothing(o.After) {
		if doc.After, err = EncodeEntity(o.After); err != nil {
			return nil, err
		}
	}
	return json.Marshal(doc)
}

// isNothing reports whether there is no document of a record.
func isNothing(e Entity) bool {
	_, erased := e.(Erased)
	return e == nil || erased
}

// UnmarshalJSON reads what MarshalJSON wrote, and what the audit keeps where documents were erased.
func (o *Op) UnmarshalJSON(data []byte) error {
	var doc opDoc
	if err := json.Unmarshal(data, &doc); err != nil {
		return fmt.Errorf("decode an op: %w", err)
	}
	erased := doc.Erased || !doc.BeforeDigest.IsZero() || !doc.AfterDigest.IsZero()
	var err error
	if doc.Op != "create" {
		if o.Before, err = doc.record(doc.Before, erased); err != nil {
			return err
		}
	}
	if doc.Op != "delete" {
		o.After, err = doc.record(doc.After, erased)
	}
	return err
}

// record reads a document of an op, or returns what stands for one that was erased.
func (d *opDoc) record(doc json.RawMessage, erased bool) (Entity, error) {
	switch {
	case doc != nil:
		return DecodeEntity(d.Type, doc)
	case erased:
		return Erased{d.Type, d.ID}, nil
	default:
		return nil, nil
	}
}

package roster

import "slices"

// State is an organization as [Decide] sees it: a consistent snapshot that includes what is about to be committed.
// Records it returns are shared and must not be modified. A method that finds nothing returns a nil Entity and no
// error.
type State interface {
	// Version returns the version before the change; 0 where the organization does not exist.
	Version() Version
	// Get returns the record with the id.
	Get(t Type, id ID) (Entity, error)
	// Find returns the record with the one key that is set in k. Numbers, e-mails, identifiers and the owner are each
	// unique within a type.
	Find(t Type, k Keys) (Entity, error)
	// Each calls fn with every record of a type until fn fails, and returns that error. It reads everything: use it
	// only for what is rare. fn must not call the State.
	Each(t Type, fn func(Entity) error) error
}

// Pending is a State with ops on top that are not committed yet, so that the commands of one transaction see each
// other. The zero Pending is not usable; see [NewPending]. It is not safe for concurrent use.
type Pending struct {
	base State
	ops  []Op
	keys []Key // of the records that ops are about
	// at and byKeys are nil while there are few ops, which are then looked through.
	at     map[Key]int       // where in ops the op on a record is
	byKeys map[uniqueKey]int // where in ops the record is that has a unique key afterwards, unless it keeps its keys
	// own are where in ops records are, or were, that are about a person, by type and person; not those of users.
	own map[Key][]int
	// next are the numbers that the ops show to be free, as far as they tell.
	next Numbers
}

// uniqueKey is a type with exactly one key set.
type uniqueKey struct {
	Type Type
	Keys Keys
}

// NewPending returns a State that is base as long as nothing is added.
func NewPending(base State) *Pending { return &Pending{base: base} }

// Grow makes room for about n records to be added.
func (p *Pending) Grow(n int) {
	const keys = 3 // of a user, usually
	p.ops, p.keys = slices.Grow(p.ops, n), slices.Grow(p.keys, n)
	if p.at == nil && n > fewOps {
		p.index(n, keys*n)
	}
}

// Ops returns what was added: at most one op for each record, in the order in which the records were first touched.
// A record that was created and deleted again has none.
func (p *Pending) Ops() []Op {
	ops := make([]Op, 0, len(p.ops))
	for _, op := range p.ops {
		if op.Before != nil || op.After != nil {
			ops = append(ops, op)
		}
	}
	return ops
}

// Add puts ops on top.
func (p *Pending) Add(ops ...Op) {
	for _, op := range ops {
		key := op.Key()
		p.next.pass(op.After)
		i, ok := p.find(key)
		if ok {
			p.forget(i, op.After)
			p.ops[i].After = op.After
		} else {
			i = len(p.ops)
			p.ops, p.keys = append(p.ops, op), append(p.keys, key)
		}
		p.remember(i)
		p.noteOwn(i)
	}
}

// find returns where in ops the op on a record is.
func (p *Pending) find(key Key) (i int, ok bool) {
	if p.at == nil {
		i = slices.Index(p.keys, key)
		return i, i >= 0
	}
	i, ok = p.at[key]
	return i, ok
}

// forget takes away the keys that the i-th op gave, unless after, which may be nil, has the same.
func (p *Pending) forget(i int, after Entity) {
	e := p.ops[i].After
	if e == nil || p.byKeys == nil || after != nil && after.Keys() == e.Keys() {
		return
	}
	for _, k := range single(e.Keys()) {
		if unique := (uniqueKey{p.keys[i].Type, k}); p.byKeys[unique] == i { // and not another's by now
			delete(p.byKeys, unique)
		}
	}
}

// fewOps are as many as are looked through faster than found.
const fewOps = 4

// remember notes where the i-th op is found.
func (p *Pending) remember(i int) {
	switch {
	case p.at != nil:
		p.note(i)
	case len(p.ops) > fewOps:
		p.index(0, 0)
	}
}

// index begins to note where ops are found, with room for so many records and keys.
func (p *Pending) index(records, keys int) {
	p.at, p.byKeys = make(map[Key]int, records), make(map[uniqueKey]int, keys)
	for i := range p.ops {
		p.note(i)
	}
}

func (p *Pending) note(i int) {
	p.at[p.keys[i]] = i
	if e := p.ops[i].After; e != nil && !p.ops[i].keepsKeys() {
		for _, k := range single(e.Keys()) {
			p.byKeys[uniqueKey{p.keys[i].Type, k}] = i
		}
	}
}

// keepsKeys reports whether a record has the same keys after an op as before.
func (o Op) keepsKeys() bool {
	return o.Before != nil && o.After != nil && o.Before.Keys() == o.After.Keys()
}

// holder returns the record that has a unique key after ops, or nil where none of theirs has it.
func (p *Pending) holder(t Type, k Keys) Entity {
	if p.byKeys != nil {
		if i, ok := p.byKeys[uniqueKey{t, k}]; ok {
			return p.ops[i].After
		}
		return nil
	}
	for i, op := range p.ops {
		if op.After != nil && p.keys[i].Type == t && slices.Contains(single(op.After.Keys()), k) {
			return op.After
		}
	}
	return nil
}

// single returns each key that is set on its own.
func single(k Keys) []Keys {
	keys := make([]Keys, 0, 4)
	if k.Number != 0 {
		keys = append(keys, Keys{Number: k.Number})
	}
	if k.Email != "" {
		keys = append(keys, Keys{Email: k.Email})
	}
	if k.Identifier != "" {
		keys = append(keys, Keys{Identifier: k.Identifier})
	}
	if k.Owner {
		keys = append(keys, Keys{Owner: true})
	}
	return keys
}

// Version implements [State].
func (p *Pending) Version() Version { return p.base.Version() }

// Get implements [State].
func (p *Pending) Get(t Type, id ID) (Entity, error) {
	if i, ok := p.find(Key{t, id}); ok {
		return p.counted(p.ops[i].After), nil
	}
	e, err := p.base.Get(t, id)
	return p.counted(e), err
}

// counted returns a record as it is handed out: an organization with the numbers that are free.
func (p *Pending) counted(e Entity) Entity {
	if o, ok := e.(*Organization); ok {
		return o.With(o.Next.Later(p.next))
	}
	return e
}

// Find implements [State].
func (p *Pending) Find(t Type, k Keys) (Entity, error) {
	if e := p.holder(t, k); e != nil {
		return p.counted(e), nil
	}
	e, err := p.base.Find(t, k)
	if err != nil || e == nil {
		return nil, err
	}
	i, touched := p.find(e.Key())
	switch {
	case !touched:
		return p.counted(e), nil
	case p.ops[i].keepsKeys():
		return p.counted(p.ops[i].After), nil
	default: // it is deleted, or has lost the key
		return nil, nil //nolint:nilnil // the contract of State: nothing found is no error
	}
}

// Each implements [State].
func (p *Pending) Each(t Type, fn func(Entity) error) error {
	err := p.base.Each(t, func(e Entity) error {
		if _, touched := p.find(e.Key()); touched {
			return nil
		}
		return fn(p.counted(e))
	})
	if err != nil {
		return err
	}
	for _, op := range p.ops {
		if op.After != nil && op.After.Key().Type == t {
			if err := fn(p.counted(op.After)); err != nil {
				return err
			}
		}
	}
	return nil
}

package directory

import (
	"errors"
	"fmt"
	"io"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// draft is the change of a transaction in the making: what calls do, and for each of them an entry of the audit and
// what it is to be answered when it is repeated. An op of the change is one call's own, so that an entry can say which
// ops are its write.
type draft struct {
	*Service

	env     roster.Env
	state   roster.State // the store's
	pending *roster.Pending
	lone    bool // there is one call
	entries []roster.Entry
	answers []roster.Answer
	steps   []roster.JobStep
	erased  []roster.Erasure

	// Of calls before, where there can be some: the records that they change, those that they leave as they found them,
	// and the keys that they have.
	touched map[roster.Key]bool
	found   map[roster.Key]bool
	keys    map[roster.Digest]bool
}

// newDraft returns an empty draft. base is what the calls are decided on, and state what the store has.
func (s *Service) newDraft(state, base roster.State, env roster.Env, lone bool) *draft {
	d := &draft{Service: s, env: env, state: state, pending: roster.NewPending(base), lone: lone}
	if !lone {
		d.touched, d.found, d.keys = map[roster.Key]bool{}, map[roster.Key]bool{}, map[roster.Digest]bool{}
	}
	return d
}

// change returns what was added so far.
func (d *draft) change(actor roster.ID) roster.Change {
	return roster.Change{
		At: d.env.Now, Actor: actor, Ops: d.pending.Ops(), Entries: d.entries, Answers: d.answers,
		Steps: d.steps, Erasures: d.erased,
	}
}

// add decides on a call and puts on top what it does, or nothing where it is refused or must wait for another change;
// only where it is the one call, and a refusal the end of the transaction, there may be something left then.
func (d *draft) add(c *call) {
	c.change, c.outcomes, c.err, c.deferred = roster.Change{}, nil, nil, false
	if once := c.by.Cause.Once; once != nil {
		if c.deferred = d.keys[once.Key]; c.deferred {
			return
		}
		if c.err = d.repeated(once); c.err != nil {
			return
		}
	}
	own, env := d.pending, d.env
	if env.By = c.by; !d.lone {
		own = roster.NewPending(d.pending)
	}
	if c.outcomes, c.err = decide(own, env, c.cmds, c.each, c.most()); c.err != nil {
		return
	}
	c.change.Ops = own.Ops()
	if c.deferred = d.collides(c.change.Ops) || d.separate(c); c.deferred {
		return
	}
	if c.err = d.note(c); c.err == nil && !d.lone {
		d.pending.Add(c.change.Ops...)
	}
}

// repeated fails where a request was carried out already, or another one with its key.
func (d *draft) repeated(once *roster.Once) error {
	answered, ok := d.state.(store.Answered)
	if !ok {
		return fmt.Errorf("the store's %T keeps no answers", d.state)
	}
	was, err := answered.Answer(once.Key)
	if err != nil || was == nil || !isKept(*was, d.env.Now) {
		return err
	}
	return (&roster.RepeatedError{Answer: *was}).Check(once.Request)
}

// isKept reports whether an answer still counts.
func isKept(a roster.Answer, now roster.Time) bool { return now < a.At+roster.OnceFor }

// collides reports whether ops are about a record that an earlier call changes, or has found as it should be: at the
// version that the earlier one is told, it must be so.
func (d *draft) collides(ops []roster.Op) bool {
	if len(d.touched)+len(d.found) == 0 {
		return false
	}
	for _, op := range ops {
		if key := op.Key(); d.touched[key] || d.found[key] {
			return true
		}
	}
	return false
}

// separate reports whether a call is a step of a job and an earlier one erases somebody, or the other way round: an
// erasure may end the job, and then nothing of the step may be done.
func (d *draft) separate(c *call) bool {
	return c.step != nil && len(d.erased) > 0 || len(d.steps) > 0 && len(c.erasures()) > 0
}

// note adds what is kept of a call that was decided on, whose ops are about to be put on top.
func (d *draft) note(c *call) error {
	ops := c.change.Ops
	for _, o := range c.outcomes {
		if o.Record != nil && !d.lone {
			d.found[o.Record.Key()] = true
		}
	}
	if len(ops) == 0 {
		return nil
	}
	if err := errors.Join(d.answer(c), d.step(c)); err != nil {
		return err
	}
	d.erased = append(d.erased, c.erasures()...)
	from := len(d.touched)
	to := len(ops)
	if !d.lone {
		for _, op := range ops {
			d.touched[op.Key()] = true
		}
		to = len(d.touched)
	}
	if !roster.IsAudited(ops) || from == to {
		return nil
	}
	entry := c.by.NewEntry()
	entry.From, entry.To = from, to
	if _, err := io.ReadFull(d.random, entry.Salt[:]); err != nil {
		return fmt.Errorf("salt an entry of the audit: %w", err)
	}
	d.entries = append(d.entries, entry)
	return nil
}

// answer keeps what a call is to be answered when it is repeated.
func (d *draft) answer(c *call) error {
	once := c.by.Cause.Once
	if once == nil {
		return nil
	}
	change := roster.Change{
		Org: d.env.Org, Version: d.state.Version() + 1, At: d.env.Now, Actor: c.by.Actor(), Ops: c.change.Ops,
	}
	content, err := once.Answer(change, c.outcomes)
	if err != nil {
		return fmt.Errorf("prepare the answer to a request: %w", err)
	}
	d.answers = append(d.answers, roster.Answer{
		Key: once.Key, Request: once.Request, At: d.env.Now, Content: content,
	})
	if !d.lone {
		d.keys[once.Key] = true
	}
	return nil
}

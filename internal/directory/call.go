package directory

import (
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/index"
)

// call is one call of Do or DoEach. Who carries it out, its own caller or another one that was first, alone writes to
// it until finished is closed.
type call struct {
	by    roster.Principal
	cmds  []roster.Command
	each  bool // leave out the commands that are refused
	bytes int  // about how much it adds to a transaction
	// step returns what the change is to a job, nil for none.
	step Step
	// at is the version that the organization must be at, 0 for any; chooses, if not nil, returns the commands where it
	// is at another one, of which there is a view.
	at      roster.Version
	chooses Choose
	// traces is what was found of those whom it erases.
	traces map[roster.ID]*roster.Traces

	finished chan struct{}
	change   roster.Change
	outcomes []roster.Outcome
	err      error
	// deferred says that the transaction of the calls that it was queued with had no room for it.
	deferred bool
	// alone says that the call was not carried out with others and that its caller must do so.
	alone bool
}

func newCall(by roster.Principal, cmds []roster.Command, each bool) *call {
	c := &call{by: by, cmds: cmds, each: each, finished: make(chan struct{})}
	for _, cmd := range cmds {
		c.bytes += sizeOf(cmd)
	}
	return c
}

// choose chooses the commands anew where they follow from another version than that of a transaction, if a view, which
// may be nil, is at that.
func (c *call) choose(view *index.View, now roster.Version) (err error) {
	if c.chooses == nil || c.at == now || view == nil || view.Version() != now {
		return nil
	}
	c.at = now
	c.cmds, err = c.chooses(view)
	return err
}

// sizeOf estimates the size of what a command writes, in bytes, from its parts that may be large.
func sizeOf(cmd roster.Command) int {
	switch c := cmd.(type) {
	case roster.Create:
		return sizeOfRecord(c.Record)
	case roster.Import:
		return sizeOfRecord(c.Record)
	case roster.Update:
		return smallRecord + len(c.Patch)
	default:
		return smallRecord
	}
}

// smallRecord is the size of a record without parts that may be large, in bytes.
const smallRecord = 1 << 10

// sizeOfRecord estimates the size of a record.
func sizeOfRecord(e roster.Entity) int {
	if deleted, ok := e.(*roster.DeletedUser); ok {
		return sizeOfRecord(deleted.User)
	}
	u, ok := e.(*roster.User)
	if !ok || u == nil {
		return smallRecord
	}
	const number, access = 8, 48
	return smallRecord + len(u.EmailSettings) + len(u.NotificationSettings) + len(u.WorkTime) +
		len(u.PersonalSettings) + len(u.Slack.Settings) + len(u.PublicKey) + len(u.Description) +
		number*len(u.Groups) + access*(len(u.Spaces)+len(u.WhitelistedIPs))
}

// sizeOfOp estimates the size of the records of an op.
func sizeOfOp(op roster.Op) (bytes int) {
	for _, e := range []roster.Entity{op.Before, op.After} {
		if e != nil {
			bytes += sizeOfRecord(e)
		}
	}
	return bytes
}

// mostOfStep is about how much the records before and after one version of a job may take, in bytes, all of which are
// in memory, and in a store one value.
const mostOfStep = 512 << 20

// most returns about how much the records before and after the call may take, 0 for any amount.
func (c *call) most() int {
	if c.step == nil {
		return 0 // which bodies of requests bound
	}
	return mostOfStep
}

// decide puts on top of pending what commands do, where each is set without those that are refused. It fails with
// [roster.TooLarge] as soon as the records take more than most bytes, unless that is 0.
func decide(
	pending *roster.Pending, env roster.Env, cmds []roster.Command, each bool, most int,
) ([]roster.Outcome, error) {
	const few = 16 // for which room is made as they come
	outcomes := make([]roster.Outcome, 0, len(cmds))
	if len(cmds) > few {
		pending.Grow(len(cmds))
	}
	bytes := 0
	for i, cmd := range cmds {
		ops, err := roster.Decide(pending, env, cmd)
		if err != nil && (!each || !isClientError(err) || isGone(pending, env.Org)) {
			if len(cmds) > 1 {
				err = &roster.CommandError{Index: i, Err: err}
			}
			return nil, err
		}
		outcome := roster.Outcome{Ops: ops, Err: err}
		if err == nil && len(ops) == 0 {
			if outcome.Record, err = roster.Subject(pending, env.Org, cmd); err != nil {
				return nil, err
			}
		}
		pending.Add(ops...)
		outcomes = append(outcomes, outcome)
		for _, op := range ops {
			bytes += sizeOfOp(op)
		}
		if most > 0 && bytes > most {
			return nil, roster.Errorf(roster.TooLarge, "the records before and after it take more than %d MiB with %d "+
				"of %d, and one version can't have more: make several changes with narrower filters", most>>20, i+1,
				len(cmds))
		}
	}
	return outcomes, nil
}

// isGone reports whether the organization of a state was deleted, which refuses all commands at once.
func isGone(state roster.State, org roster.ID) bool {
	e, err := state.Get(roster.TypeOrganization, org)
	o, ok := e.(*roster.Organization)
	return err == nil && ok && o.IsDeleted()
}

// settle records what became of a call whose transaction ended with change or err.
func (c *call) settle(change roster.Change, err error) {
	if err != nil {
		c.change, c.outcomes, c.err = roster.Change{}, nil, err
		return
	}
	if c.err == nil {
		change.Ops, change.Entries, change.Answers, change.Erasures = c.change.Ops, nil, nil, nil
		c.change = change
		for i := range c.outcomes {
			c.outcomes[i].Version = change.Version
		}
	}
}

// The most that calls are carried out together with; a call with more is carried out on its own.
const (
	maxBatchCommands = 1024
	maxBatchBytes    = 8 << 20
)

// queue holds the calls that nobody carries out yet, oldest first.
type queue []*call

// take removes and returns the calls that are to be carried out next: the first one and, up to the bounds of a batch,
// those of the same actor, because a change has one. There must be one.
func (q *queue) take() []*call {
	actor, commands, bytes := (*q)[0].by.Actor(), 0, 0
	var batch []*call
	*q = slices.DeleteFunc(*q, func(c *call) bool {
		fits := commands+len(c.cmds) <= maxBatchCommands && bytes+c.bytes <= maxBatchBytes
		if len(batch) > 0 && (!fits || c.by.Actor() != actor) {
			return false
		}
		commands, bytes = commands+len(c.cmds), bytes+c.bytes
		batch = append(batch, c)
		return true
	})
	return batch
}

// remove removes a call and reports whether it was there.
func (q *queue) remove(c *call) bool {
	before := len(*q)
	*q = slices.DeleteFunc(*q, func(other *call) bool { return other == c })
	return len(*q) < before
}

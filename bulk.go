package roster

import (
	"encoding/json"
	"iter"
)

// MaxBulk is how many users one change can be about. It is one version, which is made in memory while nobody else can
// write to the organization: that many take a few seconds of a processor, and more than a gigabyte.
const MaxBulk = 100_000

// BulkUpdate is one change of all users whom a filter lets through.
type BulkUpdate struct {
	// Filter and Search choose the users, as in a list. An empty Filter lets all through.
	Filter string     `json:"filter"`
	Search string     `json:"search,omitempty"`
	Action BulkAction `json:"action"`
	// Group names the group of BulkJoin and BulkLeave.
	Group Ref `json:"group,omitzero"`
	// Patch is the merge patch of BulkPatch.
	Patch json.RawMessage `json:"patch,omitempty"`
	// IfVersion is the version that the organization must be at, 0 for any, and ExpectChanged how many users must be
	// changed, nil for any number. Otherwise nothing is changed, and that is PreconditionFailed.
	IfVersion     Version `json:"if_version,omitempty"`
	ExpectChanged *int    `json:"expect_changed,omitempty"`
}

// BulkAction is what becomes of each user.
type BulkAction string

// The actions.
const (
	BulkSuspend BulkAction = "suspend"
	BulkRestore BulkAction = "restore"
	BulkDelete  BulkAction = "delete"
	BulkJoin    BulkAction = "add_to_group"
	BulkLeave   BulkAction = "remove_from_group"
	BulkPatch   BulkAction = "patch"
)

// BulkActions returns all actions.
func BulkActions() []BulkAction {
	return []BulkAction{BulkSuspend, BulkRestore, BulkDelete, BulkJoin, BulkLeave, BulkPatch}
}

// Command returns the command that changes one user.
func (b *BulkUpdate) Command(user ID) Command {
	ref := Ref{ID: user}
	switch b.Action {
	case BulkSuspend:
		return Suspend{Ref: ref}
	case BulkRestore:
		return Restore{Ref: ref}
	case BulkDelete:
		return Delete{Type: TypeUser, Ref: ref}
	case BulkJoin:
		return Join{Type: TypeGroup, Ref: b.Group, User: ref}
	case BulkLeave:
		return Leave{Type: TypeGroup, Ref: b.Group, User: ref}
	default:
		return Update{Type: TypeUser, Ref: ref, Patch: b.Patch}
	}
}

// Commands returns the commands that change users. It fails with [TooLarge] where there are more than [MaxBulk].
func (b *BulkUpdate) Commands(total int, users iter.Seq[*User]) ([]Command, error) {
	if total > MaxBulk {
		return nil, Errorf(TooLarge, "it is about %d users, but one version can change at most %d: "+
			"make several changes with narrower filters, as with number <= %d", total, MaxBulk, MaxBulk)
	}
	cmds := make([]Command, 0, total)
	for u := range users {
		cmds = append(cmds, b.Command(u.ID))
	}
	return cmds, nil
}

// Check holds what became of users to what was expected, or fails with [PreconditionFailed].
func (b *BulkUpdate) Check(outcomes []Outcome) error {
	if b.ExpectChanged == nil {
		return nil
	}
	changed := 0
	for _, o := range outcomes {
		if len(o.Ops) > 0 {
			changed++
		}
	}
	if changed == *b.ExpectChanged {
		return nil
	}
	err := FieldErrorf("expect_changed", "%d users would be changed, not %d: nothing was", changed, *b.ExpectChanged)
	err.Code = PreconditionFailed
	return err
}

// CheckVersion holds the version of the organization to the one that was expected, or fails with [PreconditionFailed].
func (b *BulkUpdate) CheckVersion(now Version) error {
	if b.IfVersion == 0 || b.IfVersion == now {
		return nil
	}
	err := FieldErrorf("if_version", "the organization is at version %d by now, not %d: nothing was changed",
		now, b.IfVersion)
	err.Code = PreconditionFailed
	return err
}

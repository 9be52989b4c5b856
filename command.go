package roster

// Command is a wish to change an organization, which [Decide] grants or refuses.
type Command interface{ command() }

// Create makes a record. What is zero in it and has a default gets it; times and authors are set by Decide.
// A token's and an invitation's Hash must be set.
type Create struct{ Record Entity }

// Update changes the members of a record that a JSON merge patch (RFC 7396) names. An id, a number, an owner's loss
// of ownership and an organization's slug can't be changed; making another user the owner passes ownership on.
// Of an invitation only ExpiresAt can be, in seven days where it is removed, and only until it is accepted: its secret
// works again where it did not any more.
type Update struct {
	Type  Type
	Ref   Ref
	Patch []byte
	// IfMatch has the entity tags of which the record must have one, as [Tag] makes them; nil for any record. Without
	// one it is PreconditionFailed with the record as it is.
	IfMatch []string
}

// Delete removes a record. A user, group, space or role becomes a [Deleted], which [Undelete] restores. A group or a
// space is taken from its users; a user's tokens are revoked and invitations removed. Deleting what was deleted removes
// it before its time, but not from the history, for which there is [Erase]. The owner, a built-in role and a role that
// users still hold can't be deleted.
// An organization is deleted by the operator and by instance-wide tokens alone. It keeps all that it has, its slug
// among it, but nothing of it counts until it is restored; in the end [Purge] removes it.
type Delete struct {
	Type Type
	Ref  Ref
	// IfMatch is as in [Update].
	IfMatch []string
}

// Join makes a user a member of a group or a space. For one who is that already it does nothing, but for the role in a
// space.
type Join struct {
	// Type is TypeGroup or TypeSpace, and Ref names the group or space.
	Type Type
	Ref  Ref
	User Ref
	// Role is one of [AccessRoles] for a space, and does not count for a group.
	Role string
	// IfMatch has the entity tags of which the membership must have one, as [Member.Tag] makes them; nil for any. One
	// that is still to be made has none.
	IfMatch []string
}

// Leave ends a membership. It is NotFound where there is none.
type Leave struct {
	Type Type
	Ref  Ref
	User Ref
	// IfMatch is as in [Join].
	IfMatch []string
}

// Suspend makes a user's status suspended: tokens that act as the user do not count until it is restored. Suspending a
// suspended user does nothing; a deactivated one is a Conflict.
type Suspend struct {
	Ref Ref
	// IfMatch is as in [Update].
	IfMatch []string
}

// Restore makes the status of a suspended user active, or invited where an invitation was not accepted yet. Restoring a
// user who is not suspended does nothing; a deactivated one is a Conflict.
type Restore struct {
	Ref Ref
	// IfMatch is as in [Update].
	IfMatch []string
}

// Import makes a record as another system has it: for principals with [MetadataRead], a new record keeps the times and
// authors that it comes with, but for times to come. Else, and where it has none, and always where it updates a record
// that exists, they are set by Decide. A user counts as existing when the id, number, e-mail or identifier, another
// record when the id, number or identifier is taken.
type Import struct {
	Record     Entity
	OnConflict OnConflict
	// Patch is the JSON object that Record was parsed from; with OnConflictUpdate its members replace those of the
	// existing record, and the others stay. Without it, all members of Record do.
	Patch []byte
}

// OnConflict says what an [Import] does with a record that exists.
type OnConflict string

// What to do on a conflict. The zero OnConflict is OnConflictFail.
const (
	OnConflictFail   OnConflict = "fail"   // refuse it with Conflict
	OnConflictSkip   OnConflict = "skip"   // leave the existing record as it is
	OnConflictUpdate OnConflict = "update" // bring the existing record up to date
)

// Revoke makes a token count no more. Revoking a revoked token does nothing.
type Revoke struct {
	Token ID
	// IfMatch is as in [Update].
	IfMatch []string
}

// Invite makes a user with status invited, or takes an existing invited user, and an invitation that replaces
// earlier ones.
type Invite struct {
	// User is the user to make, or, where only its ID is set, the invited user to invite again. It does not count where
	// Again is set.
	User *User
	// Again is an invitation whose user is invited again, none for another; IfMatch, which is as in [Update], is about
	// that invitation. It is NotFound where there is none.
	Again   ID
	IfMatch []string
	// Hash is [HashSecret] of the invitation's secret.
	Hash string
	// ExpiresAt is the first instant at which the secret does not work any more; none means in seven days.
	ExpiresAt Time
}

// Accept makes the user of an open invitation active. Its secret works once and until it expires.
type Accept struct{ Hash string }

// Undo takes an op back that has updated or deleted a user: the user becomes what it was before. It is a Conflict where
// the user is not any more as the op left it, but for what users do (last_login_at, ...), and where what was before can
// not be any more.
type Undo struct{ Op Op }

func (Create) command() {}
func (Update) command() {}
func (Delete) command() {}
func (Import) command() {}
func (Revoke) command() {}
func (Invite) command() {}
func (Accept) command() {}

func (Join) command()    {}
func (Leave) command()   {}
func (Suspend) command() {}
func (Restore) command() {}
func (Undo) command()    {}

// CommandError is the refusal of one of several commands that are carried out all or none.
type CommandError struct {
	// Index is where the command stands among them, from 0.
	Index int
	Err   error
}

// Error returns the text of the refusal.
func (e *CommandError) Error() string { return e.Err.Error() }

// Unwrap returns the refusal.
func (e *CommandError) Unwrap() error { return e.Err }

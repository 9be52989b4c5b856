package roster

// Command is a wish to change an organization, which [Decide] grants or refuses.
type Command interface{ command() }

// Create makes a record. What is zero in it and has a default gets it; times and authors are set by Decide.
// A token's and an invitation's Hash must be set.
type Create struct{ Record Entity }

// Update changes the members of a record that a JSON merge patch (RFC 7396) names. An id, a number, an owner's loss
// of ownership and an organization's slug can't be changed; making another user the owner passes ownership on.
type Update struct {
	Type  Type
	Ref   Ref
	Patch []byte
}

// Delete removes a record. A group, space or role is taken from its users as well; a user's tokens are revoked and
// invitations removed. The owner, a built-in role and a role that users still hold can't be deleted.
type Delete struct {
	Type Type
	Ref  Ref
}

// Import makes a record as another system has it: times and authors that it has are kept. A user counts as existing
// when the id, number, e-mail or identifier, another record when the id, number or identifier is taken.
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
type Revoke struct{ Token ID }

// Invite makes a user with status invited, or takes an existing invited user, and an invitation that replaces
// earlier ones.
type Invite struct {
	// User is the user to make, or, where only its ID is set, the invited user to invite again.
	User *User
	// Hash is [HashSecret] of the invitation's secret.
	Hash      string
	ExpiresAt Time
}

// Accept makes the user of an open invitation active. Its secret works once and until it expires.
type Accept struct{ Hash string }

func (Create) command() {}
func (Update) command() {}
func (Delete) command() {}
func (Import) command() {}
func (Revoke) command() {}
func (Invite) command() {}
func (Accept) command() {}

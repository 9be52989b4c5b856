package roster

// Group is a set of users who share permission bits.
type Group struct {
	ID     ID     `json:"id"`
	Number int64  `json:"number"`
	Name   string `json:"name"`
	// Permissions is the mask of permission bits that every member has.
	Permissions                int64 `json:"permissions,omitempty"`
	AddToCardsAndSpacesEnabled bool  `json:"add_to_cards_and_spaces_enabled,omitempty"`
	CreatedAt                  Time  `json:"created_at,omitzero" readonly:"yes"`
	UpdatedAt                  Time  `json:"updated_at,omitzero" readonly:"yes"`
}

// Key implements [Entity].
func (g *Group) Key() Key { return Key{TypeGroup, g.ID} }

// Keys implements [Entity].
func (g *Group) Keys() Keys { return Keys{Number: g.Number} }

// Space is a place of work that users are invited to.
type Space struct {
	ID         ID     `json:"id"`
	Number     int64  `json:"number"`
	Title      string `json:"title"`
	ExternalID string `json:"external_id,omitempty"`
	// Path is the numbers of the space's ancestors and its own, joined by dots.
	Path      string  `json:"path,omitempty"`
	SortOrder float64 `json:"sort_order,omitempty"`
	// Parent is the space above, or none.
	Parent   ID   `json:"parent,omitzero"`
	Archived bool `json:"archived,omitempty"`
	// Access is by_invite or for_everyone.
	Access string `json:"access,omitempty"`
	// ForEveryoneAccessRole is the access role that everyone has when Access is for_everyone, or none.
	ForEveryoneAccessRole ID   `json:"for_everyone_access_role,omitzero"`
	CreatedAt             Time `json:"created_at,omitzero" readonly:"yes"`
	UpdatedAt             Time `json:"updated_at,omitzero" readonly:"yes"`
}

// Key implements [Entity].
func (s *Space) Key() Key { return Key{TypeSpace, s.ID} }

// Keys implements [Entity].
func (s *Space) Keys() Keys { return Keys{Number: s.Number} }

// AccessRoles returns the roles that a member of a space can have.
func AccessRoles() []string { return []string{"reader", "writer", "manager"} }

// Role is a named level of access that users of an organization hold.
type Role struct {
	ID     ID     `json:"id"`
	Number int64  `json:"number"`
	Handle string `json:"handle"`
	Name   string `json:"name"`
	// CountsAs is the handle of the built-in role (admin, support, read_only) that a role outside the three counts
	// as.
	CountsAs  string `json:"counts_as,omitempty"`
	CreatedAt Time   `json:"created_at,omitzero" readonly:"yes"`
	UpdatedAt Time   `json:"updated_at,omitzero" readonly:"yes"`
}

// The handles of the roles that every organization starts with.
const (
	RoleAdmin    = "admin"
	RoleSupport  = "support"
	RoleReadOnly = "read_only"
)

// Key implements [Entity].
func (r *Role) Key() Key { return Key{TypeRole, r.ID} }

// Keys implements [Entity].
func (r *Role) Keys() Keys { return Keys{Number: r.Number, Identifier: r.Handle} }

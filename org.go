package roster

// Organization is a company or a product whose users are listed. All other records belong to exactly one.
type Organization struct {
	ID ID `json:"id"`
	// Number is unique in the instance.
	Number int64 `json:"number"`
	// Slug is a DNS label, unique in the instance.
	Slug      string `json:"slug"`
	Name      string `json:"name"`
	BrandName string `json:"brand_name,omitempty"`
	// Version is set by whoever hands out the organization; ignored on input.
	Version   Version `json:"version,omitempty" input:"ignore"`
	CreatedAt Time    `json:"created_at,omitzero" readonly:"yes"`
	UpdatedAt Time    `json:"updated_at,omitzero" readonly:"yes"`
	// Contracts chooses the contract of each dialect by name; a dialect that is absent speaks the documented one.
	Contracts map[string]Contract `json:"contracts,omitempty"`
	// Limits replaces the rate limits of dialects by name.
	Limits map[string]Limit `json:"limits,omitempty"`
	// Next holds the next free numbers of records. It is set by whoever hands out the organization, as Version is.
	Next Numbers `json:"next,omitzero" input:"ignore"`
	// DeletedAt is when the organization was deleted, 0 for one that is there. PurgeAt is the first instant at which it
	// is removed for good: until then it can be restored. DeletedBy is the user or the token that deleted it, or none
	// when the operator did.
	DeletedAt Time `json:"deleted_at,omitzero" input:"ignore"`
	PurgeAt   Time `json:"purge_at,omitzero" input:"ignore"`
	DeletedBy ID   `json:"deleted_by,omitzero" input:"ignore"`
	// Deleted is the organization that was removed last, where this is the instance itself.
	Deleted *DeletedOrganization `json:"deleted,omitempty" input:"ignore"`
}

// Contract says which description of a vendor's API a dialect follows.
type Contract string

// The contracts. The zero Contract is Documented.
const (
	Documented Contract = "documented" // what the vendor's page says
	Live       Contract = "live"       // what the vendor's API was seen to do
)

// Limit is a rate limit: a bucket of Burst requests, refilled with Rate requests a second.
type Limit struct {
	Rate  float64 `json:"rate"`
	Burst int     `json:"burst"`
}

// Key implements [Entity].
func (o *Organization) Key() Key { return Key{TypeOrganization, o.ID} }

// Keys implements [Entity].
func (o *Organization) Keys() Keys { return Keys{Number: o.Number, Identifier: o.Slug} }

// IsDeleted reports whether the organization was deleted. Then nothing of it counts, and all that can be done to it is
// restoring and removing it.
func (o *Organization) IsDeleted() bool { return o.DeletedAt != 0 }

// Contract returns the contract that the organization chose for a dialect.
func (o *Organization) Contract(dialect string) Contract {
	if c, ok := o.Contracts[dialect]; ok {
		return c
	}
	return Documented
}

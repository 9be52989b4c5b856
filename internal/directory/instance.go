package directory

import (
	"context"
	"fmt"
	"slices"

	"github.com/roster-dev/roster"
)

// EnsureInstance makes the organization of the instance itself unless there is one.
func (s *Service) EnsureInstance(ctx context.Context) error {
	_, err := s.View(ctx, roster.InstanceID())
	if roster.CodeOf(err) != roster.NotFound {
		return err
	}
	_, err = s.Do(ctx, roster.InstanceID(), roster.Operator(), roster.Create{Record: roster.NewInstance()})
	if roster.CodeOf(err) == roster.Conflict {
		return nil // somebody else was faster
	}
	if err != nil {
		return fmt.Errorf("make the organization of the instance itself: %w", err)
	}
	return nil
}

// MakeOrg makes an organization: with an id of our own where it has none, and with the next free number unless it has
// one. A principal of the instance, whatever organization it is used on, makes it as one of the new organization. The
// change is that of [Service.Do].
func (s *Service) MakeOrg(
	ctx context.Context, by roster.Principal, org roster.Organization,
) (roster.Change, error) {
	by, err := s.identify(by, &org)
	if err != nil {
		return roster.Change{}, err
	}
	for given := org.Number; ; {
		if given == 0 {
			if org.Number, err = s.nextOrgNumber(ctx); err != nil {
				return roster.Change{}, err
			}
		}
		change, err := s.Do(ctx, org.ID, by, roster.Create{Record: &org})
		field := ""
		if roster.CodeOf(err) == roster.Conflict {
			field = roster.AsError(err).Field
		}
		switch {
		case field == "slug":
			return change, s.slugTaken(ctx, org.Slug, err)
		case field != "number" || given != 0:
			return change, err
		} // another organization was made meanwhile: the number after it is free
	}
}

// identify gives a new organization its id, and returns who makes it as a principal of it.
func (s *Service) identify(by roster.Principal, org *roster.Organization) (roster.Principal, error) {
	if org.ID.IsZero() {
		id, err := s.newID()
		if err != nil {
			return by, err
		}
		org.ID = id
	}
	if by.Instance != nil {
		by.Org = org.ID
	}
	return by, nil
}

// RehearseOrg returns the ops of MakeOrg and makes nothing. The id is not the one that the organization will have.
func (s *Service) RehearseOrg(
	ctx context.Context, by roster.Principal, org roster.Organization,
) ([]roster.Op, error) {
	by, err := s.identify(by, &org)
	if err != nil {
		return nil, err
	}
	if org.Number == 0 {
		if org.Number, err = s.nextOrgNumber(ctx); err != nil {
			return nil, err
		}
	}
	env := roster.Env{Org: org.ID, By: by, Now: s.now(), NewID: s.newID}
	ops, err := roster.Decide(nothing{}, env, roster.Create{Record: &org})
	if err != nil {
		return nil, err
	}
	return ops, s.free(ctx, &org)
}

// free fails with [roster.Conflict] as the store would where another organization has one of the keys of a new one.
func (s *Service) free(ctx context.Context, org *roster.Organization) error {
	return s.store.Orgs(ctx, func(other *roster.Organization) error {
		switch {
		case other.ID == org.ID:
			return taken("id")
		case other.Number == org.Number:
			return taken("number")
		case other.Slug == org.Slug && other.IsDeleted():
			return ofDeleted()
		case other.Slug == org.Slug:
			return taken("slug")
		default:
			return nil
		}
	})
}

func taken(field string) error {
	e := roster.FieldErrorf(field, "is taken by another organization")
	e.Code = roster.Conflict
	return e
}

// ofDeleted says that a slug is taken by an organization that nobody sees.
func ofDeleted() error {
	e := roster.FieldErrorf("slug",
		"is the slug of a deleted organization, which can be restored and keeps it until it is removed")
	e.Code = roster.Conflict
	return e
}

// slugTaken returns what to say of a slug that is taken, as err does.
func (s *Service) slugTaken(ctx context.Context, slug string, err error) error {
	deleted, failed := s.DeletedOrgs(ctx)
	if failed == nil && slices.ContainsFunc(deleted, func(o *roster.Organization) bool { return o.Slug == slug }) {
		return ofDeleted()
	}
	return err
}

// nothing is the state of an organization that does not exist.
type nothing struct{}

func (nothing) Version() roster.Version { return 0 }

func (nothing) Get(roster.Type, roster.ID) (roster.Entity, error) {
	return nil, nil //nolint:nilnil // the contract of State: nothing found is no error
}

func (nothing) Find(roster.Type, roster.Keys) (roster.Entity, error) {
	return nil, nil //nolint:nilnil // the contract of State: nothing found is no error
}

func (nothing) Each(roster.Type, func(roster.Entity) error) error { return nil }

// deletes reports whether a change deletes its organization.
func deletes(change roster.Change) bool {
	return slices.ContainsFunc(change.Ops, func(op roster.Op) bool {
		return op.After == nil && op.Key().Type == roster.TypeOrganization
	})
}

// AllOrgs returns every organization, by number, those that were deleted among them, and that of the instance itself if
// there is one.
func (s *Service) AllOrgs(ctx context.Context) ([]*roster.Organization, error) {
	var orgs []*roster.Organization
	err := s.store.Orgs(ctx, func(o *roster.Organization) error {
		orgs = append(orgs, o)
		return nil
	})
	return orgs, err
}

// Orgs returns every organization that is there but that of the instance itself, by number, without loading any.
func (s *Service) Orgs(ctx context.Context) ([]*roster.Organization, error) {
	orgs, err := s.AllOrgs(ctx)
	return slices.DeleteFunc(orgs, func(o *roster.Organization) bool { return o.IsInstance() || o.IsDeleted() }), err
}

// DeletedOrgs returns every organization that was deleted and is not removed yet, by number, without loading any.
func (s *Service) DeletedOrgs(ctx context.Context) ([]*roster.Organization, error) {
	orgs, err := s.AllOrgs(ctx)
	return slices.DeleteFunc(orgs, func(o *roster.Organization) bool { return !o.IsDeleted() }), err
}

// OrgBySlug returns the organization with a slug, its Version filled, or fails with [roster.NotFound]. That of the
// instance itself is never found, nor is one that was deleted. Where an organization was before, it is looked for
// first.
func (s *Service) OrgBySlug(ctx context.Context, slug string) (*roster.Organization, error) {
	s.mu.RLock()
	id, known := s.slugs[slug]
	s.mu.RUnlock()
	if view := s.loaded(id); known && view != nil && view.Org().Slug == slug && !view.Org().IsDeleted() {
		return view.Org(), nil
	}
	orgs, err := s.Orgs(ctx)
	if err != nil {
		return nil, err
	}
	for _, o := range orgs {
		if o.Slug == slug {
			s.rememberSlug(slug, o.ID)
			return o, nil
		}
	}
	return nil, roster.Errorf(roster.NotFound, "there is no organization %q", slug)
}

func (s *Service) rememberSlug(slug string, org roster.ID) {
	const most = 100_000
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.slugs) >= most {
		clear(s.slugs)
	}
	s.slugs[slug] = org
}

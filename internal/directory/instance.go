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
		taken := roster.CodeOf(err) == roster.Conflict && roster.AsError(err).Field == "number"
		if !taken || given != 0 {
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

// RemoveOrg deletes an organization with all that belongs to it, its history and its audit among it, and has the log of
// the instance say so, with the principal's [roster.Cause]: what the request was answered is kept there. From when it
// returns nothing of the organization is found any more. Where the process ends between the two, the organization is
// gone and the log does not say by whom. It returns the deletion, and fails as [Service.Do] does.
func (s *Service) RemoveOrg(
	ctx context.Context, org roster.ID, by roster.Principal, cmd roster.Delete,
) (roster.Change, error) {
	if err := s.EnsureInstance(ctx); err != nil { // before there is something to note
		return roster.Change{}, err
	}
	once := by.Cause.Once
	by.Cause.Once = nil
	change, err := s.Do(ctx, org, by, cmd)
	if err != nil || len(change.Ops) == 0 {
		return change, err
	}
	gone, _ := change.Ops[0].Before.(*roster.Organization)
	noted := *gone
	noted.Version = change.Version
	if by.Instance != nil {
		by.Org = roster.InstanceID()
	}
	by.Cause.Once = answering(once, change)
	ctx = context.WithoutCancel(ctx)
	if _, err := s.Do(ctx, roster.InstanceID(), by, roster.NoteDeleted{Organization: &noted}); err != nil {
		return roster.Change{}, fmt.Errorf("note that organization %s was deleted: %w", org, err)
	}
	return change, nil
}

// answering returns once such that a request is answered for a change of another organization than that which keeps the
// answer.
func answering(once *roster.Once, about roster.Change) *roster.Once {
	if once == nil {
		return nil
	}
	other := *once
	other.Answer = func(_ roster.Change, outcomes []roster.Outcome) ([]byte, error) {
		return once.Answer(about, outcomes)
	}
	return &other
}

// deletes reports whether a change deletes its organization.
func deletes(change roster.Change) bool {
	return slices.ContainsFunc(change.Ops, func(op roster.Op) bool {
		return op.After == nil && op.Key().Type == roster.TypeOrganization
	})
}

// AllOrgs returns every organization, by number, that of the instance itself among them if there is one.
func (s *Service) AllOrgs(ctx context.Context) ([]*roster.Organization, error) {
	var orgs []*roster.Organization
	err := s.store.Orgs(ctx, func(o *roster.Organization) error {
		orgs = append(orgs, o)
		return nil
	})
	return orgs, err
}

// Orgs returns every organization but that of the instance itself, by number, without loading any.
func (s *Service) Orgs(ctx context.Context) ([]*roster.Organization, error) {
	orgs, err := s.AllOrgs(ctx)
	return slices.DeleteFunc(orgs, (*roster.Organization).IsInstance), err
}

// OrgBySlug returns the organization with a slug, its Version filled, or fails with [roster.NotFound]. That of the
// instance itself is never found. Where an organization was before, it is looked for first.
func (s *Service) OrgBySlug(ctx context.Context, slug string) (*roster.Organization, error) {
	s.mu.RLock()
	id, known := s.slugs[slug]
	s.mu.RUnlock()
	if view := s.loaded(id); known && view != nil && view.Org().Slug == slug {
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

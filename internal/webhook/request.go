package webhook

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/roster-dev/roster"
)

// Standings returns where the delivery to the webhooks of an organization stands, by id.
func (s *Service) Standings(_ context.Context, id roster.ID) (map[roster.ID]roster.Standing, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[roster.ID]roster.Standing{}
	if o := s.orgs[id]; o != nil {
		for webhook, h := range o.hooks {
			all[webhook] = h.standing
		}
	}
	return all, nil
}

// find returns a hook, or fails with [roster.NotFound]. The caller holds mu.
func (s *Service) find(id, webhook roster.ID) (*hook, error) {
	if o := s.orgs[id]; o != nil && o.hooks[webhook] != nil {
		return o.hooks[webhook], nil
	}
	return nil, roster.Errorf(roster.NotFound, "there is no webhook %s", webhook)
}

// known returns a webhook, or fails with [roster.NotFound].
func (s *Service) known(id, webhook roster.ID) (w *roster.Webhook, err error) {
	err = s.with(id, webhook, func(h *hook) error { w = h.webhook; return nil })
	return w, err
}

// Deliveries returns what has become of the last messages to a webhook, the last one first: the one that is being
// retried, and those that are kept. It writes nothing. It fails with [roster.NotFound].
func (s *Service) Deliveries(ctx context.Context, org, webhook roster.ID) ([]roster.Delivery, error) {
	standing, unkept, err := s.unkept(org, webhook)
	if err != nil {
		return nil, err
	}
	kept, err := s.Keeper.Deliveries(ctx, org, webhook) // after what was not, or what moves meanwhile is in neither
	if err != nil {
		return nil, err
	}
	list := roster.KeepDeliveries(kept, unkept)
	if standing.Attempts == 0 {
		return list, nil
	}
	return append([]roster.Delivery{{
		Version: standing.Position + 1, Round: standing.Round, State: roster.Retrying, Attempts: standing.Attempts,
		Last: standing.Last,
	}}, list...), nil
}

// unkept returns where a webhook stands, and what has become of messages and is not kept yet.
func (s *Service) unkept(org, webhook roster.ID) (roster.Standing, []roster.Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, err := s.find(org, webhook)
	if err != nil {
		return roster.Standing{}, nil, err
	}
	return h.standing, slices.Concat(h.keeping, h.recent), nil
}

// Answer makes what a request is answered that has led to what; it calls no service. nil is for a request that nobody
// repeats.
type Answer[What any] = func(What) (*roster.Answer, error)

// note has what a request is answered kept with where its hook stands. The caller holds mu.
func note[What any](s *Service, h *hook, answer Answer[What], what What) error {
	if answer == nil {
		return nil
	}
	a, err := answer(what)
	if err != nil || a == nil {
		return err
	}
	h.answers = append(h.answers, *a)
	h.moved = true
	signal(s.unsaved)
	return nil
}

// onRequest waits for its turn to send something on request, until leave is called.
func (s *Service) onRequest(ctx context.Context) (leave func(), err error) {
	select {
	case s.tests <- struct{}{}:
		return func() { <-s.tests }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Test sends a message that is about nothing to a webhook, even to one that is disabled, and returns how that went. It
// fails with [roster.NotFound]. Where the delivery stands does not change.
func (s *Service) Test(
	ctx context.Context, org, webhook roster.ID, answer Answer[roster.Attempt],
) (roster.Attempt, error) {
	w, err := s.known(org, webhook)
	if err != nil {
		return roster.Attempt{}, err
	}
	body, err := s.Form.Test(w, s.time())
	if err != nil {
		return roster.Attempt{}, err
	}
	id, err := s.NewID()
	if err != nil {
		return roster.Attempt{}, err
	}
	r, err := s.sendNow(ctx, w, "msg_test_"+id.String(), body)
	if err != nil || answer == nil {
		return r.Attempt, err
	}
	err = s.with(org, webhook, func(h *hook) error { return note(s, h, answer, r.Attempt) })
	return r.Attempt, errors.Join(err, s.save(ctx))
}

// sendNow sends a message on request, when it is its turn.
func (s *Service) sendNow(ctx context.Context, w *roster.Webhook, id string, body []byte) (result, error) {
	leave, err := s.onRequest(ctx)
	if err != nil {
		return result{}, err
	}
	defer leave()
	r := s.send(ctx, w, id, body)
	return r, ctx.Err() // it was cut off, and means nothing
}

// with has fn change a hook, or fails with [roster.NotFound].
func (s *Service) with(org, webhook roster.ID, fn func(*hook) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, err := s.find(org, webhook)
	if err != nil {
		return err
	}
	return fn(h)
}

// Replay has the delivery to a webhook begin again after a version, in a new round: at an earlier one what was sent
// before is sent again, at a later one what stands in between is not sent. It returns where the delivery stands then,
// which is kept. It fails with [roster.NotFound], and with [roster.Gone] because of a [roster.TrimmedError] where not
// all changes since are kept.
func (s *Service) Replay(
	ctx context.Context, org, webhook roster.ID, since roster.Version, answer Answer[roster.Standing],
) (next roster.Standing, err error) {
	if err := s.keeps(ctx, org, since); err != nil {
		return roster.Standing{}, err
	}
	err = s.with(org, webhook, func(h *hook) error {
		if next, err = s.again(h, since); err != nil {
			return err
		}
		if err := note(s, h, answer, next); err != nil {
			return err
		}
		s.move(h, next)
		s.rouse(h)
		return nil
	})
	if err != nil {
		return roster.Standing{}, err
	}
	return next, s.save(ctx)
}

// Replayed returns what [Service.Replay] would, and changes nothing.
func (s *Service) Replayed(
	ctx context.Context, org, webhook roster.ID, since roster.Version,
) (next roster.Standing, err error) {
	if err := s.keeps(ctx, org, since); err != nil {
		return roster.Standing{}, err
	}
	err = s.with(org, webhook, func(h *hook) error {
		next, err = s.again(h, since)
		return err
	})
	return next, err
}

// keeps fails where not all changes after a version are kept.
func (s *Service) keeps(ctx context.Context, org roster.ID, since roster.Version) error {
	if since < 0 {
		return nil // which again refuses
	}
	_, err := s.Log.Changes(ctx, org, since, 1)
	return err
}

// again returns where a hook stands that begins again after a version. The caller holds mu.
func (s *Service) again(h *hook, since roster.Version) (roster.Standing, error) {
	next := h.standing
	if present := s.orgs[h.org].version; since < 0 || since > present {
		return next, roster.FieldErrorf("since", "must be from 0 to %d, the present version, not %d", present, since)
	}
	next.Position, next.Attempts, next.NextAt, next.FailingSince = since, 0, 0, 0
	next.Round++
	return next, nil
}

// Retry sends a message again that was given up, now and once, and returns what has become of it. It fails with
// [roster.NotFound] where there is no such message, with [roster.Conflict] where it was not given up or is not the
// webhook's any more, and with [roster.Gone] where the change is not kept any more.
func (s *Service) Retry(
	ctx context.Context, org, webhook roster.ID, id string, answer Answer[roster.Delivery],
) (roster.Delivery, error) {
	w, err := s.known(org, webhook)
	if err != nil {
		return roster.Delivery{}, err
	}
	dead, body, err := s.letter(ctx, org, w, id)
	if err != nil {
		return roster.Delivery{}, err
	}
	r, err := s.sendNow(ctx, w, id, body)
	if err != nil {
		return roster.Delivery{}, err
	}
	dead.Attempts, dead.Last = dead.Attempts+1, r.Attempt
	if r.Succeeded() {
		dead.State = roster.Delivered
	}
	s.counts.note(r.Attempt, nil)
	err = s.with(org, webhook, func(h *hook) error {
		s.move(h, h.standing, dead)
		return note(s, h, answer, dead)
	})
	if err != nil {
		return roster.Delivery{}, err
	}
	return dead, s.save(ctx)
}

// Retriable returns the message that [Service.Retry] would send, as it is, and fails as that would.
func (s *Service) Retriable(ctx context.Context, org, webhook roster.ID, id string) (roster.Delivery, error) {
	w, err := s.known(org, webhook)
	if err != nil {
		return roster.Delivery{}, err
	}
	dead, _, err := s.letter(ctx, org, w, id)
	return dead, err
}

// letter returns a message that was given up, and its body as it is written now.
func (s *Service) letter(
	ctx context.Context, org roster.ID, w *roster.Webhook, id string,
) (roster.Delivery, []byte, error) {
	dead, err := s.dead(ctx, org, w.ID, id)
	if err != nil {
		return roster.Delivery{}, nil, err
	}
	body, err := s.written(ctx, org, w, dead.Version)
	return dead, body, err
}

// dead returns a message that was given up.
func (s *Service) dead(ctx context.Context, org, webhook roster.ID, id string) (roster.Delivery, error) {
	none := roster.Errorf(roster.NotFound, "there is no delivery %q of this webhook, or it is not kept any more", id)
	version, round, ok := roster.ParseMessageID(webhook, id)
	if !ok {
		return roster.Delivery{}, none
	}
	list, err := s.Deliveries(ctx, org, webhook)
	if err != nil {
		return roster.Delivery{}, err
	}
	for _, d := range list {
		if d.Version != version || d.Round != round {
			continue
		}
		if d.State != roster.Dead {
			return roster.Delivery{}, roster.Errorf(roster.Conflict, "the message is %s: only one that is %s can be "+
				"sent again like this", d.State, roster.Dead)
		}
		return d, nil
	}
	return roster.Delivery{}, none
}

// written returns the message to a webhook about a version.
func (s *Service) written(ctx context.Context, org roster.ID, w *roster.Webhook, v roster.Version) ([]byte, error) {
	told, err := s.entitled(ctx, org, w)
	if err != nil {
		return nil, err
	}
	changes, err := s.Log.Changes(ctx, org, v-1, 1)
	if err != nil {
		return nil, err
	}
	write, err := s.Form.Changes(told)
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		if body, err := write(c); err != nil || body != nil {
			return body, err
		}
	}
	return nil, roster.Errorf(roster.Conflict, "nothing of version %d is for the webhook any more", v)
}

// counts are what was done.
type counts struct{ delivered, failed, dead, disabled atomic.Int64 }

// note counts an attempt, and what has become of its message where that is decided.
func (c *counts) note(a roster.Attempt, decided *roster.Delivery) {
	if a.Succeeded() {
		c.delivered.Add(1)
	} else {
		c.failed.Add(1)
	}
	if decided != nil && decided.State == roster.Dead {
		c.dead.Add(1)
	}
}

// Stats returns how many attempts have ended how since the service began ("delivered", "failed"), how many messages
// were given up ("dead") and webhooks disabled ("disabled"); and of the webhooks that are enabled the greatest and the
// sum of the numbers of versions that are still to be delivered.
func (s *Service) Stats() (outcomes map[string]int64, lag, backlog int64) {
	outcomes = map[string]int64{
		"delivered": s.counts.delivered.Load(), "failed": s.counts.failed.Load(), "dead": s.counts.dead.Load(),
		"disabled": s.counts.disabled.Load(),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.orgs {
		for _, h := range o.hooks {
			if h.webhook.Enabled {
				behind := int64(max(0, o.version-h.standing.Position))
				lag, backlog = max(lag, behind), backlog+behind
			}
		}
	}
	return outcomes, lag, backlog
}

package native

import (
	"context"
	"net/http"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// Standing is where the delivery to a webhook stands, on the wire.
type Standing struct {
	Position      roster.Version `json:"position" required:"yes" doc:"Nothing up to this version is left to be sent."`
	Lag           int64          `json:"lag" required:"yes" doc:"How many versions are left."`
	Round         int            `json:"round" required:"yes" doc:"How often it was begun again by replayWebhook."`
	Attempts      int            `json:"attempts" required:"yes" doc:"How many attempts at the next message failed."`
	NextAttemptAt roster.Time    `json:"next_attempt_at,omitzero" doc:"When the next one is due."`
	LastAttempt   *Attempt       `json:"last_attempt,omitempty"`
	LastSuccessAt roster.Time    `json:"last_success_at,omitzero"`
	FailingSince  roster.Time    `json:"failing_since,omitzero" doc:"Since when nothing was accepted."`
}

// Attempt is one request to the URL of a webhook, on the wire.
type Attempt struct {
	At        roster.Time `json:"at" required:"yes"`
	Succeeded bool        `json:"succeeded" required:"yes" doc:"Whether the receiver answered with a status of 2xx."`
	Status    int         `json:"status,omitempty" doc:"That of the answer; absent where there was none."`
	Error     string      `json:"error,omitempty" doc:"What went wrong."`
	LatencyMS int64       `json:"latency_ms" required:"yes" doc:"How long it took, in milliseconds."`
}

// Delivery is what has become of a message, on the wire.
type Delivery struct {
	ID       string               `json:"id" required:"yes" doc:"The header webhook-id of the message."`
	Version  roster.Version       `json:"version" required:"yes" doc:"The change that the message is about."`
	Round    int                  `json:"round" required:"yes" doc:"0, or how often the delivery had begun again."`
	State    roster.DeliveryState `json:"state" required:"yes" enum:"delivered,retrying,dead"`
	Attempts int                  `json:"attempts" required:"yes"`
	Last     Attempt              `json:"last_attempt" required:"yes"`
}

// DeliveryList is a page of the last messages to a webhook.
type DeliveryList list[Delivery]

// ReplayRequest says where the delivery begins again.
type ReplayRequest struct {
	Since *roster.Version `json:"since" required:"yes" expect:"a version" doc:"After which version to go on."`
}

func wireStanding(s roster.Standing, present roster.Version) *Standing {
	w := &Standing{
		Position: s.Position, Lag: int64(max(0, present-s.Position)), Round: s.Round, Attempts: s.Attempts,
		NextAttemptAt: s.NextAt, LastSuccessAt: s.SucceededAt, FailingSince: s.FailingSince,
	}
	if s.Last.At != 0 {
		last := wireAttempt(s.Last)
		w.LastAttempt = &last
	}
	return w
}

func wireAttempt(a roster.Attempt) Attempt {
	return Attempt{
		At: a.At, Succeeded: a.Succeeded(), Status: a.Status, Error: a.Error, LatencyMS: a.Took.Milliseconds(),
	}
}

func wireDelivery(webhook roster.ID, d roster.Delivery) Delivery {
	return Delivery{
		ID: roster.MessageID(webhook, d.Version, d.Round), Version: d.Version, Round: d.Round, State: d.State,
		Attempts: d.Attempts, Last: wireAttempt(d.Last),
	}
}

func (k *resource) deliveryEndpoints() []dialect.Endpoint {
	return []dialect.Endpoint{
		{
			Method: http.MethodPost, Path: k.recordPath() + ":test", ID: "testWebhook",
			Summary: "Send a test message to a webhook",
			Description: "Sends a message of the type test now and once, also to a webhook that is not enabled, and " +
				"answers how that went, whatever the receiver says.",
			Needs: k.writes, Aside: true, Params: []dialect.Param{k.refParam(), ifMatchParam()},
			Returns: returns(ok(Attempt{}), badRequest, notFound, notExpected, tooMany), Serve: k.testWebhook,
		},
		{
			Method: http.MethodPost, Path: k.recordPath() + ":replay", ID: "replayWebhook",
			Summary: "Have the delivery to a webhook begin again at another version",
			Description: "The messages about the versions after since are sent, in order, with other ids than " +
				"before; what is under way is not waited for. A since beyond the position leaves messages out. The " +
				"token needs all permissions of the webhook.",
			Needs: k.writes, Aside: true, Params: []dialect.Param{k.refParam(), ifMatchParam(), dryRunParam()},
			Body: &dialect.RequestBody{
				Doc: "Where to begin.", Body: ReplayRequest{}, Example: `{"since":0}`,
			},
			Returns: trimmed(returns(ok(Webhook{}), badRequest, notFound, gone, notExpected, tooLarge, tooMany)),
			Serve:   k.replayWebhook,
		},
		moving(dialect.Endpoint{
			Method: http.MethodGet, Path: k.recordPath() + "/deliveries", ID: "listDeliveries",
			Summary: "List the last messages to a webhook",
			Description: "The one that is being retried, the last 100 that were delivered, and the last 1000 that " +
				"were given up (dead): the last message first, by round and then by version.",
			Needs: k.writes, Volatile: true, Params: append([]dialect.Param{k.refParam()}, deliveryParams()...),
			Returns: returns(ok(DeliveryList{}), badRequest, notFound, tooMany), Serve: k.listDeliveries,
		}, deliveryColumns()),
		{
			Method: http.MethodPost, Path: k.recordPath() + "/deliveries/{delivery}:retry", ID: "retryDelivery",
			Summary: "Send a message again that was given up",
			Description: "Sends it now and once, out of order, and answers what has become of it. Its id is the one " +
				"that it had. The token needs all permissions of the webhook.",
			Needs: k.writes, Aside: true, Params: []dialect.Param{
				k.refParam(),
				{
					Name: "delivery", In: dialect.Path, Mark: dialect.Ours, Doc: "The id of the message.",
					Example: "msg_0190a000-0000-7000-8000-000000000001_17",
				},
				ifMatchParam(),
				{
					Name: "dry_run", Type: dialect.Boolean, Default: "false", Mark: dialect.Ours,
					Doc: "Answer with the message that would be sent, as it is, and send nothing.",
				},
			},
			Returns: trimmed(returns(ok(Delivery{}), badRequest, notFound, conflict, gone, notExpected, tooMany)),
			Serve:   k.retryDelivery,
		},
	}
}

func deliveryParams() []dialect.Param {
	states := make([]string, 0, len(roster.DeliveryStates()))
	for _, s := range roster.DeliveryStates() {
		states = append(states, string(s))
	}
	return []dialect.Param{
		{
			Name: "state", Enum: states, Mark: dialect.Ours, Example: "dead",
			Doc: "Only messages of which this has become; all by default.",
		},
	}
}

// trimmed says of 410 that it has one cause: that changes are not kept any more.
func trimmed(list []dialect.Return) []dialect.Return {
	for i := range list {
		list[i].Everywhere = list[i].Status == gone
	}
	return list
}

// asked returns the webhook that the path names, which is as If-Match says. What is done with it does not change it, so
// that it is as if it had been done before whatever has changed it since.
func (k *resource) asked(r *dialect.Request) (*roster.Webhook, error) {
	w, err := k.hook(r)
	if err != nil {
		return nil, err
	}
	tags, err := ifMatch(r)
	if err != nil {
		return nil, err
	}
	shown := roster.Shown(w, r.Principal.Permissions)
	return w, roster.ExpectTag(tags, shown, roster.Tag(shown), k.one)
}

// resent is [asked] for a request to send again what was sent: it fails with [roster.Forbidden] where the webhook may
// hear what the principal may not, who could not change it either.
func (k *resource) resent(r *dialect.Request) (*roster.Webhook, error) {
	w, err := k.asked(r)
	if err != nil {
		return nil, err
	}
	for _, p := range w.Permissions {
		if !r.Principal.Permissions.Has(p) {
			return nil, roster.Errorf(roster.Forbidden, "a webhook with the permission %s can't be told again what it "+
				"was told by one that lacks it", p)
		}
	}
	return w, nil
}

// hook returns the webhook that the path names.
func (k *resource) hook(r *dialect.Request) (*roster.Webhook, error) {
	ref, err := k.ref(r)
	if err != nil {
		return nil, err
	}
	e, err := find(r.View, k.typ, ref)
	if err != nil {
		return nil, err
	}
	return e.(*roster.Webhook), nil //nolint:forcetypeassert // by its type
}

// standing returns a webhook as the principal may see it, with where its delivery stands.
func standing(w *roster.Webhook, r *dialect.Request, standings map[roster.ID]roster.Standing) Webhook {
	shown, _ := roster.Shown(w, r.Principal.Permissions).(*roster.Webhook)
	wire := wireWebhook(shown)
	_, past, _ := r.Moment() // nobody knows where it stood then
	if s, ok := standings[w.ID]; ok && !past {
		wire.Delivery = wireStanding(s, r.View.Version())
	}
	return wire
}

// volatile is the header of what may be another one the next time.
func volatile() http.Header { return http.Header{"Cache-Control": {"no-store"}} }

func (k *resource) listWebhooks(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	standings, err := r.Hooks.Standings(ctx)
	if err != nil {
		return dialect.Response{}, err
	}
	response, err := listed(r, k.table, r.View.Webhooks(), func(w *roster.Webhook) Webhook {
		return standing(w, r, standings)
	})
	if err != nil {
		return dialect.Response{}, err
	}
	response.Header.Set("Cache-Control", "no-store")
	return response, nil
}

// getWebhook answers with a webhook and where its delivery stands, which its entity tag does not know of.
func (k *resource) getWebhook(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	w, err := k.hook(r)
	if err != nil {
		return dialect.Response{}, err
	}
	standings, err := r.Hooks.Standings(ctx)
	if err != nil {
		return dialect.Response{}, err
	}
	response := show(w, r)
	response.Header = volatile()
	response.Body = dialect.JSON(standing(w, r, standings))
	return response, nil
}

func (k *resource) testWebhook(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	w, err := k.asked(r)
	if err != nil {
		return dialect.Response{}, err
	}
	attempt, err := r.Hooks.Test(ctx, w.ID)
	if err != nil {
		return dialect.Response{}, err
	}
	return dialect.Response{Header: volatile(), Body: dialect.JSON(wireAttempt(attempt))}, nil
}

func (k *resource) replayWebhook(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	w, err := k.resent(r)
	if err != nil {
		return dialect.Response{}, err
	}
	body, err := parseBody[ReplayRequest](r.Body)
	if err == nil && body.Since == nil {
		err = roster.FieldErrorf("since", "is required: the version after which to begin")
	}
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	replay := r.Hooks.Replay
	if isDryRun(r) {
		replay = r.Hooks.Replayed
	}
	s, err := replay(ctx, w.ID, *body.Since)
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	response := show(w, r)
	response.Header = volatile()
	response.Body = dialect.JSON(standing(w, r, map[roster.ID]roster.Standing{w.ID: s}))
	return response, nil
}

func (k *resource) listDeliveries(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	w, err := k.hook(r)
	if err != nil {
		return dialect.Response{}, err
	}
	list, err := r.Hooks.Deliveries(ctx, w.ID)
	if err != nil {
		return dialect.Response{}, err
	}
	state := roster.DeliveryState(r.String("state"))
	list = slices.DeleteFunc(list, func(d roster.Delivery) bool { return state != "" && d.State != state })
	return lastFirst().list(r, deliveryColumns(), list, func(d roster.Delivery) any { return wireDelivery(w.ID, d) })
}

// lastFirst is the order of messages.
func lastFirst() keyed[roster.Delivery] {
	place := func(d roster.Delivery) string { return numberKey(int64(placeOf(d))) }
	return keyed[roster.Delivery]{key: place, desc: true}
}

// placeOf returns where a message stands in what a webhook is sent. It stays, whatever becomes of the message.
func placeOf(d roster.Delivery) int {
	const versions = 40 // bits: 34 years of a thousand versions a second
	return d.Round<<versions | int(d.Version)
}

func (k *resource) retryDelivery(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	w, err := k.resent(r)
	if err != nil {
		return dialect.Response{}, err
	}
	retry := r.Hooks.Retry
	if isDryRun(r) {
		retry = r.Hooks.Retriable
	}
	d, err := retry(ctx, w.ID, r.String("delivery"))
	if err != nil {
		return dialect.Response{}, err
	}
	return dialect.Response{Header: volatile(), Body: dialect.JSON(wireDelivery(w.ID, d))}, nil
}

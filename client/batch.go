package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/roster-dev/roster"
)

// MaxBatch is how many users one batch can name or write.
const MaxBatch = 1000

// BatchGetUsers returns the users among those that are named, in that order, and which of the names are those of none,
// all at one version. At most [MaxBatch] can be named: more is [roster.TooLarge].
func (c *Client) BatchGetUsers(
	ctx context.Context, refs []roster.Ref, options ...Option,
) (found []*roster.User, missing []string, err error) {
	body := struct {
		Refs []string `json:"refs"`
	}{make([]string, len(refs))}
	for i, ref := range refs {
		body.Refs[i] = ref.String()
	}
	answer, err := create[struct {
		Items   []*roster.User `json:"items"`
		Missing []string       `json:"missing"`
	}](ctx, c, []string{"users:batchGet"}, body, options)
	if err != nil {
		return nil, nil, fmt.Errorf("get several users: %w", err)
	}
	return answer.Items, answer.Missing, nil
}

// Write is one write of a batch: what [Creating], [Updating] or [Deleting] returns.
type Write struct {
	Op      string          `json:"op"`
	Ref     string          `json:"ref,omitempty"`
	User    *roster.User    `json:"user,omitempty"`
	Patch   json.RawMessage `json:"patch,omitempty"`
	IfMatch Tag             `json:"if_match,omitempty"`
}

// Creating makes a user, as [Client.CreateUser] does.
func Creating(u *roster.User) Write { return Write{Op: "create", User: u} }

// Updating changes a user who has a tag, as [Client.UpdateUser] does; "" is for any tag.
func Updating(ref roster.Ref, patch []byte, tag Tag) Write {
	return Write{Op: "update", Ref: ref.String(), Patch: patch, IfMatch: tag}
}

// Deleting deletes a user who has a tag, as [Client.DeleteUser] does; "" is for any tag.
func Deleting(ref roster.Ref, tag Tag) Write {
	return Write{Op: "delete", Ref: ref.String(), IfMatch: tag}
}

// Outcome is what became of one write of a batch.
type Outcome struct {
	// Status is the status that the write would have on its own.
	Status int
	// User is the user as it is now, also where the tag was another one, and Tag the user's tag. A deleted user is nil.
	User *roster.User
	Tag  Tag
	// Err is why the write was refused, nil where it was not.
	Err *roster.Error
}

// BatchUsers carries out writes in order as one change, each on top of those before it: all or none. The first one that
// is refused is the error. At most [MaxBatch] are allowed: more is [roster.TooLarge].
func (c *Client) BatchUsers(ctx context.Context, writes []Write, options ...Option) ([]Outcome, error) {
	return c.batch(ctx, writes, true, options)
}

// BatchUsersEach is BatchUsers without the writes that are refused, whose outcomes have an Err.
func (c *Client) BatchUsersEach(ctx context.Context, writes []Write, options ...Option) ([]Outcome, error) {
	return c.batch(ctx, writes, false, options)
}

func (c *Client) batch(ctx context.Context, writes []Write, atomic bool, options []Option) ([]Outcome, error) {
	body, err := encode(struct {
		Items []Write `json:"items"`
	}{append([]Write{}, writes...)})
	if err != nil {
		return nil, err
	}
	r := request{
		method: http.MethodPost, path: []string{"users:batch"}, body: body, contentType: "application/json",
		query: url.Values{"atomic": {fmt.Sprint(atomic)}},
	}
	var answer struct {
		Items []struct {
			Status int          `json:"status"`
			ETag   Tag          `json:"etag"`
			User   *roster.User `json:"user"`
			Error  *problem     `json:"error"`
		} `json:"items"`
	}
	if err := c.call(ctx, r.apply(options), &answer); err != nil {
		return nil, fmt.Errorf("write several users: %w", err)
	}
	outcomes := make([]Outcome, len(answer.Items))
	for i, item := range answer.Items {
		outcomes[i] = Outcome{Status: item.Status, User: item.User, Tag: item.ETag}
		if item.Error != nil {
			outcomes[i].Err = item.Error.err()
			if item.User != nil {
				outcomes[i].Err.Record = item.User
			}
		}
	}
	return outcomes, nil
}

package native

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

const (
	maxBatch     = 1000
	maxBatchBody = 8 << 20
)

// BatchItem is one write of several.
type BatchItem struct {
	Op      string          `json:"op" required:"yes" enum:"create,update,delete" expect:"a string"`
	Ref     string          `json:"ref,omitempty" expect:"a string" doc:"The user to update or delete."`
	User    json.RawMessage `json:"user,omitempty" type:"object" doc:"The user to create, in the canonical form."`
	Patch   json.RawMessage `json:"patch,omitempty" type:"object" doc:"The members to update; null gives the default."`
	IfMatch *string         `json:"if_match,omitempty" expect:"a string" doc:"The entity tag of the user, with quotes."`
}

// BatchRequest is several writes.
type BatchRequest struct {
	Items []BatchItem `json:"items" required:"yes" doc:"At most 1,000, carried out in order."`
}

// BatchResult is what became of several writes.
type BatchResult struct {
	Items   []BatchOutcome `json:"items" required:"yes" doc:"What became of each, in order."`
	Version roster.Version `json:"version" required:"yes" doc:"The version of the organization with all of them."`
}

// BatchOutcome is what became of one write of several.
type BatchOutcome struct {
	Status int          `json:"status" required:"yes" doc:"The status that the write would have on its own."`
	ETag   string       `json:"etag,omitempty" doc:"The entity tag of the user."`
	User   *roster.User `json:"user,omitempty" doc:"The user as the write left it, or as it is where if_match fails."`
	Error  *LineProblem `json:"error,omitempty" doc:"Why it was refused."`
}

// BatchGetRequest names several users.
type BatchGetRequest struct {
	Refs []string `json:"refs" required:"yes" expect:"an array of strings" doc:"At most 1,000 references."`
}

// BatchGetResult is the users among those that were asked for.
type BatchGetResult struct {
	Items   []roster.User  `json:"items" required:"yes" doc:"The users that there are, in the order of the request."`
	Missing []string       `json:"missing" required:"yes" doc:"The references of which there is no user, likewise."`
	Version roster.Version `json:"version" required:"yes" doc:"The version of the organization that this is true for."`
}

func batchEndpoints() []dialect.Endpoint {
	multi := ok(BatchResult{})
	multi.Status, multi.Doc = http.StatusMultiStatus, "What became of each, with atomic=false"
	success := ok(BatchResult{})
	success.Doc = "All are done, or would be with dry_run"
	return []dialect.Endpoint{
		{
			Method: http.MethodPost, Path: "/users:batchGet", ID: "batchGetUsers", Summary: "Get several users",
			Needs: roster.UsersRead, Body: &dialect.RequestBody{
				Doc: "The users.", Body: BatchGetRequest{}, Example: `{"refs":["number:7","email:ada@example.com"]}`,
			},
			Returns: returns(ok(BatchGetResult{}), badRequest, tooLarge, tooMany), Serve: batchGet,
		},
		{
			Method: http.MethodPost, Path: "/users:batch", ID: "batchUsers", Summary: "Write several users",
			Description: "Creates, updates and deletes as one change; each sees what those before it do.",
			Needs:       roster.UsersWrite,
			Params: []dialect.Param{
				{
					Name: "atomic", Type: dialect.Boolean, Default: "true", Mark: dialect.Ours,
					Doc: "All or none: the first that is refused is the answer. With false those that are refused " +
						"are left out, and the answer is 207 with what became of each.",
				},
				dryRunParam(),
			},
			Body: &dialect.RequestBody{
				Doc: "The writes.", Body: BatchRequest{}, Limit: maxBatchBody,
				Example: `{"items":[{"op":"update","ref":"number:7","patch":{"phone":null}},` +
					`{"op":"delete","ref":"number:8"}]}`,
			},
			Returns: returns(success, badRequest, notFound, conflict, notExpected, tooLarge, tooMany, multi.Status),
			Serve:   batch,
		},
	}
}

func batchGet(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	body, err := parseBody[BatchGetRequest](r.Body)
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	if len(body.Refs) > maxBatch {
		return dialect.Response{}, tooManyOf("refs", len(body.Refs))
	}
	result := BatchGetResult{Items: []roster.User{}, Missing: []string{}, Version: r.View.Version()}
	var faults []roster.Detail
	for i, text := range body.Refs {
		ref, err := roster.ParseRef(text)
		if err != nil {
			at := fmt.Sprintf("refs[%d]", i)
			faults = append(faults, roster.Detail{Field: at, Message: roster.AsError(err).Message})
			continue
		}
		u, err := r.View.User(ref)
		switch {
		case err == nil:
			result.Items = append(result.Items, *wireUser(u, r.Principal))
		case roster.CodeOf(err) == roster.NotFound:
			result.Missing = append(result.Missing, text)
		default:
			return dialect.Response{}, err
		}
	}
	if err := faultsError(faults); err != nil {
		return dialect.Response{}, inBody(err)
	}
	return dialect.Response{Body: dialect.JSON(result)}, nil
}

func tooManyOf(member string, count int) error {
	err := roster.FieldErrorf(member, "must have at most %d items, not %d", maxBatch, count)
	err.Code = roster.TooLarge
	return inBody(err)
}

func batch(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	body, err := parseBody[struct {
		Items []json.RawMessage `json:"items" required:"yes" expect:"an array of objects"`
	}](r.Body)
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	if len(body.Items) > maxBatch {
		return dialect.Response{}, tooManyOf("items", len(body.Items))
	}
	writes := make([]write, len(body.Items))
	for i, item := range body.Items {
		writes[i] = parseWrite(fmt.Sprintf("items[%d]", i), item)
	}
	status, carryOut := http.StatusOK, together
	if !r.Bool("atomic") {
		status, carryOut = http.StatusMultiStatus, oneByOne
	}
	outcomes, err := carryOut(ctx, r, writes)
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	view, err := r.Writer.View(ctx)
	if err != nil {
		return dialect.Response{}, err
	}
	result := BatchResult{Items: make([]BatchOutcome, len(writes)), Version: versionOf(outcomes, r.View)}
	for i, w := range writes {
		result.Items[i] = w.outcome(r, view, outcomes[i])
	}
	return dialect.Response{Status: status, Body: dialect.JSON(result)}, nil
}

// versionOf returns the version that writes have led to, and that of the view where they have led to none.
func versionOf(outcomes []roster.Outcome, view dialect.View) roster.Version {
	version := roster.Version(0)
	for _, o := range outcomes {
		version = max(version, o.Version)
	}
	return cmp.Or(version, view.Version())
}

// together carries out all writes or none.
func together(ctx context.Context, r *dialect.Request, writes []write) ([]roster.Outcome, error) {
	var faults []roster.Detail
	cmds := make([]roster.Command, len(writes))
	for i, w := range writes {
		cmds[i] = w.cmd
		if w.err == nil {
			continue
		}
		e := roster.AsError(w.err)
		if len(e.Details) == 0 {
			faults = append(faults, roster.Detail{Field: e.Field, Message: e.Message})
		}
		faults = append(faults, e.Details...)
	}
	if err := faultsError(faults); err != nil || len(cmds) == 0 {
		return nil, err
	}
	if !r.Bool("dry_run") {
		outcomes, err := r.Writer.DoAll(ctx, cmds)
		return outcomes, located(err, writes)
	}
	outcomes, err := r.Writer.DryRun(ctx, cmds)
	for i, o := range outcomes {
		if o.Err != nil {
			return nil, writes[i].located(o.Err)
		}
	}
	return outcomes, err
}

// located returns the refusal of a write with where it stands in the body.
func located(err error, writes []write) error {
	refused, ok := errors.AsType[*roster.CommandError](err)
	switch {
	case ok:
		return writes[refused.Index].located(refused.Err)
	case err != nil && len(writes) == 1:
		return writes[0].located(err)
	default:
		return err
	}
}

func (w write) located(err error) error {
	e, ours := errors.AsType[*roster.Error](err)
	switch {
	case !ours:
		return err
	case e.Field == "":
		return within(w.at, err)
	default:
		return within(w.path, err)
	}
}

// oneByOne carries out the writes that are not refused.
func oneByOne(ctx context.Context, r *dialect.Request, writes []write) ([]roster.Outcome, error) {
	outcomes := make([]roster.Outcome, len(writes))
	var cmds []roster.Command
	var at []int
	for i, w := range writes {
		if outcomes[i].Err = w.err; w.err == nil {
			cmds, at = append(cmds, w.cmd), append(at, i)
		}
	}
	if len(cmds) == 0 {
		return outcomes, nil
	}
	carryOut := r.Writer.DoEach
	if r.Bool("dry_run") {
		carryOut = r.Writer.DryRun
	}
	did, err := carryOut(ctx, cmds)
	for n, o := range did {
		if o.Err != nil {
			o.Err = writes[at[n]].located(o.Err)
		}
		outcomes[at[n]] = o
	}
	return outcomes, err
}

package native

import (
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
	IfMatch string          `json:"if_match,omitempty" expect:"a string" doc:"The entity tag of the user, quotes included."`
}

// BatchRequest is several writes.
type BatchRequest struct {
	Items []BatchItem `json:"items" required:"yes" doc:"At most 1,000, carried out in order."`
}

// BatchResult is what became of several writes.
type BatchResult struct {
	Items   []BatchOutcome `json:"items" required:"yes" doc:"What became of each, in order."`
	Version roster.Version `json:"version" required:"yes" doc:"A version of the organization with all of them."`
}

// BatchOutcome is what became of one write of several.
type BatchOutcome struct {
	Status int          `json:"status" required:"yes" doc:"The status that the write would have on its own."`
	ETag   string       `json:"etag,omitempty" doc:"The entity tag of the user."`
	User   *roster.User `json:"user,omitempty" doc:"The user as the write has left it."`
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
			Description: "Creates, updates and deletes as one change. Each sees what those before it do.",
			Needs:       roster.UsersWrite,
			Params: []dialect.Param{
				{
					Name: "atomic", Type: dialect.Boolean, Default: "true", Mark: dialect.Ours,
					Doc: "All or none: the first that is refused is the answer. With false those that are refused are " +
						"left out, and the answer is 207 with what became of each.",
				},
				dryRunParam(),
			},
			Body: &dialect.RequestBody{
				Doc: "The writes.", Body: BatchRequest{}, Limit: maxBatchBody,
				Example: `{"items":[{"op":"update","ref":"number:7","patch":{"phone":null}},{"op":"delete","ref":"number:8"}]}`,
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
			faults = append(faults, roster.Detail{Field: fmt.Sprintf("refs[%d]", i), Message: roster.AsError(err).Message})
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
	return inBody(&roster.Error{
		Code: roster.TooLarge, Field: member, Message: fmt.Sprintf("must have at most %d items, not %d", maxBatch, count),
	})
}

// write is an item of a batch.
type write struct {
	cmd roster.Command
	op  string
	ref roster.Ref // what an update or a deletion is about
	// at is the path of the item in the body, and path that of what the faults of the command are in.
	at, path string
	err      error // why the item is no command
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
	result := BatchResult{Items: make([]BatchOutcome, len(writes)), Version: view.Version()}
	for i, w := range writes {
		if result.Items[i], err = w.outcome(r, view, outcomes[i]); err != nil {
			return dialect.Response{}, err
		}
	}
	return dialect.Response{Status: status, Body: dialect.JSON(result)}, nil
}

// parseWrite reads an item, which stands at a path of the body.
func parseWrite(at string, raw []byte) write {
	if isObject(raw) != nil {
		return write{err: roster.FieldErrorf(at, "must be a JSON object")}
	}
	item, err := parseBody[BatchItem](raw)
	if err == nil {
		err = item.check()
	}
	if err != nil {
		return write{err: within(at, err)}
	}
	w := write{op: item.Op, at: at, path: at}
	if item.Op == "create" {
		w.path = at + ".user"
		record, err := roster.ParseEntity(roster.TypeUser, item.User)
		if err != nil {
			return write{err: within(w.path, err)}
		}
		w.cmd = roster.Create{Record: record}
		return w
	}
	if w.ref, err = roster.ParseRef(item.Ref); err != nil {
		return write{err: within(at+".ref", err)}
	}
	var tags []string
	if item.IfMatch != "" {
		tags = []string{item.IfMatch}
	}
	if item.Op == "delete" {
		w.cmd = roster.Delete{Type: roster.TypeUser, Ref: w.ref, IfMatch: tags}
		return w
	}
	w.path = at + ".patch"
	w.cmd = roster.Update{Type: roster.TypeUser, Ref: w.ref, Patch: item.Patch, IfMatch: tags}
	return w
}

// check fails where members lack that the operation needs, or others are given.
func (i BatchItem) check() error {
	var faults []roster.Detail
	for _, m := range []struct {
		name          string
		given, wanted bool
	}{
		{"ref", i.Ref != "", i.Op != "create"},
		{"user", len(i.User) > 0, i.Op == "create"},
		{"patch", len(i.Patch) > 0, i.Op == "update"},
	} {
		switch {
		case m.wanted && !m.given:
			faults = append(faults, roster.Detail{Field: m.name, Code: roster.Required, Message: "is required to " + i.Op})
		case m.given && !m.wanted:
			faults = append(faults, roster.Detail{Field: m.name, Message: "does not go with " + i.Op})
		}
	}
	if i.IfMatch != "" {
		if err := checkTag(i.IfMatch); err != nil || i.Op == "create" {
			faults = append(faults, roster.Detail{
				Field: "if_match", Message: "must be the entity tag of a user to update or delete, with its quotes, or *",
			})
		}
	}
	if len(i.Patch) > 0 && isObject(i.Patch) != nil {
		faults = append(faults, roster.Detail{Field: "patch", Message: "must be a JSON object"})
	}
	return faultsError(faults)
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

// outcome puts what became of a write on the wire. view is the organization afterwards.
func (w write) outcome(r *dialect.Request, view dialect.View, o roster.Outcome) (BatchOutcome, error) {
	if o.Err != nil {
		return BatchOutcome{Status: dialect.DefaultStatus(roster.CodeOf(o.Err)), Error: lineProblem(o.Err)}, nil
	}
	if w.op == "delete" {
		return BatchOutcome{Status: http.StatusNoContent}, nil
	}
	e := leftBy(o.Ops, roster.TypeUser)
	if e == nil { // nothing was to be changed
		var err error
		e, err = find(view, roster.TypeUser, w.ref)
		if roster.CodeOf(err) == roster.NotFound {
			return BatchOutcome{Status: http.StatusOK}, nil // deleted since, perhaps by a later item
		}
		if err != nil {
			return BatchOutcome{}, err
		}
	}
	u, _ := roster.Shown(filledFrom(view, e), r.Principal.Permissions).(*roster.User)
	result := BatchOutcome{Status: http.StatusOK, User: u}
	if isDryRun(r) {
		return result, nil
	}
	result.ETag = roster.Tag(u)
	if w.op == "create" {
		result.Status = http.StatusCreated
	}
	return result, nil
}

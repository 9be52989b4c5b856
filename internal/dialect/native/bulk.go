package native

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// maxImportBody is how long the input of an import may be.
const maxImportBody = 4 << 30

const csvType = "text/csv"

// BulkRequest is one change of many users.
type BulkRequest struct {
	Filter        string          `json:"filter" required:"yes" expect:"a string" doc:"As in a list; empty for all."`
	Search        string          `json:"search,omitempty" expect:"a string" doc:"As in a list."`
	Action        string          `json:"action" required:"yes" expect:"a string" enum:"suspend,restore,delete,add_to_group,remove_from_group,patch"` //nolint:lll // a tag
	Group         string          `json:"group,omitempty" expect:"a string" doc:"To add to or to remove from."`
	Patch         json.RawMessage `json:"patch,omitempty" type:"object" doc:"Null gives a member its default."`
	IfVersion     *roster.Version `json:"if_version,omitempty" expect:"an integer" doc:"Only at this version."`
	ExpectChanged *int            `json:"expect_changed,omitempty" expect:"an integer" doc:"Only if it is so many."`
}

// BulkPreview says what a change of many users would do.
type BulkPreview struct {
	Version   roster.Version  `json:"version" required:"yes" doc:"The version that this is true for: if_version."`
	Counts    JobCounts       `json:"counts" required:"yes" doc:"Exact, for all users."`
	Changed   []PreviewedUser `json:"changed" required:"yes" doc:"The first 20 who would be changed."`
	Unchanged []PreviewedUser `json:"unchanged" required:"yes" doc:"The first 20 who are so already."`
	Refused   []Reject        `json:"refused" required:"yes" doc:"The first 20 who can't be changed, and why."`
}

// PreviewedUser is a user before and after a change.
type PreviewedUser struct {
	ID     roster.ID    `json:"id" required:"yes"`
	Before *roster.User `json:"before,omitempty"`
	After  *roster.User `json:"after,omitempty" doc:"Absent where the user would be deleted, or stays as before."`
}

func bulkEndpoints() []dialect.Endpoint {
	preview := ok(BulkPreview{})
	preview.Doc = "What would be done, with dry_run"
	return []dialect.Endpoint{
		exportUsers(),
		{
			Method: http.MethodPost, Path: "/users:bulkUpdate", ID: "bulkUpdateUsers", Summary: "Change many users",
			Description: "Changes all users whom a filter lets through, as a job: in one version with one audit " +
				"entry, or not at all. Users who can't be changed are among the job's rejects, and the others are " +
				fmt.Sprintf("changed. At most %d users can be changed at once. ", roster.MaxBulk) +
				"With if_version or expect_changed, as a preview told them, what was previewed is what is done; " +
				"otherwise that is 412, or, where it shows only later, what the job fails with. The job can be " +
				"undone within 24 hours.",
			Needs: roster.UsersWrite,
			Params: []dialect.Param{{
				Name: "dry_run", Type: dialect.Boolean, Default: "false", Mark: dialect.Ours,
				Doc: "Answer at once what would become of the users, and change nothing.",
			}},
			Body: &dialect.RequestBody{
				Doc: "The change.", Body: BulkRequest{},
				Example: `{"filter":"status = invited AND invited_at < ago(90d)","action":"delete"}`,
			},
			Returns: append([]dialect.Return{preview},
				returns(accepted(), badRequest, notExpected, tooLarge, tooMany)...),
			Serve: bulkUpdate,
		},
		{
			Method: http.MethodPost, Path: "/users:import", ID: "importUsers", Summary: "Import records of any number",
			Description: "Roles, groups, spaces and users as JSON Lines, or users as CSV, as a job: the body is " +
				"kept, and imported afterwards in batches of up to 1,000 records. A line may refer to what the lines " +
				"before it make. Lines that can't be imported are among the job's rejects. Records but users need " +
				"the permission groups:write. " + importedHistory,
			Needs: roster.UsersWrite,
			Params: []dialect.Param{
				{
					Name: "on_conflict", Enum: []string{"fail", "skip", "update"}, Default: "fail", Mark: dialect.Ours,
					Doc: "What becomes of a record that exists: its line is rejected, or it stays as it is, or the " +
						"members that the line has replace those of the record, but for created_at, updated_at and " +
						"their authors.",
				},
				{
					Name: "dry_run", Type: dialect.Boolean, Default: "false", Mark: dialect.Ours,
					Doc: "Have the job say what would become of each line, and change nothing. A line then knows of " +
						"those before it only within its batch.",
				},
			},
			Body: &dialect.RequestBody{
				Doc:          "JSON Lines or CSV, as Content-Type says. A CSV begins with the names of its columns.",
				ContentTypes: []string{linesType, "application/x-ndjson", csvType}, Limit: maxImportBody, Stream: true,
			},
			Returns: importReturns(), Serve: importUsers,
		},
	}
}

// importReturns documents that an import can be too large, too, which takes long to show, and that somebody may be
// erased while it arrives, which takes two requests at once.
func importReturns() []dialect.Return {
	list := returns(accepted(), badRequest, conflict, tooLarge, tooMany)
	for i := range list {
		list[i].Everywhere = list[i].Status == tooLarge || list[i].Status == conflict
	}
	return list
}

func importUsers(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	spec := roster.ImportJob{
		OnConflict: roster.OnConflict(r.String("on_conflict")), DryRun: r.Bool("dry_run"), Format: roster.JSONL,
	}
	switch given := r.Header.Get("Content-Type"); mediaType(given) {
	case "", linesType, "application/x-ndjson":
	case csvType:
		spec.Format = roster.CSV
	default:
		return dialect.Response{}, roster.FieldErrorf("Content-Type", "must be %s or %s, not %.60q", linesType, csvType,
			given)
	}
	return acceptJob(r)(r.Jobs.Import(ctx, roster.ImportInput{ImportJob: spec, From: r.Stream}))
}

func mediaType(header string) string {
	kind, _, err := mime.ParseMediaType(header)
	if err != nil {
		return header
	}
	return kind
}

func bulkUpdate(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	body, err := parseBody[BulkRequest](r.Body)
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	spec, err := body.spec(r.View)
	if err == nil {
		err = spec.CheckVersion(r.View.Version())
	}
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	if !r.Bool("dry_run") {
		response, err := acceptJob(r)(r.Jobs.Update(ctx, spec))
		return response, inBody(err)
	}
	preview, err := r.Jobs.Preview(ctx, spec)
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	return dialect.Response{Header: noStore(), Body: dialect.JSON(wirePreview(r.Principal, preview))}, nil
}

// expectations sets what the change is expected to find, and returns what is wrong with that.
func (b *BulkRequest) expectations(spec *roster.BulkUpdate) (faults []roster.Detail) {
	if b.IfVersion != nil {
		if spec.IfVersion = *b.IfVersion; spec.IfVersion < 1 {
			faults = append(faults, roster.Detail{Field: "if_version", Message: "must be a version, from 1"})
		}
	}
	if b.ExpectChanged != nil && *b.ExpectChanged < 0 {
		faults = append(faults, roster.Detail{Field: "expect_changed", Message: "must be a number of users, from 0"})
	}
	return faults
}

// spec returns the change that a request asks for, or fails with [roster.Invalid].
func (b *BulkRequest) spec(view dialect.View) (roster.BulkUpdate, error) {
	spec := roster.BulkUpdate{
		Filter: b.Filter, Search: b.Search, Action: roster.BulkAction(b.Action), Patch: b.Patch,
		ExpectChanged: b.ExpectChanged,
	}
	grouped := spec.Action == roster.BulkJoin || spec.Action == roster.BulkLeave
	faults := b.expectations(&spec)
	for _, m := range []struct {
		name          string
		given, wanted bool
	}{{"group", b.Group != "", grouped}, {"patch", len(b.Patch) > 0, spec.Action == roster.BulkPatch}} {
		switch {
		case m.wanted && !m.given:
			faults = append(faults, roster.Detail{
				Field: m.name, Code: roster.Required, Message: "is required to " + b.Action,
			})
		case m.given && !m.wanted:
			faults = append(faults, roster.Detail{Field: m.name, Message: "does not go with " + b.Action})
		}
	}
	if err := faultsError(faults); err != nil {
		return spec, err
	}
	if grouped {
		return spec, b.group(view, &spec)
	}
	if spec.Action != roster.BulkPatch {
		return spec, nil
	}
	if isObject(b.Patch) != nil {
		return spec, roster.FieldErrorf("patch", "must be a JSON object")
	}
	if _, err := roster.MergePatch(&roster.User{}, b.Patch); err != nil {
		return spec, within("patch", err)
	}
	return spec, nil
}

// group reads the group of a change.
func (b *BulkRequest) group(view dialect.View, spec *roster.BulkUpdate) error {
	ref, err := roster.ParseRef(b.Group)
	if err != nil {
		return within("group", err)
	}
	if _, err := find(view, roster.TypeGroup, ref); err != nil {
		return roster.FieldErrorf("group", "%s", roster.AsError(err).Message)
	}
	spec.Group = ref
	return nil
}

func wirePreview(by roster.Principal, p roster.BulkPreview) BulkPreview {
	w := BulkPreview{
		Version: p.Version, Counts: JobCounts(p.Counts),
		Changed: []PreviewedUser{}, Unchanged: []PreviewedUser{}, Refused: []Reject{},
	}
	shown := func(e roster.Entity) *roster.User {
		u, ok := e.(*roster.User)
		if !ok {
			return nil
		}
		return wireUser(u, by)
	}
	for _, op := range p.Changed {
		u := PreviewedUser{ID: op.Key().ID, Before: shown(op.Before), After: shown(op.After)}
		w.Changed = append(w.Changed, u)
	}
	for _, u := range p.Unchanged {
		w.Unchanged = append(w.Unchanged, PreviewedUser{ID: u.ID, Before: shown(u)})
	}
	for _, reject := range p.Refused {
		w.Refused = append(w.Refused, wireReject(reject, false))
	}
	return w
}

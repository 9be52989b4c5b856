package native

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// resource is a type of record with endpoints that are the same for every type.
type resource struct {
	typ  roster.Type
	path string // of the list
	// one and many name the records in words, One and Many in the ids of operations.
	one, many, One, Many string
	// refs says how a record can be named, and example is such a name.
	refs, example string
	wire          any // a value of the wire type
	table         columns
	writes        roster.Permission
	// sample is a body that makes a record, and change one that changes it.
	sample, change string
	deleteDoc      string
}

// recordPath returns the path of one record.
func (k *resource) recordPath() string { return k.path + "/{ref}" }

func (k *resource) refParam() dialect.Param {
	return dialect.Param{
		Name: "ref", In: dialect.Path, Mark: dialect.Ours, Example: k.example,
		Doc: "The " + k.one + ": " + k.refs + ".",
	}
}

func (k *resource) createEndpoint() dialect.Endpoint {
	return dialect.Endpoint{
		Method: http.MethodPost, Path: k.path, ID: "create" + k.One, Summary: "Create a " + k.one, Needs: k.writes,
		Params: []dialect.Param{dryRunParam()},
		Body: &dialect.RequestBody{
			Doc: "The " + k.one + " in the canonical form; what is absent gets its default.", Body: k.wire,
			Example: k.sample,
		},
		Returns: append([]dialect.Return{wouldBe(k.wire)},
			returns(created(k.wire), badRequest, conflict, tooLarge, tooMany)...), Serve: k.create,
	}
}

func (k *resource) getEndpoint() dialect.Endpoint {
	return dialect.Endpoint{
		Method: http.MethodGet, Path: k.recordPath(), ID: "get" + k.One, Summary: "Get a " + k.one,
		Needs: roster.UsersRead, Params: []dialect.Param{k.refParam(), fieldsParam()}, Tagged: true,
		Returns: returns(ok(k.wire), badRequest, notFound, tooMany), Serve: k.get,
	}
}

func (k *resource) updateEndpoint() dialect.Endpoint {
	return dialect.Endpoint{
		Method: http.MethodPatch, Path: k.recordPath(), ID: "update" + k.One, Summary: "Change a " + k.one,
		Needs: k.writes, Params: []dialect.Param{k.refParam(), ifMatchParam(), dryRunParam()},
		Body: &dialect.RequestBody{
			Doc:          "The members to change; null gives a member its default.",
			ContentTypes: []string{"application/merge-patch+json", "application/json"}, Body: k.wire, Example: k.change,
		},
		Returns: returns(ok(k.wire), badRequest, notFound, notExpected, tooLarge, tooMany), Serve: k.update,
	}
}

func (k *resource) deleteEndpoint() dialect.Endpoint {
	return dialect.Endpoint{
		Method: http.MethodDelete, Path: k.recordPath(), ID: "delete" + k.One, Summary: "Delete a " + k.one,
		Description: k.deleteDoc, Needs: k.writes, Params: []dialect.Param{k.refParam(), ifMatchParam(), dryRunParam()},
		Returns: returns(noContent(), badRequest, notFound, notExpected, tooMany), Serve: k.remove,
	}
}

// listEndpoint returns the endpoint of the list of a type of which an organization has few.
func (k *resource) listEndpoint(list any) dialect.Endpoint {
	return paged(choosing(dialect.Endpoint{
		Method: http.MethodGet, Path: k.path, ID: "list" + k.Many, Summary: "List " + k.many, Needs: roster.UsersRead,
		Returns: returns(ok(list), badRequest, tooMany), Serve: k.list,
	}, k.table))
}

// ref reads the name of a record in the path, or fails with [roster.NotFound].
func (k *resource) ref(r *dialect.Request) (roster.Ref, error) {
	ref, err := parseRef(k.typ, r.String("ref"))
	if err != nil {
		return ref, roster.Errorf(roster.NotFound, "%s", roster.AsError(err).Message)
	}
	return ref, nil
}

// target returns the name of a record in the path, and the tags that the request expects the record to have.
func (k *resource) target(r *dialect.Request) (roster.Ref, []string, error) {
	ref, err := k.ref(r)
	if err != nil {
		return ref, nil, err
	}
	tags, err := ifMatch(r)
	return ref, tags, err
}

// parseRef is [roster.ParseRef] that knows handles.
func parseRef(t roster.Type, s string) (roster.Ref, error) {
	if handle, ok := strings.CutPrefix(s, "handle:"); ok && handle != "" && t == roster.TypeRole {
		return roster.Ref{Identifier: handle}, nil
	}
	return roster.ParseRef(s)
}

func (k *resource) get(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	ref, err := k.ref(r)
	if err != nil {
		return dialect.Response{}, err
	}
	e, err := find(r.View, k.typ, ref)
	if err != nil {
		return dialect.Response{}, err
	}
	return show(e, r), nil
}

func (k *resource) list(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	return listed(r, k.table, recordsOf(r.View, k.typ), func(e roster.Entity) any {
		return wire(roster.Shown(e, r.Principal.Permissions))
	})
}

func (k *resource) create(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	if err := isObject(r.Body); err != nil {
		return dialect.Response{}, inBody(err)
	}
	record, err := roster.ParseEntity(k.typ, r.Body)
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	change, err := do(ctx, r, roster.Create{Record: record})
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	e, err := filled(ctx, r, createdBy(change.Ops, k.typ))
	if err != nil {
		return dialect.Response{}, err
	}
	return made(r, e, show(e, r)), nil
}

// made makes the answer about a record one that says where it is, unless nothing was made.
func made(r *dialect.Request, e roster.Entity, response dialect.Response) dialect.Response {
	if r.Bool("dry_run") {
		return response
	}
	response.Status = http.StatusCreated
	if response.Header == nil {
		response.Header = http.Header{}
	}
	response.Header.Set("Location", location(r.URL, e.Key().ID))
	return response
}

// location returns the URL of a record below the list that a request was made to.
func location(list *url.URL, id roster.ID) string {
	u := *list
	u.RawQuery = ""
	return u.JoinPath(id.String()).String()
}

func (k *resource) update(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	if err := isObject(r.Body); err != nil {
		return dialect.Response{}, inBody(err)
	}
	ref, tags, err := k.target(r)
	if err != nil {
		return dialect.Response{}, err
	}
	cmd := roster.Update{Type: k.typ, Ref: ref, Patch: r.Body, IfMatch: tags}
	return k.changed(ctx, r, cmd)
}

// changed carries out a command that changes a record, and answers with it.
func (k *resource) changed(
	ctx context.Context, r *dialect.Request, cmd roster.Command,
) (dialect.Response, error) {
	outcome, err := doOne(ctx, r, cmd)
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	e, err := filled(ctx, r, left(outcome, k.typ))
	if err != nil {
		return dialect.Response{}, err
	}
	return show(e, r), nil
}

func (k *resource) remove(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	ref, tags, err := k.target(r)
	if err != nil {
		return dialect.Response{}, err
	}
	return done(ctx, r, roster.Delete{Type: k.typ, Ref: ref, IfMatch: tags})
}

// done carries out a command after which there is nothing to show.
func done(ctx context.Context, r *dialect.Request, cmd roster.Command) (dialect.Response, error) {
	if _, err := do(ctx, r, cmd); err != nil {
		return dialect.Response{}, inPath(err)
	}
	return dialect.Response{Status: http.StatusNoContent}, nil
}

package native

import (
	"context"
	"net/http"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// dryRunParam is a parameter of every write.
func dryRunParam() dialect.Param {
	return dialect.Param{
		Name: "dry_run", Type: dialect.Boolean, Default: "false", Mark: dialect.Ours,
		Doc: "Answer as if it were done, with status 200 in the place of 201, and change nothing. New records have " +
			"ids that they will not have, and no secrets.",
	}
}

// ifMatchParam is a parameter of every write that changes one record.
func ifMatchParam() dialect.Param {
	return dialect.Param{
		Name: "If-Match", In: dialect.Header, Type: dialect.Strings, Mark: dialect.Ours,
		Example: `"sGGc0wOB0TQZUmpEZ58q"`,
		Doc: "Entity tags of which the record must have one, as ETag had it, or * for any (RFC 9110). Otherwise " +
			"nothing is changed, and the answer is 412 with the record as it is and its tag.",
	}
}

// wouldBe documents the answer to a dry run of what would make a record.
func wouldBe(body any) dialect.Return {
	return dialect.Return{
		Status: http.StatusOK, Doc: "What would be made, with dry_run", Body: body, Mark: dialect.Ours,
	}
}

// ifMatch returns the tags in the header If-Match, nil where there is none.
func ifMatch(r *dialect.Request) ([]string, error) {
	tags := r.Strings("If-Match")
	if len(tags) == 0 && len(r.Header.Values("If-Match")) > 0 { // who has lost a tag wants no write without a condition
		return nil, roster.FieldErrorf("If-Match", "is empty: must be * or entity tags with their quotes")
	}
	for _, tag := range tags {
		if err := checkTag(tag); err != nil {
			return nil, roster.FieldErrorf("If-Match", "%s", roster.AsError(err).Message)
		}
	}
	return tags, nil
}

// checkTag fails with [roster.Invalid] for what is no entity tag. A weak one is, but no record has it.
func checkTag(tag string) error {
	quoted := strings.TrimPrefix(tag, "W/")
	if tag == "*" || len(quoted) > 1 && quoted[0] == '"' && quoted[len(quoted)-1] == '"' {
		return nil
	}
	return roster.Errorf(roster.Invalid, "must be * or entity tags with their quotes, as ETag has them")
}

// isDryRun reports whether a request is one for a dry run.
func isDryRun(r *dialect.Request) bool {
	for i := range r.Endpoint.Params {
		if r.Endpoint.Params[i].Name == "dry_run" {
			return r.Bool("dry_run")
		}
	}
	return false
}

// doOne is do for who must know what a command that does nothing has found.
func doOne(ctx context.Context, r *dialect.Request, cmd roster.Command) (roster.Outcome, error) {
	carryOut := r.Writer.DoAll
	if isDryRun(r) {
		carryOut = r.Writer.DryRun
	}
	outcomes, err := carryOut(ctx, []roster.Command{cmd})
	if err != nil {
		return roster.Outcome{}, err
	}
	return outcomes[0], outcomes[0].Err
}

// left returns the record that a command of one that is about a record of a type has left behind: as it has changed it,
// or found it where nothing was to be changed, and not as others have changed it since.
func left(o roster.Outcome, t roster.Type) roster.Entity {
	if e := leftBy(o.Ops, t); e != nil {
		return e
	}
	return o.Record
}

// do carries out a command, or only says what it would do where the request is for a dry run.
func do(ctx context.Context, r *dialect.Request, cmd roster.Command) (roster.Change, error) {
	if !isDryRun(r) {
		return r.Writer.Do(ctx, cmd)
	}
	outcomes, err := r.Writer.DryRun(ctx, []roster.Command{cmd})
	if err != nil {
		return roster.Change{}, err
	}
	return roster.Change{Version: r.View.Version(), Ops: outcomes[0].Ops}, outcomes[0].Err
}

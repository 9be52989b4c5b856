package native

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/ingest"
)

func exportUsers() dialect.Endpoint {
	return dialect.Endpoint{
		Method: http.MethodGet, Path: "/users:export", ID: "exportUsers", Summary: "Export users",
		Description: "The users who match both filter and search, all of one version, however many there are: as " +
			"JSON Lines, each in the canonical form, or as CSV with a column for each member. In CSV a cell that a " +
			"spreadsheet would take for a formula (beginning with = + - @, a tab or a carriage return) has an " +
			"apostrophe before it, which an import takes off again. The columns " +
			"come in the order of fields, which can name structures and their members, but of lists, as spaces, only " +
			"the whole.",
		Needs: roster.UsersRead,
		Params: append(userChoiceParams(), userFieldsParam(), dialect.Param{
			Name: "format", Enum: []string{"jsonl", "csv"}, Default: "jsonl", Mark: dialect.Ours,
			Doc: "The form of the answer.",
		}),
		Returns: returns(dialect.Return{
			Status: http.StatusOK, Doc: "JSON Lines or CSV", ContentType: linesType, Mark: dialect.Ours,
		}, badRequest, tooMany),
		Serve: serveUserExport, Timed: isTimed,
	}
}

func serveUserExport(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	q, err := chooseUsers(r)
	if err != nil {
		return dialect.Response{}, err
	}
	page, err := r.View.Users(q.Query)
	if err != nil {
		return dialect.Response{}, err
	}
	format := r.String("format")
	response := dialect.Response{ContentType: linesType, Header: http.Header{
		"Content-Disposition": {fmt.Sprintf(`attachment; filename="%s-users-%d.%s"`,
			r.View.Org().Slug, r.View.Version(), format)},
	}}
	if r.Now != 0 {
		response.Header.Set("Cache-Control", "no-store")
	}
	_, write := q.text(r.Principal)
	response.Body = func(w io.Writer) error { return writeLines(w, page.Users, write) }
	if format == "csv" {
		see := visible(r.Principal)
		shows := func(member string) bool {
			f, known := roster.FieldByName(member)
			return known && see(f)
		}
		response.ContentType = csvType + "; charset=utf-8; header=present"
		response.Body, err = ingest.UsersCSV(page.Users, shows, r.Strings(fieldsName))
	}
	return response, inParam(fieldsName, err)
}

// writeLines writes users on lines of their own.
func writeLines(w io.Writer, users iter.Seq[*roster.User], write func([]byte, *roster.User) []byte) error {
	out := bufio.NewWriterSize(w, 32<<10)
	for u := range users {
		if _, err := out.Write(append(write(out.AvailableBuffer(), u), '\n')); err != nil {
			return err
		}
	}
	return out.Flush()
}

package native

import (
	"net/http"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// write is an item of a batch.
type write struct {
	cmd roster.Command
	op  string
	ref roster.Ref // what an update or a deletion is about
	// at is the path of the item in the body, and path that of what the faults of the command are in.
	at, path string
	err      error // why the item is no command
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
	if item.IfMatch != nil {
		tags = []string{*item.IfMatch}
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
			fault := roster.Detail{Field: m.name, Code: roster.Required, Message: "is required to " + i.Op}
			faults = append(faults, fault)
		case m.given && !m.wanted:
			faults = append(faults, roster.Detail{Field: m.name, Message: "does not go with " + i.Op})
		}
	}
	if i.IfMatch != nil {
		if err := checkTag(*i.IfMatch); err != nil || i.Op == "create" {
			faults = append(faults, roster.Detail{
				Field: "if_match", Message: "must be the entity tag of a user to update or delete, with quotes, or *",
			})
		}
	}
	if len(i.Patch) > 0 && isObject(i.Patch) != nil {
		faults = append(faults, roster.Detail{Field: "patch", Message: "must be a JSON object"})
	}
	return faultsError(faults)
}

// outcome puts what became of a write on the wire. view is the organization afterwards.
func (w write) outcome(r *dialect.Request, view dialect.View, o roster.Outcome) BatchOutcome {
	if refused := o.Err; refused != nil { // which is what to tell, no failure to tell it
		result := BatchOutcome{Status: dialect.DefaultStatus(roster.CodeOf(refused)), Error: lineProblem(refused)}
		if current, ok := roster.AsError(refused).Record.(*roster.User); ok {
			result.User, result.ETag = current, roster.Tag(current)
		}
		return result
	}
	if w.op == "delete" {
		return BatchOutcome{Status: http.StatusNoContent}
	}
	e := filledFrom(view, left(o, roster.TypeUser))
	u, _ := roster.Shown(e, r.Principal.Permissions).(*roster.User)
	result := BatchOutcome{Status: http.StatusOK, User: u}
	if isDryRun(r) {
		return result
	}
	result.ETag = roster.Tag(u)
	if w.op == "create" {
		result.Status = http.StatusCreated
	}
	return result
}

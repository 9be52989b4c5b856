package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
	"github.com/roster-dev/roster/internal/ingest"
)

// remoteExport is the export of a server while it is read.
type remoteExport struct {
	lists

	body io.Closer
	next func() (ingest.Record, error, bool)
	stop func()
	// user is the first user, which has been read to find the end of the lists; nil where there is none.
	user *roster.User
	err  error
}

// lists are the records that come before the users.
type lists struct {
	roles  []*roster.Role
	groups []*roster.Group
	spaces []*roster.Space
}

func (l *lists) Roles() []*roster.Role   { return l.roles }
func (l *lists) Groups() []*roster.Group { return l.groups }
func (l *lists) Spaces() []*roster.Space { return l.spaces }

func (r remoteAccount) Trim(context.Context, roster.Moment) (roster.HistoryInfo, error) {
	return roster.HistoryInfo{}, roster.Errorf(roster.Forbidden, "a server keeps what --history-retention says; "+
		"stop it and trim the history with --store")
}

func (r remoteAccount) Export(ctx context.Context, at roster.Moment) (exported, error) {
	var options []apiclient.Option
	if at != (roster.Moment{}) {
		options = append(options, apiclient.AsOf(at))
	}
	body, err := r.Client.Export(ctx, options...)
	if err != nil {
		return nil, err
	}
	e := &remoteExport{body: body}
	e.next, e.stop = iter.Pull2(ingest.JSONL(body, roster.OnConflictFail))
	for e.user == nil {
		switch record := e.read().(type) {
		case *roster.Role:
			e.roles = append(e.roles, record)
		case *roster.Group:
			e.groups = append(e.groups, record)
		case *roster.Space:
			e.spaces = append(e.spaces, record)
		case *roster.User:
			e.user = record
		default:
			return e, nil
		}
	}
	return e, nil
}

// read returns the next record, or nil at the end or where err is set.
func (e *remoteExport) read() roster.Entity {
	record, err, more := e.next()
	if !more {
		return nil
	}
	if err = errors.Join(err, record.Err); err != nil {
		e.err = fmt.Errorf("line %d of the server's export: %w", record.Line, err)
		return nil
	}
	return record.Import.Record
}

// Users yields the users as they arrive, and ignores the query: an export asks for all of them by number.
func (e *remoteExport) Users(roster.Query) (roster.Page, error) {
	return roster.Page{Users: func(yield func(*roster.User) bool) {
		for u := e.user; u != nil; u, _ = e.read().(*roster.User) {
			if !yield(u) {
				return
			}
		}
	}}, nil
}

func (e *remoteExport) Close() error {
	e.stop()
	return errors.Join(e.err, e.body.Close())
}

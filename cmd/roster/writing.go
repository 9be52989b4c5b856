package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

// writing is what the flags of commands that write say besides what is to be written.
type writing struct {
	reason, key string
	ifMatch     tagValue
	dryRun      bool
}

// tagValue is a flag with an entity tag; "" where it is not given.
type tagValue string

func (v *tagValue) String() string { return string(*v) }

func (v *tagValue) Type() string { return "string" }

// Set refuses an empty tag: who has lost one wants no write without a condition.
func (v *tagValue) Set(s string) error {
	if strings.TrimSpace(s) == "" {
		return errors.New("must be an entity tag, as --etag shows it")
	}
	*v = tagValue(s)
	return nil
}

// writeFlag adds the flags of a command that makes something.
func writeFlag(cmd *cobra.Command) *writing {
	w := &writing{}
	cmd.Flags().StringVar(&w.reason, "reason", "", "why, for the audit")
	w.dryRunFlag(cmd)
	w.keyFlag(cmd)
	return w
}

func (w *writing) dryRunFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&w.dryRun, "dry-run", false, "show what would be done, and change nothing")
}

func (w *writing) keyFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&w.key, "idempotency-key", "",
		"name of this write: for 24 hours the same command with it does nothing (default: one that nobody else has)")
}

func (w *writing) ifMatchFlag(cmd *cobra.Command) {
	cmd.Flags().Var(&w.ifMatch, "if-match",
		"do it only if the record still has this entity tag, which --etag shows")
}

// changeFlag adds the flags of a command that changes a record.
func changeFlag(cmd *cobra.Command) *writing {
	w := writeFlag(cmd)
	w.ifMatchFlag(cmd)
	return w
}

// asideFlag adds the flags of a command that does something with a record beside the history, so that the audit has
// nothing of it.
func asideFlag(cmd *cobra.Command) *writing {
	w := &writing{}
	w.keyFlag(cmd)
	w.ifMatchFlag(cmd)
	return w
}

// etagFlag adds the flag of a command that shows a record which can be changed.
func etagFlag(cmd *cobra.Command) *showing {
	s := &showing{}
	cmd.Flags().BoolVar(&s.tagOnly, "etag", false, "show nothing but the entity tag, for --if-match")
	return s
}

// showing is what to show of a record.
type showing struct {
	tagOnly bool
	info    apiclient.Info
}

// tell has a call tell what show shows.
func (s *showing) tell() apiclient.Option { return apiclient.Tell(&s.info) }

// one shows a record, or only its tag.
func (s *showing) one(a *app, out *format, columns []string, r row) error {
	if s.tagOnly {
		_, err := fmt.Fprintln(a.out, s.info.Tag)
		return err
	}
	return out.one(a.out, columns, r)
}

// options returns the options of the call that writes.
func (w *writing) options() []apiclient.Option {
	var list []apiclient.Option
	if w.reason != "" {
		list = append(list, apiclient.Reason(w.reason))
	}
	if w.key != "" {
		list = append(list, apiclient.IdempotencyKey(w.key))
	}
	if w.ifMatch != "" {
		list = append(list, apiclient.IfMatch(apiclient.Tag(w.ifMatch)))
	}
	if w.dryRun {
		list = append(list, apiclient.DryRun())
	}
	return list
}

// listOf writes a list as it comes, and ends with the first error of the list: nothing is written where that comes
// first.
func listOf[T any](f format, w io.Writer, columns []string, list iter.Seq2[T, error], show func(T) row) error {
	next, stop := iter.Pull2(list)
	defer stop()
	e, failed, more := next()
	if more && failed == nil && len(f.fields) > 0 {
		_, failed = f.choose(show(e))
	}
	if failed != nil {
		return failed
	}
	err := f.list(w, columns, func(yield func(row) bool) {
		for ; more; e, failed, more = next() {
			if failed != nil || !yield(show(e)) {
				return
			}
		}
	})
	return errors.Join(failed, err)
}

// only yields at most some of a list, all where that is 0.
func only[T any](most int, list iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		left := cmp.Or(most, -1)
		for e, err := range list {
			if left--; !yield(e, err) || left == 0 {
				return
			}
		}
	}
}

// note tells people that nothing has happened.
func (w *writing) note(a *app) {
	if w.dryRun {
		_, _ = fmt.Fprintln(a.err, "dry run: nothing was changed")
	}
}

// parseRef reads an argument that names a record of a type.
func parseRef(cmd *cobra.Command, name string, t roster.Type, arg string) (roster.Ref, error) {
	text := arg
	if handle, ok := strings.CutPrefix(arg, "handle:"); ok && t == roster.TypeRole {
		text = "identifier:" + handle
	}
	ref, err := roster.ParseRef(text)
	if err != nil {
		return roster.Ref{}, usage(cmd, "the argument %s: %w", name, err)
	}
	if t != roster.TypeUser && (ref.Email != "" || ref.Identifier != "" && t != roster.TypeRole) {
		return roster.Ref{}, usage(cmd, "the argument %s: must be a UUID or a number, not %q", name, arg)
	}
	return ref, nil
}

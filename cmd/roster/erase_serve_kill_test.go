package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

// eraseKills is how often a server is killed while it erases somebody.
var eraseKills = flag.Int("erase-kills", 5, "how often a server is killed while it erases a person")

// TestKilledServerErases kills a server with SIGKILL at random points while it is asked to erase people, and starts it
// again. Everything of each is there then, or nothing, also in the bytes of the file and its log once the server has
// scrubbed them; the request, repeated with its key, does what is left to do, and the audit is whole. Whether the kill
// came before the commit or after it is not asked: both are right.
func TestKilledServerErases(t *testing.T) {
	t.Parallel()
	p := build(t)
	p.run(t, "org", "create", "--slug", "acme")
	token := decode[struct{ Secret string }](t, p.run(t, "token", "create", "--org", "acme", "--name", "t",
		"--permission", "*", "-o", "json")).Secret
	dice, took := rand.New(rand.NewPCG(3, 4)), time.Duration(0)
	var erased []bool
	for n := range *eraseKills + 1 {
		e := erasing{program: p, secret: token, name: fmt.Sprintf("person%04dx", n), key: fmt.Sprint("erase-", n)}
		if n == 0 { // of the first one it is seen how long it takes
			took = e.begin(t, time.Minute)
		} else {
			at := dice.Float64()
			e.begin(t, time.Duration(at*at*float64(took))) // rather early: the commit comes before the scrubbing
		}
		erased = append(erased, e.wantWhole(t))
	}
	if !erased[0] {
		t.Error("somebody is there who was erased before the kill")
	}
	p.run(t, "doctor")
	t.Logf("erased before the kill: %v; undisturbed that took %s", erased, took)
}

// erasing is a person whom a server is asked to erase that is killed.
type erasing struct {
	program
	secret, name, key string

	user roster.ID
	// answered says that the server has said that the person is erased.
	answered bool
}

// begin asks a server to erase the person, and kills it once it has answered or some time has passed. It returns how
// long that took.
func (e *erasing) begin(t *testing.T, most time.Duration) time.Duration {
	t.Helper()
	s := e.serve(t)
	api := newAPI(t, s.url, e.secret)
	user, err := api.CreateUser(t.Context(), &roster.User{Name: e.name, Email: e.name + "@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	patch := []byte(`{"description":"known as ` + e.name + `"}`)
	if _, err := api.UpdateUser(t.Context(), roster.Ref{ID: user.ID}, patch); err != nil {
		t.Fatal(err)
	}
	once, err := apiclient.New(s.url, e.secret, nil, apiclient.Attempts(1))
	if err != nil {
		t.Fatal(err)
	}
	e.user = user.ID
	began, answer := time.Now(), make(chan error, 1)
	go func() { answer <- once.EraseUser(t.Context(), roster.Ref{ID: e.user}, apiclient.IdempotencyKey(e.key)) }()
	select {
	case err = <-answer:
		e.answered = true
	case <-time.After(most):
	}
	took := time.Since(began)
	s.end(t, syscall.SIGKILL)
	if !e.answered {
		err = <-answer
		e.answered = err == nil
		err = nil // nobody says what has become of it
	}
	if err != nil {
		t.Fatalf("%s was not erased: %v", e.name, err)
	}
	return took
}

// wantWhole holds that all of the person is there or nothing is, as a server that was started again shows it and in the
// bytes that it has on disk, and reports which. Then it repeats the request, after which nothing is left.
func (e *erasing) wantWhole(t *testing.T) (erased bool) {
	t.Helper()
	s := e.serve(t)
	api := newAPI(t, s.url, e.secret)
	user, err := api.User(t.Context(), roster.Ref{ID: e.user})
	erased = roster.CodeOf(err) == roster.NotFound
	switch {
	case err != nil && !erased:
		t.Fatal(err)
	case !erased && (user.Name != e.name || user.Description != "known as "+e.name):
		t.Errorf("%s is half erased: %+v", e.name, user)
	case !erased && e.answered:
		t.Errorf("%s is there, and the server has said otherwise", e.name)
	}
	e.wantTraces(t, api, erased)
	for range 2 {
		err := api.EraseUser(t.Context(), roster.Ref{ID: e.user}, apiclient.IdempotencyKey(e.key))
		if err != nil {
			t.Errorf("%s was not erased by the request that was repeated: %v", e.name, err)
		}
	}
	e.wantTraces(t, api, true)
	s.end(t, syscall.SIGTERM)
	e.run(t, "audit", "verify", "--org", "acme")
	return erased
}

// wantTraces holds the history to have both documents of the person or none, and the bytes on disk to have the name or
// not. What was erased the server scrubs as soon as it starts, in the background, and every minute where somebody reads
// just then.
func (e *erasing) wantTraces(t *testing.T, api *apiclient.Client, erased bool) {
	t.Helper()
	want := map[bool]int{false: 2, true: 0}[erased]
	if n := e.documents(t, api); n != want {
		t.Errorf("%s: the history has %d documents, want %d", e.name, n, want)
	}
	has := e.onDisk(t)
	for began := time.Now(); has && erased && time.Since(began) < 3*time.Minute; has = e.onDisk(t) {
		<-time.After(10 * time.Millisecond)
	}
	if has == erased {
		t.Errorf("%s is in the file or its log: %v, erased: %v", e.name, has, erased)
	}
}

// documents counts what is there of the person after changes.
func (e *erasing) documents(t *testing.T, api *apiclient.Client) (n int) {
	t.Helper()
	for change, err := range api.Changes(t.Context(), apiclient.ChangeOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range change.Ops {
			if bytes.Contains(op.After, []byte(e.name)) {
				n++
			}
		}
	}
	return n
}

// onDisk reports whether the file of the store or its log has the person's name.
func (e *erasing) onDisk(t *testing.T) bool {
	t.Helper()
	for _, name := range []string{"roster.db", "roster.db-wal"} {
		kept, err := os.ReadFile(filepath.Join(e.dir, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if bytes.Contains(kept, []byte(e.name)) {
			return true
		}
	}
	return false
}

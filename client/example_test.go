package client_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/client"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/native"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/server"
	"github.com/roster-dev/roster/internal/store/memory"
)

// A record is changed only if nobody else has changed it since it was read.
func ExampleIfMatch() {
	c, stop := connected()
	defer stop()
	ctx := context.Background()
	ada := roster.Ref{Email: "ada@example.com"}

	var read client.Info
	u, err := c.User(ctx, ada, client.Tell(&read))
	if err != nil {
		panic(err)
	}
	fmt.Println(u.Name, u.Status)

	// Meanwhile somebody else is quicker.
	if _, err := c.SuspendUser(ctx, ada, client.Reason("left for good")); err != nil {
		panic(err)
	}

	_, err = c.UpdateUser(ctx, ada, []byte(`{"name":"Ada M."}`), client.IfMatch(read.Tag))
	if e, ok := errors.AsType[*roster.Error](err); ok && e.Code == roster.PreconditionFailed {
		now, _ := e.Record.(*roster.User)
		fmt.Println("refused:", now.Name, "is", now.Status)
	}
	// Output:
	// Ada Moreno active
	// refused: Ada Moreno is suspended
}

// A list is walked at the version of its first page, whatever is written meanwhile.
func ExampleClient_Users() {
	c, stop := connected()
	defer stop()
	ctx := context.Background()
	for u, err := range c.Users(ctx, client.ListOptions{Filter: "status = active", OrderBy: "name desc", PageSize: 1}) {
		if err != nil {
			panic(err) // of the code roster.Gone where the walk has taken too long: begin again
		}
		fmt.Println(u.Number, u.Name)
		if err := c.DeleteUser(ctx, roster.Ref{ID: u.ID}); err != nil {
			panic(err)
		}
	}
	// Output:
	// 2 Ben Zhang
	// 1 Ada Moreno
}

// Several writes are one change.
func ExampleClient_BatchUsersEach() {
	c, stop := connected()
	defer stop()
	outcomes, err := c.BatchUsersEach(context.Background(), []client.Write{
		client.Creating(&roster.User{Email: "cleo@example.com", Name: "Cleo"}),
		client.Creating(&roster.User{Email: "ada@example.com", Name: "Another Ada"}),
		client.Updating(roster.Ref{Number: 2}, []byte(`{"phone":"+49 30 1234"}`), ""),
	})
	if err != nil {
		panic(err)
	}
	for _, o := range outcomes {
		if o.Err != nil {
			fmt.Println(o.Status, o.Err)
			continue
		}
		fmt.Println(o.Status, o.User.Name)
	}
	// Output:
	// 201 Cleo
	// 409 items[1].user.email: is taken by another user of the organization
	// 200 Ben Zhang
}

// connected returns a client of a server that has two users.
func connected() (c *client.Client, stop func()) {
	ctx, now := context.Background(), func() roster.Time { return roster.TimeOf(time.Now()) }
	newID := func() (roster.ID, error) { return roster.NewID(now(), rand.Reader) }
	d := directory.New(memory.New(), directory.Options{Now: now, NewID: newID})
	org, err := d.CreateOrg(ctx, roster.Operator(), roster.Organization{Slug: "acme", Name: "Acme"})
	if err != nil {
		panic(err)
	}
	secret, err := roster.NewSecret(rand.Reader)
	if err != nil {
		panic(err)
	}
	_, err = d.Do(ctx, org.ID, roster.Operator(),
		roster.Create{Record: &roster.Token{
			Name: "example", Kind: roster.TokenAccount, Permissions: roster.Permissions{roster.Everything},
			Hash: roster.HashSecret(secret),
		}},
		roster.Create{Record: &roster.User{Email: "ada@example.com", Name: "Ada Moreno"}},
		roster.Create{Record: &roster.User{Email: "ben@example.com", Name: "Ben Zhang"}},
	)
	if err != nil {
		panic(err)
	}
	s, err := server.New(server.Config{
		Dialects: []*dialect.Dialect{native.New()}, Directory: server.Views(d.View),
		Tokens:   &auth.Authenticator{Tokens: d, Now: now},
		Verifier: auth.NewVerifier(auth.SignersAmong(d), now), Limiter: auth.NewLimiter(time.Now, 1),
		Log: slog.New(slog.DiscardHandler), Now: time.Now, NewID: newID,
		Writer: d, History: server.Histories(d), Audit: d, Versions: server.VersionsOf(d), Random: rand.Reader,
	})
	if err != nil {
		panic(err)
	}
	listener := httptest.NewServer(s.Handler())
	c, err = client.New(listener.URL, secret, &http.Client{})
	if err != nil {
		panic(err)
	}
	return c, func() { listener.Close(); d.Close() }
}

package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
	"github.com/roster-dev/roster/internal/dialect/all"
)

func (a *app) tokens() *cobra.Command {
	return group(&cobra.Command{Use: "token", Short: "Make, show, list and revoke API tokens"},
		a.tokenCreate(), a.tokenShow(), a.tokenList(), a.tokenRevoke())
}

// shownToken is a token as it is shown: without the hash, and with the secret only when it is made.
type shownToken struct {
	ID          roster.ID          `json:"id"`
	Secret      string             `json:"secret,omitempty"`
	Org         string             `json:"org,omitempty"`
	Name        string             `json:"name"`
	Kind        roster.TokenKind   `json:"kind"`
	Permissions roster.Permissions `json:"permissions"`
	ActsAs      roster.ID          `json:"acts_as,omitzero"`
	Dialects    []string           `json:"dialects,omitempty"`
	AllowedIPs  []string           `json:"allowed_ips,omitempty"`
	CreatedAt   roster.Time        `json:"created_at,omitzero"`
	ExpiresAt   roster.Time        `json:"expires_at,omitzero"`
	LastUsedAt  roster.Time        `json:"last_used_at,omitzero"`
	RevokedAt   roster.Time        `json:"revoked_at,omitzero"`
	Status      string             `json:"status"`
}

func (a *app) showToken(org string, t *roster.Token) *shownToken {
	status := "active"
	if t.ExpiresAt != 0 && t.ExpiresAt <= a.time() {
		status = "expired"
	}
	if t.RevokedAt != 0 {
		status = "revoked"
	}
	return &shownToken{
		ID: t.ID, Org: org, Name: t.Name, Kind: t.Kind, Permissions: t.Permissions, ActsAs: t.ActsAs,
		Dialects: t.Dialects, AllowedIPs: t.AllowedIPs, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt,
		LastUsedAt: t.LastUsedAt, RevokedAt: t.RevokedAt, Status: status,
	}
}

func tokenColumns() []string {
	return []string{"id", "name", "kind", "status", "permissions", "dialects", "expires_at", "last_used_at"}
}

func (t *shownToken) row(f format) row {
	permissions := make([]string, len(t.Permissions))
	for i, p := range t.Permissions {
		permissions[i] = string(p)
	}
	return row{t, dashes(f,
		t.ID.String(), t.Name, string(t.Kind), t.Status, strings.Join(permissions, " "), strings.Join(t.Dialects, " "),
		t.ExpiresAt.String(), t.LastUsedAt.String(),
	)}
}

// tokenFlags are what a new token is made from.
type tokenFlags struct {
	name, kind, actsAs                string
	permissions, dialects, allowedIPs []string
	expiresIn                         time.Duration
}

func (f *tokenFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "what the token is for")
	flags.StringVar(&f.kind, "kind", "account", "what the token stands for: account, source or channel")
	flags.StringSliceVar(&f.permissions, "permission", []string{string(roster.UsersRead)},
		"what the token allows; may be repeated: users:read, users:write, users:erase, metadata:read,\n"+
			"members:admin, groups:write, tokens:write, audit:read, orgs:read, orgs:write or * for everything")
	flags.StringVar(&f.actsAs, "acts-as", "", "the user on whose behalf the token acts: a number, an e-mail or a UUID")
	flags.StringSliceVar(&f.dialects, "dialect", nil,
		"a dialect that accepts the token; may be repeated (default: all)")
	flags.DurationVar(&f.expiresIn, "expires-in", 0, "how long the token counts, such as 720h (default: for ever)")
	flags.StringSliceVar(&f.allowedIPs, "allowed-ip", nil,
		"an address or a CIDR prefix that may use the token; may be repeated (default: all)")
}

// token returns the token that the flags describe.
func (f *tokenFlags) token(ctx context.Context, a *app, api *apiclient.Client) (roster.Token, error) {
	t := roster.Token{Name: f.name, Kind: roster.TokenKind(f.kind), Dialects: f.dialects, AllowedIPs: f.allowedIPs}
	for _, p := range f.permissions {
		t.Permissions = append(t.Permissions, roster.Permission(p))
	}
	for _, name := range f.dialects {
		if all.ByName(name) == nil {
			return t, roster.FieldErrorf("dialect", "must be one of %s, not %q", dialectNames(), name)
		}
	}
	if f.expiresIn != 0 {
		t.ExpiresAt = a.time().Add(f.expiresIn)
	}
	if f.actsAs != "" {
		ref, err := roster.ParseRef(f.actsAs)
		if err != nil {
			return t, err
		}
		user, err := api.User(ctx, ref)
		if err != nil {
			return t, err
		}
		t.ActsAs = user.ID
	}
	return t, nil
}

func (a *app) tokenCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create {--org SLUG | --instance} --name NAME", Short: "Make a token and show its secret, once",
		Args: exactly(),
		Example: "  roster token create --org acme --name 'my connector' --permission users:read --expires-in 720h\n" +
			"  roster token create --instance --name provisioning --permission orgs:write --permission tokens:write",
	}
	dsn, org, out := storeFlag(cmd), ownerFlags(cmd), outputFlag(cmd)
	var f tokenFlags
	f.add(cmd)
	write := writeFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := org.require(cmd, "name"); err != nil {
			return err
		}
		return a.withOwner(cmd.Context(), *dsn, org, func(api *apiclient.Client) error {
			shown, err := a.makeToken(cmd.Context(), api, org.slug, &f, write.options()...)
			if err != nil {
				return doing("create the token", err)
			}
			write.note(a)
			columns := append([]string{"secret"}, tokenColumns()...)
			r := shown.row(*out)
			r.cells = append([]string{shown.Secret}, r.cells...)
			return out.one(a.out, columns, r)
		})
	}
	return cmd
}

func (a *app) makeToken(
	ctx context.Context, api *apiclient.Client, org string, f *tokenFlags, options ...apiclient.Option,
) (*shownToken, error) {
	wanted, err := f.token(ctx, a, api)
	if err != nil {
		return nil, err
	}
	made, secret, err := api.CreateToken(ctx, wanted, options...)
	if err != nil {
		return nil, err
	}
	shown := a.showToken(org, made)
	shown.Secret = secret
	return shown, nil
}

func (a *app) tokenList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list {--org SLUG | --instance}", Short: "List the tokens, without their secrets", Args: exactly(),
		Example: "  roster token list --org acme -o jsonl",
	}
	dsn, org, out, at := storeFlag(cmd), ownerFlags(cmd), shownFlags(cmd), asOfFlag(cmd)
	which := choiceFlags(cmd, "tokens")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := org.require(cmd); err != nil {
			return err
		}
		l := listing[roster.Token]{
			many: "tokens", columns: tokenColumns(), all: (*apiclient.Client).Tokens,
			row: func(f format, t *roster.Token) row { return a.showToken(org.slug, t).row(f) },
		}
		return a.withOwner(cmd.Context(), *dsn, org, func(api *apiclient.Client) error {
			return l.write(cmd.Context(), a, api, which.options(*at), *out)
		})
	}
	return cmd
}

func (a *app) tokenShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show {--org SLUG | --instance} ID", Short: "Show a token, without its secret", Args: exactly("ID"),
		Example: "  roster token show --org acme 0190a000-0000-7000-8000-000000000001",
	}
	out, at, show := shownFlags(cmd), asOfFlag(cmd), etagFlag(cmd)
	return a.onToken(cmd, func(api *apiclient.Client, org *owner, id roster.ID) error {
		t, err := api.Token(cmd.Context(), id, append(at.options(), show.tell())...)
		if err != nil {
			return doing("find the token", err)
		}
		return show.one(a, out, tokenColumns(), a.showToken(org.slug, t).row(*out))
	})
}

// onToken makes a command one on one token.
func (a *app) onToken(
	cmd *cobra.Command, call func(api *apiclient.Client, org *owner, id roster.ID) error,
) *cobra.Command {
	dsn, org := storeFlag(cmd), ownerFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := org.require(cmd); err != nil {
			return err
		}
		id, err := roster.ParseID(args[0])
		if err != nil {
			return usage(cmd, "the argument ID: %w", err)
		}
		return a.withOwner(cmd.Context(), *dsn, org, func(api *apiclient.Client) error {
			err := call(api, org, id)
			if roster.CodeOf(err) == roster.NotFound {
				err = hint(err, "`roster token list%s` shows the ids", org)
			}
			return err
		})
	}
	return cmd
}

func (a *app) tokenRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "revoke {--org SLUG | --instance} ID",
		Short:   "Revoke a token: it counts no more, from the next request on",
		Args:    exactly("ID"),
		Example: "  roster token revoke --org acme 0190a000-0000-7000-8000-000000000001 --reason 'it leaked'",
	}
	write := changeFlag(cmd)
	return a.onToken(cmd, func(api *apiclient.Client, _ *owner, id roster.ID) error {
		return doing("revoke the token", api.RevokeToken(cmd.Context(), id, write.options()...))
	})
}

// inAccount runs fn on the organization that the command's flags name.
func (a *app) inAccount(ctx context.Context, dsn, slug string, fn func(account) error) error {
	if err := a.missing(dsn); err != nil {
		return err
	}
	return a.within(ctx, dsn, func(b backend) error {
		in, err := b.Account(ctx, slug)
		if err != nil {
			return err
		}
		return fn(in)
	})
}

// withAPI runs fn with a client of the API over the organization that the command's flags name.
func (a *app) withAPI(ctx context.Context, dsn, slug string, fn func(*apiclient.Client) error) error {
	return a.inAccount(ctx, dsn, slug, calling(ctx, fn))
}

func dialectNames() string { return strings.Join(all.Names(), ", ") }

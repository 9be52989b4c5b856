package main

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/conform"
	"github.com/roster-dev/roster/internal/dialect/all"
	"github.com/roster-dev/roster/internal/emulate"
	"github.com/roster-dev/roster/internal/fault"
)

// conformanceFlags are the flags of `roster conformance`.
type conformanceFlags struct {
	conform.Options

	dialect, contract, form, failOn string
	keyID, keyFile                  string
}

func (a *app) conformance() *cobra.Command {
	f := conformanceFlags{Options: conform.Options{Now: a.now, Sleep: fault.Sleep, NewID: a.newID}}
	cmd := &cobra.Command{
		Use:   "conformance --dialect DIALECT --url URL --token TOKEN",
		Short: "Tell what a server, such as the vendor's own, does otherwise than a dialect is documented to",
		Long: "Ask any server that speaks a dialect, the vendor's own included, for all that the dialect is\n" +
			"documented to do, and tell what differs from the vendor's page and from our contract. It only reads,\n" +
			"keeps to the vendor's rate limit, waits where it is asked to, and takes ids and values from what the\n" +
			"server answers.\n\n" +
			"Exit codes: 0 nothing differs, 1 something differs, 2 the server could not be asked, or wrong usage.",
		Example: "  roster conformance --dialect kaiten --url https://example.flowfast.io --token TOKEN\n" +
			"  roster conformance --dialect fipto --url https://api.fipto.app --key-id ID --key-file client.pem " +
			"--path company_id=ID",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd, a) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.dialect, "dialect", "", "what the server speaks: "+strings.Join(emulate.Dialects(), ", "))
	flags.StringVar(&f.contract, "contract", string(roster.Documented),
		"what to hold it to: documented, the vendor's page, or live, what the vendor's API was seen to do")
	flags.StringVar(&f.keyID, "key-id", "", "instead of --token: the id of the API client that signs requests")
	flags.StringVar(&f.keyFile, "key-file", "", "the file with its private key (PEM, PKCS #8, RSA)")
	flags.StringToStringVar(&f.Path, "path", nil,
		"value of a parameter in the path, such as company_id=ID; may be given several times")
	flags.Float64Var(&f.Rate, "rate", 0, "requests in a second at most, 0 for as many as are documented, or else 10")
	flags.IntVar(&f.Most, "most", 1000, "how many records to read of a list")
	flags.StringVar(&f.failOn, "fail-on", string(conform.Contract),
		"what to exit with 1 for: page, differences from the vendor's page, or contract, any")
	flags.StringVarP(&f.form, "output", "o", "text", "form of the output: text or json")
	return cmd
}

func (f *conformanceFlags) run(cmd *cobra.Command, a *app) error {
	if err := f.complete(a); err != nil {
		return misused(cmd, err)
	}
	report, err := conform.Run(cmd.Context(), f.Options)
	if report.Requests > 0 {
		err = errors.Join(err, f.show(a.out, report))
	}
	if err != nil {
		return unasked(doing("ask "+report.URL, err))
	}
	differences := len(report.Differences)
	if f.failOn == string(conform.Page) {
		differences = report.From(conform.Page)
	}
	if differences == 0 {
		return nil
	}
	return &failure{err: fmt.Errorf("%s at %s differs", report.Dialect, report.URL), exit: exitFailed}
}

// unasked has a failure exit with 2: 1 is for differences.
func unasked(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return &failure{err: err, exit: exitUsage}
}

// complete checks the flags and makes options of them.
func (f *conformanceFlags) complete(a *app) error {
	if err := f.choose(); err != nil {
		return err
	}
	if f.Most < 1 {
		return roster.FieldErrorf("--most", "must be from 1, not %d", f.Most)
	}
	if f.Rate < 0 {
		return roster.FieldErrorf("--rate", "must not be negative")
	}
	base, err := serverURL("--url", a.url)
	if err != nil {
		return err
	}
	f.URL, f.Token = base, a.token
	switch {
	case f.keyID != "":
		f.Token = ""
		f.Sign, err = signer(f.keyID, f.keyFile, a.time)
		return err
	case f.Token == "":
		return roster.FieldErrorf("--token", "is required (or $ROSTER_TOKEN), or else --key-id and --key-file")
	}
	return nil
}

// choose checks the flags that name one of several things.
func (f *conformanceFlags) choose() error {
	for _, choice := range []struct {
		flag, value string
		allowed     []string
	}{
		{"--dialect", f.dialect, emulate.Dialects()},
		{"--contract", f.contract, []string{string(roster.Documented), string(roster.Live)}},
		{"--fail-on", f.failOn, []string{string(conform.Page), string(conform.Contract)}},
		{"--output", f.form, []string{"text", "json"}},
	} {
		if err := oneOf(choice.flag, choice.value, choice.allowed); err != nil {
			return err
		}
	}
	f.Dialect, f.Contract = all.ByName(f.dialect), roster.Contract(f.contract)
	return nil
}

func oneOf(flag, value string, allowed []string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return roster.FieldErrorf(flag, "must be one of %s, not %q", strings.Join(allowed, ", "), value)
}

// serverURL reads the URL of another server.
func serverURL(flag, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" {
		return nil, roster.FieldErrorf(flag,
			"must be the base URL of a server, such as https://api.example.com, not %q", text)
	}
	return u, nil
}

// signer returns what signs requests with the key in a file.
func signer(keyID, file string, now func() roster.Time) (func(*http.Request) error, error) {
	id, err := roster.ParseID(keyID)
	if err != nil {
		return nil, roster.FieldErrorf("--key-id", "must be a UUID, not %q", keyID)
	}
	data, err := os.ReadFile(file) //nolint:gosec // the flag is there to name a file
	if err != nil {
		return nil, roster.FieldErrorf("--key-file", "can't be read: %v", err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, roster.FieldErrorf("--key-file", "must be PEM: %s is not", file)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, roster.FieldErrorf("--key-file", "must have an RSA key in PKCS #8: %s has none", file)
	}
	return func(r *http.Request) error { return auth.Sign(r, id, key, now()) }, nil
}

// show writes the report.
func (f *conformanceFlags) show(w io.Writer, r *conform.Report) error {
	if f.form == "json" {
		return json.NewEncoder(w).Encode(r)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s at %s, contract %s, requests: %d\n", r.Dialect, r.URL, r.Contract, r.Requests)
	for _, part := range []struct {
		against conform.Against
		title   string
	}{{conform.Page, "Differs from the vendor's page:"}, {conform.Contract, "Differs from our contract:"}} {
		if r.From(part.against) > 0 {
			fmt.Fprintf(&b, "\n%s\n", part.title)
		}
		for _, d := range r.Differences {
			if d.Against == part.against {
				line := fmt.Sprintf("%s: %s: %s (documented: %s)", d.Operation, d.Where, d.Got, d.Want)
				fmt.Fprintf(&b, "  %s\n      %d times, first %s\n", printable(line), d.Requests, printable(d.Request))
			}
		}
	}
	switch {
	case !r.Complete:
		b.WriteString("This is not all: it could not be asked to the end.\n")
	case len(r.Differences) == 0:
		b.WriteString("Nothing differs.\n")
	}
	for i, note := range r.Notes {
		if i == 0 {
			b.WriteString("\nNot tried:\n")
		}
		fmt.Fprintf(&b, "  %s\n", printable(note))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

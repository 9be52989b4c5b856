package inspect

// Severity says how bad a finding is.
type Severity string

// The severities, the worst first.
const (
	Error   Severity = "error"   // the client does not get what it asked for
	Warning Severity = "warning" // it works here and now, and fails elsewhere or later
	Info    Severity = "info"    // it is worth knowing
)

// Severities returns every severity, the worst first.
func Severities() []Severity { return []Severity{Error, Warning, Info} }

// AtLeast reports whether a severity is as bad as another one, or worse.
func (s Severity) AtLeast(other Severity) bool { return s.rank() <= other.rank() }

func (s Severity) rank() int {
	for n, other := range Severities() {
		if s == other {
			return n
		}
	}
	return len(Severities())
}

// Rule is something that a client should not do.
type Rule struct {
	ID       string
	Severity Severity
	// What says what breaks it, and Fix what to do instead.
	What, Fix string
}

// The rules.
const (
	unknownPath      = "unknown-path"
	wrongMethod      = "wrong-method"
	pathParameter    = "path-parameter"
	parameterInvalid = "parameter-invalid"
	parameterUnknown = "parameter-unknown"
	parameterFlag    = "parameter-without-flag"
	parameterEmpty   = "parameter-empty"
	parameterClipped = "parameter-clipped"
	parameterOurs    = "parameter-not-the-vendors"
	alias            = "alias"
	bodyIgnored      = "body-ignored"
	refusedRequest   = "refused"
	refusedAgain     = "refused-again"
	notAccepted      = "not-accepted"
	noUserAgent      = "no-user-agent"
	authMissing      = "credential-missing"
	authMisplaced    = "credential-misplaced"
	authScheme       = "credential-scheme"
	authKind         = "credential-kind"
	authPermission   = "credential-permission"
	authRefused      = "credential-refused"
	rateLimit        = "rate-limit"
	noBackOff        = "no-back-off"
	hammering        = "hammering"
	notRetried       = "not-retried"
	unpagedList      = "list-unpaged"
	firstPageOnly    = "first-page-only"
	pageSkipped      = "page-skipped"
	pageRepeated     = "page-repeated"
	pageAfterEnd     = "page-after-end"
	walkUnfinished   = "walk-unfinished"
)

// Rules returns every rule, in the order of the guide.
func Rules() []Rule {
	var all []Rule
	for _, some := range [][]Rule{pathRules(), parameterRules(), credentialRules(), paceRules(), pageRules()} {
		all = append(all, some...)
	}
	return all
}

func ruleByID(id string) Rule {
	for _, r := range Rules() {
		if r.ID == id {
			return r
		}
	}
	panic("inspect: there is no rule " + id)
}

func pathRules() []Rule {
	return []Rule{
		{unknownPath, Error, "no operation has the path", "use a path of the vendor's page"},
		{wrongMethod, Error, "the operation has another method", "use the method of the vendor's page"},
		{
			pathParameter, Error, "a part of the path can't be the name of anything here",
			"take ids from the vendor's answers or settings, as they are",
		},
		{bodyIgnored, Warning, "a request has a body where the operation takes none", "say it in parameters"},
		{
			notAccepted, Warning, "Accept leaves out the media type that the vendor answers with",
			"accept that type, or any",
		},
		{noUserAgent, Info, "there is no User-Agent, which RFC 9110 (10.1.5) asks for", "say who asks"},
	}
}

func parameterRules() []Rule {
	return []Rule{
		{
			parameterInvalid, Error, "a value is refused: out of range, of another type, or none of those allowed",
			"keep to what the vendor's page allows",
		},
		{parameterUnknown, Warning, "the vendor ignores a parameter that it does not know", "correct or drop its name"},
		{
			parameterFlag, Warning, "a parameter is ignored for want of another one that it works only with",
			"set the other one as well, or drop both",
		},
		{
			parameterEmpty, Warning, "a parameter without a value is ignored: an empty filter lets everybody through",
			"leave it out on purpose, or ask for nothing where the list of values is empty",
		},
		{
			parameterClipped, Warning, "a number above the vendor's maximum counts as the maximum",
			"ask for the maximum, and go on by how many came",
		},
		{
			parameterOurs, Warning, "a parameter works here, and the vendor's page does not have it",
			"do without it at the vendor, or ask the vendor for it",
		},
		{
			alias, Info, "a path or parameter has another name on the vendor's page",
			"use the name of the page: the other one may go",
		},
		{refusedRequest, Error, "the vendor refuses the request for what it asks", "read the answer's message"},
		{
			refusedAgain, Warning, "a request that was refused for good is sent again as it was",
			"retry only 429, 5xx and connections that broke",
		},
	}
}

func credentialRules() []Rule {
	return []Rule{
		{authMissing, Error, "there is no credential", "send one as the vendor's page says"},
		{
			authMisplaced, Error, "a credential stands where the vendor does not read it, or in a URL",
			"send it as the vendor's page says, and nowhere else",
		},
		{
			authScheme, Warning, "a credential is carried in a way that the vendor's page does not have",
			"send it as the vendor's page says",
		},
		{authKind, Error, "a token is of a kind that the operation does not accept", "use one of the right kind"},
		{authPermission, Error, "a token lacks a permission", "give it the permission, or use another one"},
		{
			authRefused, Error, "a credential does not count, and has not before",
			"use one that exists, has not expired and is not revoked",
		},
	}
}

func paceRules() []Rule {
	return []Rule{
		{
			rateLimit, Warning, "requests come faster than the vendor's limit",
			"keep to the limit by the headers that tell it, in all processes with the token",
		},
		{
			noBackOff, Error, "a request comes sooner than Retry-After says",
			"wait as long as Retry-After says, with everything that uses the credential",
		},
		{
			hammering, Error, "a request that failed is repeated again and again without a pause",
			"wait longer after each failure, and a bit of chance besides",
		},
		{
			notRetried, Warning, "a request that failed for the moment (429, 5xx, a broken answer) is never repeated",
			"retry it after a pause",
		},
	}
}

func pageRules() []Rule {
	return []Rule{
		{
			unpagedList, Warning, "a list is asked for whole that the vendor pages by now",
			"ask for pages: it means the same in both contracts",
		},
		{
			firstPageOnly, Warning, "there are more pages, and only the first one is ever asked for",
			"go on until a page is the last, or ask for fewer records if you want no more",
		},
		{
			pageSkipped, Error, "records between the pages of a walk are never received",
			"go on where the page before ended, and repeat a page that failed",
		},
		{
			pageRepeated, Warning, "records of a walk are fetched twice",
			"go on where the page before ended, with pages of one size",
		},
		{pageAfterEnd, Warning, "a walk goes on after a page past the end", "end with the first page that is not full"},
		{walkUnfinished, Warning, "a walk ends while there are more pages", "go on until a page is the last"},
	}
}

package emulate

import (
	"cmp"
	"context"
	"net/http"
	"strconv"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/control"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/fault"
	"github.com/roster-dev/roster/internal/inspect"
)

// Inspector returns what records and judges the requests for all APIs.
func (i *Instance) Inspector() *inspect.Inspector { return i.inspector }

// RequestList is what the control API answers about requests.
type RequestList struct {
	Requests []inspect.Request `json:"requests"`
}

// FindingList is what the control API answers about findings.
type FindingList struct {
	Findings []inspect.Finding `json:"findings"`
}

func (i *Instance) inspectRoutes() []control.Route {
	return []control.Route{
		{
			Method: http.MethodGet, Path: "/requests",
			Doc: "What clients have asked for, and how it was answered, without secrets; with `?after=7` what came " +
				"after the request number 7.",
			Serve: func(r *http.Request) (any, error) {
				after, err := strconv.ParseInt(cmp.Or(r.URL.Query().Get("after"), "0"), 10, 64)
				if err != nil || after < 0 {
					return nil, roster.FieldErrorf("after", "must be the number of a request, not %q",
						r.URL.Query().Get("after"))
				}
				return RequestList{append([]inspect.Request{}, i.inspector.Requests(after)...)}, nil
			},
		},
		{
			Method: http.MethodDelete, Path: "/requests", Doc: "Forgets what clients have done, and what was found.",
			Serve: func(*http.Request) (any, error) {
				i.inspector.Reset()
				return nil, nil
			},
		},
		{
			Method: http.MethodGet, Path: "/findings",
			Doc:   "What clients have done wrong: see [inspect.md](inspect.md).",
			Serve: func(*http.Request) (any, error) { return FindingList{i.inspector.Findings()}, nil },
		},
	}
}

// token returns the token with a secret, or nil.
func (i *Instance) token(ctx context.Context, secret string) *roster.Token {
	token, _, err := i.present.Load().directory.Token(ctx, roster.HashSecret(secret))
	if err != nil {
		return nil
	}
	return token
}

// tell tells the inspector of a fault.
func tell(ctx context.Context, rule string, k fault.Kind) {
	damage := inspect.Undamaged
	switch k {
	case fault.Status, fault.Truncate, fault.Malform, fault.HTML, fault.Reset:
		damage = inspect.NoAnswer
	case fault.ShiftPage, fault.Appear, fault.Disappear:
		damage = inspect.OtherPage
	}
	inspect.Tell(ctx, rule, damage)
}

// endpoint returns the operation that a request is for, or nil.
func (a *API) endpoint(r *http.Request) *dialect.Endpoint {
	path, method := r.URL.EscapedPath(), r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for i := range a.dialect.Endpoints {
		e := &a.dialect.Endpoints[i]
		if _, ok := e.Match(path); ok && e.Method == method {
			return e
		}
	}
	return nil
}

package emulate

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/control"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/fault"
	"github.com/roster-dev/roster/internal/server"
)

// listenControl opens the address of the control API.
func (i *Instance) listenControl(ctx context.Context) (server.Listener, error) {
	var config net.ListenConfig
	socket, err := config.Listen(ctx, "tcp", i.options.Control)
	if err != nil {
		return server.Listener{}, err
	}
	l := server.Listener{Listener: socket, Handler: control.Handler(control.Options{
		Host: i.options.Control, Fail: i.own.Fail, NewID: i.options.NewID, Log: i.options.Log,
		Else: http.HandlerFunc(i.asOperator),
	}, i.Routes())}
	i.ControlURL = l.URL()
	return l, nil
}

// asOperator answers with Roster's own API. Whoever shows no credential is the operator there.
func (i *Instance) asOperator(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") == "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+i.secret)
	}
	i.present.Load().native.ServeHTTP(w, r)
}

// Routes returns the table of the control API.
func (i *Instance) Routes() []control.Route {
	return slices.Concat(i.stateRoutes(), i.faultRoutes(), i.snapshotRoutes(), i.inspectRoutes())
}

// State is what an instance is at a moment.
type State struct {
	APIs       []*API `json:"apis"`
	ControlURL string `json:"control_url"`
	// Version is the version of the organization, Users how many users it has.
	Version   roster.Version `json:"version"`
	Users     int            `json:"users"`
	Clock     ClockState     `json:"clock"`
	Faults    []fault.Count  `json:"faults"`
	Snapshots []string       `json:"snapshots"`
}

// ClockState is what the APIs' clock shows.
type ClockState struct {
	Now   time.Time      `json:"now"`
	Shift fault.Duration `json:"shift"`
}

// State returns what the instance is now.
func (i *Instance) State(ctx context.Context) (State, error) {
	view, err := i.present.Load().directory.View(ctx, demo.Organization().ID)
	if err != nil {
		return State{}, err
	}
	return State{
		i.APIs, i.ControlURL, view.Version(), view.Len(), i.clock(), append([]fault.Count{}, i.Faults()...),
		append([]string{}, i.Snapshots()...),
	}, nil
}

func (i *Instance) clock() ClockState {
	now, shift := i.Now()
	return ClockState{now.UTC(), fault.Duration(shift)}
}

func (i *Instance) stateRoutes() []control.Route {
	return []control.Route{
		{
			Method: http.MethodGet, Doc: "The APIs with their credentials, and what there is behind them now.",
			Serve: func(r *http.Request) (any, error) { return i.State(r.Context()) },
		},
		{
			Method: http.MethodPost, Path: "/reset", Doc: "Puts everything back as it was at the start.",
			Serve: func(r *http.Request) (any, error) { return nil, i.Reset(r.Context()) },
		},
		{
			Method: http.MethodPut, Path: "/clock",
			Doc:   "Moves the APIs' clock: `{\"shift\": \"-10m\"}` has it show ten minutes less than the machine's.",
			Serve: i.serveClock,
		},
	}
}

func (i *Instance) serveClock(r *http.Request) (any, error) {
	var clock struct {
		Shift *fault.Duration `json:"shift"`
	}
	body, err := control.Body(r)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(body, &clock); err != nil || clock.Shift == nil {
		return nil, roster.FieldErrorf("#/shift", `is required, in a body such as {"shift": "-1h30m"}`)
	}
	i.SetShift(time.Duration(*clock.Shift))
	return i.clock(), nil
}

// faultState is a plan, and how often the fault of each rule has happened.
type faultState struct {
	Plan     *fault.Plan   `json:"plan"`
	Happened []fault.Count `json:"happened"`
}

func (i *Instance) faultState() faultState {
	faults := i.present.Load().faults
	plan := *faults.Plan
	plan.Rules = append([]fault.Rule{}, plan.Rules...)
	return faultState{&plan, append([]fault.Count{}, faults.Happened()...)}
}

func (i *Instance) faultRoutes() []control.Route {
	return []control.Route{
		{
			Method: http.MethodGet, Path: "/faults", Doc: "The plan of faults, and how often each has happened.",
			Serve: func(*http.Request) (any, error) { return i.faultState(), nil },
		},
		{
			Method: http.MethodPut, Path: "/faults",
			Doc:   "Has other things go wrong from now on, by a plan as in a file. The numbers of requests begin anew.",
			Serve: i.serveFaults,
		},
		{
			Method: http.MethodDelete, Path: "/faults", Doc: "Has nothing go wrong any more.",
			Serve: func(*http.Request) (any, error) { return nil, i.SetFaults(&fault.Plan{}) },
		},
	}
}

func (i *Instance) serveFaults(r *http.Request) (any, error) {
	body, err := control.Body(r)
	if err != nil {
		return nil, err
	}
	plan, err := fault.Parse(body)
	if err != nil {
		return nil, err
	}
	if err := i.SetFaults(plan); err != nil {
		return nil, err
	}
	return i.faultState(), nil
}

func (i *Instance) snapshotRoutes() []control.Route {
	named := func(do func(context.Context, string) error) func(*http.Request) (any, error) {
		return func(r *http.Request) (any, error) { return nil, do(r.Context(), r.PathValue("name")) }
	}
	return []control.Route{
		{
			Method: http.MethodPost, Path: "/snapshots/{name}:restore",
			Doc: "Puts everything back as it was at the snapshot, which stays.", Serve: named(i.Restore),
		},
		{
			Method: http.MethodPost, Path: "/snapshots/{name}",
			Doc:   "Keeps everything as it is now under a name, in the place of any that has it.",
			Serve: named(i.Snapshot),
		},
		{
			Method: http.MethodDelete, Path: "/snapshots/{name}", Doc: "Forgets the snapshot.",
			Serve: named(func(_ context.Context, name string) error { return i.DropSnapshot(name) }),
		},
	}
}

// checkControl checks the address of the control API.
func (o *Options) checkControl() error {
	if _, _, err := net.SplitHostPort(o.Control); o.Control != "" && err != nil {
		return roster.FieldErrorf("control", "must be an address and a port, such as 127.0.0.1:0, not %q",
			strings.TrimSpace(o.Control))
	}
	return nil
}

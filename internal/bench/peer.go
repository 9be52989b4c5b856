package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
)

// peerClients is how many connections peers are measured with.
const peerClients = 16

// Peer is another server on this machine, with a collection "people" that anybody may list and add to.
type Peer struct {
	// Name is "pocketbase".
	Name string
	// Addr is where it listens, such as 127.0.0.1:8090.
	Addr string
	// PID is its process, whose CPU is measured; 0 where it is not known.
	PID int
}

// ParsePeer reads NAME=URL or NAME=URL,pid=N. It fails with [roster.Invalid].
func ParsePeer(s string) (Peer, error) {
	const flag = "--against"
	name, rest, _ := strings.Cut(s, "=")
	if name != "pocketbase" {
		return Peer{}, roster.FieldErrorf(flag, "must be pocketbase=URL[,pid=N], not %q", s)
	}
	at, pid, given := strings.Cut(rest, ",pid=")
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "http" {
		return Peer{}, roster.FieldErrorf(flag, "%q is not a URL such as http://127.0.0.1:8090", at)
	}
	if addr, err := netip.ParseAddrPort(u.Host); err != nil || !addr.Addr().IsLoopback() {
		return Peer{}, roster.FieldErrorf(flag, "%q is not an address of this machine such as 127.0.0.1:8090", u.Host)
	}
	p := Peer{Name: name, Addr: u.Host}
	if given {
		if p.PID, err = strconv.Atoi(pid); err != nil || p.PID < 1 {
			return Peer{}, roster.FieldErrorf(flag, "%q is not a process", pid)
		}
	}
	return p, nil
}

// comparePeers gives each peer and a server of ours the same work in turn, over the first organization.
func (r *runner) comparePeers(ctx context.Context) (err error) {
	if len(r.Peers) == 0 {
		return nil
	}
	restore, err := offFirstCore()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, restore()) }()
	ours, err := r.serveStore(ctx, r.Users[0])
	if err != nil {
		return err
	}
	for _, peer := range r.Peers {
		if err := r.comparePeer(ctx, peer, ours); err != nil {
			return fmt.Errorf("compare with %s: %w", peer.Name, err)
		}
	}
	return ours.stop()
}

func (r *runner) comparePeer(ctx context.Context, peer Peer, ours *process) error {
	theirs := &process{addr: peer.Addr, pid: peer.PID, users: ours.users}
	if err := r.fill(ctx, theirs); err != nil {
		return err
	}
	three, err := r.probe(ctx, ours, threeFilters(filterSpan-1))
	if err != nil {
		return err
	}
	texts := needles(r.Seed, ours.users)
	last := max(1, ours.users/pageSize)
	lists := map[string][2]func([]byte, uint64) []byte{
		"list": {the(get(nil, listPath, ours.secret)), the(get(nil, peopleList+"&skipTotal=1&sort=created_at", ""))},
		"deep page": {
			halfway(last, func(page string) []byte { return get(nil, listPath+"&page="+page, ours.secret) }),
			halfway(last, func(page string) []byte { return get(nil, peopleList+"&sort=created_at&page="+page, "") }),
		},
		"filters": {deepFilters(ours.secret, three.Total, r.Seed), peopleFilters(three.Total, r.Seed)},
		"search":  {searches(ours.secret, texts), peopleSearch(texts)},
	}
	for round := range r.Rounds {
		r.say("round %d of %d with %s", round+1, r.Rounds, peer.Name)
		for name, work := range lists {
			for i, server := range []*process{ours, theirs} {
				m := newMeasure(at([]string{"for ", ""}[i]+peer.Name+", "+name, ours.users), server, work[i])
				m.clients = peerClients
				m.next.Store(uint64(round) << 20) // another round, other requests
				l, err := r.drive(ctx, m)
				if err != nil {
					return err
				}
				r.record(m, l)
			}
		}
	}
	return nil
}

// halfway asks for the pages from the middle to the last.
func halfway(last int, page func(string) []byte) func([]byte, uint64) []byte {
	return func(b []byte, n uint64) []byte {
		half := uint64(last - last/2) //nolint:gosec // it is positive
		return append(b, page(strconv.FormatUint(uint64(last/2)+n%half+1, 10))...)
	}
}

// Paths of PocketBase.
const (
	peoplePath = "/api/collections/people/records"
	peopleList = peoplePath + "?perPage=100"
)

// peopleFilters is deepFilters for PocketBase.
func peopleFilters(total int, seed uint64) func([]byte, uint64) []byte {
	const ours = len("GET ")
	ask := deepFilters("", total, seed)
	return func(b []byte, n uint64) []byte {
		line := ask(nil, n)
		target, _, _ := strings.Cut(string(line[ours:]), " ")
		_, query, _ := strings.Cut(target, "?")
		given, _ := url.ParseQuery(query)
		from := strings.NewReplacer("T", " ", "Z", ".000Z").Replace(given.Get("created_at_from"))
		filter := "status='active' && user_type='saas_user' && created_at>='" + from + "'"
		return get(b, peopleList+"&sort="+given.Get("sort_by")+"&page="+given.Get("page")+"&filter="+
			url.QueryEscape(filter), "")
	}
}

// peopleSearch is searches for PocketBase, in the same members but without typing errors.
func peopleSearch(texts []string) func([]byte, uint64) []byte {
	return func(b []byte, n uint64) []byte {
		text := strings.ReplaceAll(texts[n%uint64(len(texts))], "'", `\'`)
		filter := "name~'" + text + "' || email~'" + text + "' || description~'" + text + "'"
		return get(b, peopleList+"&filter="+url.QueryEscape(filter), "")
	}
}

// fill puts the same users into a peer, unless it has them.
func (r *runner) fill(ctx context.Context, theirs *process) error {
	answer, err := r.probe(ctx, theirs, peoplePath+"?perPage=1")
	if err != nil {
		return err
	}
	var list struct {
		TotalItems int `json:"totalItems"`
	}
	if err := json.Unmarshal(answer.Body, &list); err != nil {
		return fmt.Errorf("read its list: %w", err)
	}
	switch list.TotalItems {
	case theirs.users:
		return nil
	case 0:
		return r.send(ctx, theirs)
	default:
		return roster.Errorf(roster.Conflict, "it has %d people, not %d or none", list.TotalItems, theirs.users)
	}
}

// send creates all users in a peer, one by one over several connections.
func (r *runner) send(ctx context.Context, theirs *process) error {
	r.say("fill a peer with %d users", theirs.users)
	users := slices.Collect(people(r.Seed, theirs.users))
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range peerClients {
		group.Go(func() error {
			c, err := dial(ctx, theirs.addr, r.Now().Add(30*grace))
			if err != nil {
				return err
			}
			defer func() { _ = c.Close() }()
			for n := next.Add(1) - 1; n < int64(len(users)) && ctx.Err() == nil; n = next.Add(1) - 1 {
				answer, err := c.do(post(nil, peoplePath, "", users[n]), true)
				if err != nil {
					return err
				}
				if answer.Status != 200 {
					return roster.Errorf(roster.Internal, "creating a user answers %d: %s", answer.Status, answer.Body)
				}
			}
			return ctx.Err()
		})
	}
	return group.Wait()
}

// people yields the records of a peer.
func people(seed uint64, users int) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for u := range demo.New(seed, users).Users() {
			//nolint:errchkjson // texts can always be encoded
			doc, _ := json.Marshal(map[string]string{
				"identifier": u.Identifier, "name": u.Name, "first_name": u.FirstName, "last_name": u.LastName,
				"email": u.Email, "description": u.Description, "status": u.Status.String(),
				"user_type": u.UserType.String(), "role": u.Role, "created_at": u.CreatedAt.String(),
				"updated_at": u.UpdatedAt.String(),
			})
			if !yield(doc) {
				return
			}
		}
	}
}

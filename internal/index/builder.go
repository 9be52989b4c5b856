package index

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/roster-dev/roster"
)

// scanBelow is how many users an organization must have before its view is indexed: below, scanning is as fast.
const scanBelow = 128

// options are what a builder passes on to its views.
type options struct {
	// scanBelow is the number of users below which there is no index.
	scanBelow int
	// tail is how many changed users may be searched without an index over their texts.
	tail int
	// forms keeps texts of users; nil for none.
	forms *Forms
	// limits says what queries derive; the usual ones where it is zero.
	limits limits
}

// Builder makes the first view of an organization. It is not safe for concurrent use.
type Builder struct {
	view    *View
	encoder *encoder
	edit    *edit
	packers sync.Pool // of *packer
}

// NewBuilder returns a builder without records. The views keep what users look like in forms, which may be nil.
func NewBuilder(forms *Forms) *Builder {
	return newBuilder(options{scanBelow: scanBelow, tail: tailMax, forms: forms})
}

func newBuilder(o options) *Builder {
	v := &View{
		options: o, dict: newDictionary(), groups: &pairs{}, spaces: &pairs{}, text: &texts{},
		masks: map[int64]int64{}, pool: &sync.Pool{}, lanes: &lanes{}, extended: &atomic.Bool{},
	}
	if o.limits == (limits{}) {
		v.limits = usualLimits()
	}
	if o.forms != nil {
		v.lineage = newLineage()
	}
	return &Builder{view: v, encoder: newEncoder(), edit: &edit{}}
}

// Add adds a record, which must differ from every other one in its id and, as far as it has them, in its keys.
// Records may come in any order, users best by number. A user is copied, any other record is kept and must not be
// modified any more.
func (b *Builder) Add(e roster.Entity) {
	v := b.view
	switch e := e.(type) {
	case *roster.Organization:
		v.org = e
	case *roster.User:
		v.append(b.edit, b.encoder.encode(e))
	case *roster.Group:
		v.groupList = append(v.groupList, e)
	case *roster.Space:
		v.spaceList = append(v.spaceList, e)
	case *roster.Role:
		v.roleList = append(v.roleList, e)
	case *roster.Token:
		v.tokens = append(v.tokens, e)
	case *roster.Invitation:
		v.invitations = append(v.invitations, e)
	}
}

// append puts a record into the next slot.
func (v *View) append(owner *edit, r rec) uint32 {
	last := len(v.pages) - 1
	if last < 0 || len(v.pages[last].word) == rowMax {
		v.pages = append(v.pages, &page{owner: owner})
		last++
	}
	p := v.pages[last]
	i := len(p.word)
	p.put(i, r)
	v.dict = v.dict.with(r)
	v.users++
	if i+1 == rowMax && p.owner != nil {
		p.trim()
	}
	return uint32(last<<rowBits + i) //nolint:gosec // slots are 32 bits
}

// View returns the view of what was added, at a version. The builder must not be used afterwards.
func (b *Builder) View(version roster.Version) *View {
	v := b.view
	b.view = nil
	if len(v.pages) > 0 {
		v.pages[len(v.pages)-1].trim()
	}
	v.setVersion(version)
	v.context = version
	slices.SortFunc(v.groupList, compareEntities)
	slices.SortFunc(v.spaceList, compareEntities)
	slices.SortFunc(v.roleList, compareEntities)
	slices.SortFunc(v.tokens, compareEntities)
	slices.SortFunc(v.invitations, compareEntities)
	v.groupsChanged()
	v.tokensChanged()
	v.index()
	return v
}

func (v *View) setVersion(version roster.Version) {
	v.version = version
	if v.org != nil {
		org := *v.org
		org.Version = version
		v.org = &org
	}
}

func (v *View) groupsChanged() {
	v.masks = map[int64]int64{}
	for _, g := range v.groupList {
		if g.Permissions != 0 {
			v.masks[g.Number] |= g.Permissions
		}
	}
}

func (v *View) tokensChanged() {
	v.tokenHashes = slices.SortedFunc(slices.Values(v.tokens), func(a, b *roster.Token) int {
		return strings.Compare(a.Hash, b.Hash)
	})
}

// index builds what makes queries fast, once there are enough users.
func (v *View) index() {
	if v.orders != nil || v.users < v.scanBelow || v.users == 0 {
		return
	}
	slots := slices.AppendSeq(make([]uint32, 0, v.users), v.slots())
	profiles := v.indexPages()
	jobs := make([]func(), 0, len(orderFields())+1)
	orders := make([]*order, len(orderFields()))
	orders[0], slots = v.buildOrder(roster.FieldNumber, slots, profiles)
	for i, f := range orderFields()[1:] {
		jobs = append(jobs, func() { orders[i+1], _ = v.buildOrder(f, slots, profiles) })
	}
	jobs = append(jobs, func() { v.indexMembers(slots) })
	parallel(jobs)
	v.orders = orders
	v.text = newTexts(v.pages)
}

// parallel runs jobs on as many goroutines as there are processors and waits for them.
func parallel(jobs []func()) {
	if len(jobs) == 1 {
		jobs[0]()
		return
	}
	var wg sync.WaitGroup
	queue := make(chan func(), len(jobs))
	for _, job := range jobs {
		queue <- job
	}
	close(queue)
	for range min(runtime.GOMAXPROCS(0), len(jobs)) {
		wg.Go(func() {
			for job := range queue {
				job()
			}
		})
	}
	wg.Wait()
}

// indexPages fills in the classes of every page and returns those of every slot.
func (v *View) indexPages() []profile {
	profiles := make([]profile, len(v.pages)<<rowBits)
	for i, p := range v.pages {
		part := profiles[i<<rowBits:]
		for j := range p.word {
			if p.live.has(j) {
				part[j] = v.dict.profile(p.rec(j))
			}
		}
		indexed := *p
		indexed.rows = makeRows(len(p.word), func(j int) profile { return part[j] })
		v.pages[i] = &indexed
	}
	return profiles
}

func (v *View) indexMembers(slots []uint32) {
	var groups, spaces struct {
		numbers []int64
		slots   []uint32
	}
	c := newCell()
	mask := maskOf(roster.FieldGroups) | maskOf(roster.FieldSpaces)
	for _, slot := range slots {
		u := c.decode(v.rec(slot), mask)
		for _, n := range distinct(u.Groups) {
			groups.numbers, groups.slots = append(groups.numbers, n), append(groups.slots, slot)
		}
		for _, n := range distinct(roster.FieldSpaces.Numbers(u)) {
			spaces.numbers, spaces.slots = append(spaces.numbers, n), append(spaces.slots, slot)
		}
	}
	v.groups = makePairs(groups.numbers, groups.slots)
	v.spaces = makePairs(spaces.numbers, spaces.slots)
}

// distinct returns the numbers without repetitions; what is ascending is returned as it is.
func distinct(numbers []int64) []int64 {
	for i := 1; i < len(numbers); i++ {
		if numbers[i-1] >= numbers[i] {
			numbers = slices.Clone(numbers)
			slices.Sort(numbers)
			return slices.Compact(numbers)
		}
	}
	return numbers
}

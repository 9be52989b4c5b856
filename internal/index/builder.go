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
	deleted []roster.Deleted
}

// NewBuilder returns a builder without records. The views keep what users look like in forms, which may be nil.
func NewBuilder(forms *Forms) *Builder {
	return newBuilder(options{scanBelow: scanBelow, tail: tailMax, forms: forms})
}

func newBuilder(o options) *Builder {
	v := &View{
		options: o, dict: newDictionary(), groups: &pairs{}, spaces: &pairs{}, text: &texts{},
		masks: map[int64]int64{}, grants: &grants{}, pool: &sync.Pool{}, lanes: &lanes{}, extended: &atomic.Bool{},
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
	case roster.Deleted:
		b.deleted = append(b.deleted, e)
	case *roster.Webhook:
		v.webhooks = append(v.webhooks, e)
	}
}

// append puts a record into the next slot.
func (v *View) append(owner *edit, r rec) {
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
}

// Date says when the version was made that [Builder.View] is going to show.
func (b *Builder) Date(at roster.Time) { b.view.madeAt = at }

// View returns the view of what was added, at a version. The builder must not be used afterwards.
func (b *Builder) View(version roster.Version) *View {
	v := b.view
	b.view = nil
	if len(v.pages) > 0 {
		v.pages[len(v.pages)-1].trim()
	}
	v.setVersion(version)
	v.context = version
	v.trash, b.deleted = newTrash(b.deleted), nil
	slices.SortFunc(v.groupList, compareEntities)
	slices.SortFunc(v.spaceList, compareEntities)
	slices.SortFunc(v.roleList, compareEntities)
	slices.SortFunc(v.tokens, compareEntities)
	slices.SortFunc(v.invitations, compareEntities)
	slices.SortFunc(v.webhooks, compareEntities)
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
	v.masks, v.grants = map[int64]int64{}, &grants{}
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

// indexMembers notes who is in which groups and spaces.
func (v *View) indexMembers() {
	var groups, spaces members
	var access []roster.SpaceAccess
	var numbers []int64
	for slot := range v.slots() {
		r := v.rec(slot)
		for _, n := range distinct(r.groups()) {
			groups.add(n, slot)
		}
		if r.has(bitTexts + textLists) {
			access, numbers = unpackSpaces(access[:0], r.textAt(textLists)), numbers[:0]
			for _, space := range access {
				numbers = append(numbers, space.Number)
			}
			for _, n := range distinct(numbers) {
				spaces.add(n, slot)
			}
		}
	}
	v.groups, v.spaces, v.grants = makePairs(groups), makePairs(spaces), &grants{}
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

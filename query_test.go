package roster

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func queryUsers() []*User {
	return []*User{
		{
			ID: testID(1), Number: 1, Identifier: "ada", Email: "ada@example.com", Name: "Ada", Status: Active,
			UserType: SaasAdmin, Groups: []int64{1, 2}, CreatedAt: monday, Permissions: 5, Owner: true,
		},
		{
			ID: testID(2), Number: 2, Identifier: "bob", Email: "bob@example.com", Name: "bob", Status: Deactivated,
			UserType: SaasUser, Spaces: []SpaceAccess{{Number: 9}}, CreatedAt: tuesday, Permissions: 2,
		},
		{ID: testID(3), Number: 3, Identifier: "eve", Name: "Ève", Status: Invited, UserType: SaasUser, Groups: []int64{2}},
	}
}

func TestExpressions(t *testing.T) {
	t.Parallel()
	active := Cmp{Field: FieldStatus, Value: IntValue(int64(Active))}
	all, none := []int64{1, 2, 3}, []int64(nil)
	for name, tc := range map[string]struct {
		where Expr
		want  []int64
	}{
		"nothing":         {nil, all},
		"and of none":     {And{}, all},
		"or of none":      {Or{}, none},
		"equal":           {active, []int64{1}},
		"not":             {Not{active}, []int64{2, 3}},
		"and":             {And{Not{active}, Has{FieldGroups}}, []int64{3}},
		"or":              {Or{active, Has{FieldSpaces}}, []int64{1, 2}},
		"less":            {Cmp{FieldNumber, LT, IntValue(2)}, []int64{1}},
		"at most":         {Cmp{FieldNumber, LE, IntValue(2)}, []int64{1, 2}},
		"greater":         {Cmp{FieldNumber, GT, IntValue(2)}, []int64{3}},
		"at least":        {Cmp{FieldNumber, GE, IntValue(2)}, []int64{2, 3}},
		"text is folded":  {Cmp{FieldName, EQ, TextValue("BOB")}, []int64{2}},
		"accents count":   {Cmp{FieldName, EQ, TextValue("eve")}, none},
		"no value, less":  {Cmp{FieldCreatedAt, LT, TimeValue(tuesday)}, []int64{1}},
		"no value, more":  {Cmp{FieldCreatedAt, GE, TimeValue(monday)}, []int64{1, 2}},
		"no value, equal": {Cmp{FieldEmail, EQ, Value{}}, none},
		"has":             {Has{FieldEmail}, []int64{1, 2}},
		"has not":         {Not{Has{FieldCreatedAt}}, []int64{3}},
		"has a flag":      {Has{FieldOwner}, all},
		"flag":            {Cmp{FieldOwner, EQ, BoolValue(false)}, []int64{2, 3}},
		"in":              {In{FieldNumber, []Value{IntValue(3), IntValue(1), IntValue(8)}}, []int64{1, 3}},
		"in ids":          {In{FieldID, []Value{IDValue(testID(2))}}, []int64{2}},
		"in nothing":      {In{FieldNumber, nil}, none},
		"in, no value":    {In{FieldEmail, []Value{{}}}, none},
		"in groups":       {In{FieldGroups, []Value{IntValue(1), IntValue(9)}}, []int64{1}},
		"in spaces":       {In{FieldSpaces, []Value{IntValue(9)}}, []int64{2}},
		"bits":            {Bits{FieldPermissions, 6}, []int64{1, 2}},
		"one bit":         {Bits{FieldPermissions, 4}, []int64{1}},
		"no bits":         {Bits{FieldPermissions, 0}, none},
		"contains":        {Contains{FieldName, "EV"}, []int64{3}},
		"contains, none":  {Contains{FieldEmail, "eve"}, none},
		"contains empty":  {Contains{FieldEmail, ""}, all},
	} {
		q := Query{Where: tc.where}
		if err := q.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		page, total := q.Scan(slices.Values(queryUsers()))
		if diff := cmp.Diff(tc.want, numbersOf(page)); diff != "" || total != len(tc.want) {
			t.Errorf("%s: total %d, users (-want +got):\n%s", name, total, diff)
		}
	}
}

func numbersOf(users []*User) []int64 {
	var list []int64
	for _, u := range users {
		list = append(list, u.Number)
	}
	return list
}

func TestOrders(t *testing.T) {
	t.Parallel()
	e := Search{Text: "e", Fields: []Field{FieldName, FieldEmail}}
	ranks := make([]int64, len(statusNames))
	ranks[Deactivated] = -1
	for name, tc := range map[string]struct {
		q    Query
		want []int64
	}{
		"number":             {Query{}, []int64{1, 2, 3}},
		"number, descending": {Query{Sort: []Sort{{Field: FieldNumber, Desc: true}}}, []int64{3, 2, 1}},
		"folded":             {Query{Sort: []Sort{{Field: FieldName}}}, []int64{1, 2, 3}},
		"none last":          {Query{Sort: []Sort{{Field: FieldCreatedAt}}}, []int64{1, 2, 3}},
		"none first":         {Query{Sort: []Sort{{Field: FieldCreatedAt, Desc: true}}}, []int64{3, 2, 1}},
		"ties by number":     {Query{Sort: []Sort{{Field: FieldUserType}}}, []int64{1, 2, 3}},
		"ties as the key":    {Query{Sort: []Sort{{Field: FieldUserType, Desc: true}}}, []int64{3, 2, 1}},
		"second key": {
			Query{Sort: []Sort{{Field: FieldUserType}, {Field: FieldNumber, Desc: true}}}, []int64{1, 3, 2},
		},
		"ranks":           {Query{Sort: []Sort{{Field: FieldStatus, Ranks: ranks}}}, []int64{2, 1, 3}},
		"status by name":  {Query{Sort: []Sort{{Field: FieldStatus}}}, []int64{1, 2, 3}},
		"best first":      {Query{Search: Search{Text: "bob", Fields: []Field{FieldName, FieldEmail}}}, []int64{2}},
		"search and sort": {Query{Search: e, Sort: []Sort{{Field: FieldNumber, Desc: true}}}, []int64{3, 2, 1}},
		"search by score": {Query{Search: e}, []int64{3, 1, 2}},
		"offset":          {Query{Offset: 1}, []int64{2, 3}},
		"window":          {Query{Offset: 1, Limit: 1}, []int64{2}},
		"past the end":    {Query{Offset: 7, Limit: 1}, nil},
	} {
		if err := tc.q.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		page, total := tc.q.Scan(slices.Values(queryUsers()))
		if diff := cmp.Diff(tc.want, numbersOf(page)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if tc.q.Search.IsZero() && total != 3 {
			t.Errorf("%s: total %d, want 3", name, total)
		}
	}
}

func TestCompareIsATotalOrder(t *testing.T) {
	t.Parallel()
	var sortable []Field
	for _, info := range Fields() {
		if info.Sortable {
			sortable = append(sortable, info.Field)
		}
	}
	key := rapid.Custom(func(t *rapid.T) Sort {
		return Sort{Field: rapid.SampledFrom(sortable).Draw(t, "field"), Desc: rapid.Bool().Draw(t, "desc")}
	})
	rapid.Check(t, func(t *rapid.T) {
		q := Query{Sort: rapid.SliceOfN(key, 0, 3).Draw(t, "sort")}
		users := []*User{drawUser(t, 1), drawUser(t, 2), drawUser(t, 3)}
		for _, a := range users {
			for _, b := range users {
				if got, want := sign(q.Compare(a, b)), -sign(q.Compare(b, a)); got != want || (got == 0) != (a == b) {
					t.Errorf("Compare of %d and %d = %d, the other way round %d", a.Number, b.Number, got, -want)
				}
			}
		}
		slices.SortFunc(users, q.Compare)
		if q.Compare(users[0], users[2]) >= 0 {
			t.Errorf("Compare is not transitive")
		}
	})
}

func drawUser(t *rapid.T, number int64) *User {
	text := rapid.SampledFrom([]string{"", "a", "A", "é", "b"})
	at := rapid.SampledFrom([]Time{0, -1, monday, tuesday})
	return &User{
		ID: testID(uint64(number)), Number: number,
		Identifier: text.Draw(t, "identifier"), Email: text.Draw(t, "email"), Name: text.Draw(t, "name"),
		Status: Status(rapid.IntRange(0, 6).Draw(t, "status")), CreatedAt: at.Draw(t, "created"),
		UpdatedAt: at.Draw(t, "updated"), LastLoginAt: at.Draw(t, "login"),
	}
}

func TestQueryValidate(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		q     Query
		field string
	}{
		"negative offset":       {Query{Offset: -1}, ""},
		"negative limit":        {Query{Limit: -1}, ""},
		"sort by a set":         {Query{Sort: []Sort{{Field: FieldGroups}}}, "groups"},
		"sort by a phone":       {Query{Sort: []Sort{{Field: FieldNumber}, {Field: FieldPhone}}}, "phone"},
		"too few ranks":         {Query{Sort: []Sort{{Field: FieldStatus, Ranks: []int64{1}}}}, "status"},
		"ranks of a number":     {Query{Sort: []Sort{{Field: FieldNumber, Ranks: []int64{1}}}}, "number"},
		"search a phone":        {Query{Search: Search{Fields: []Field{FieldName, FieldPhone}}}, "phone"},
		"filter by a structure": {Query{Where: Has{FieldAvatar}}, "avatar"},
		"compare a structure":   {Query{Where: Cmp{Field: FieldSlack}}, "slack"},
		"compare a set":         {Query{Where: Cmp{Field: FieldSpaces}}, "spaces"},
		"in a structure":        {Query{Where: In{Field: FieldWorkTime}}, "work_time"},
		"bits of a text":        {Query{Where: Bits{Field: FieldName}}, "name"},
		"contains in a phone":   {Query{Where: Contains{Field: FieldPhone}}, "phone"},
		"inside and":            {Query{Where: And{Has{FieldName}, Has{FieldAvatar}}}, "avatar"},
		"inside or":             {Query{Where: Or{Has{FieldName}, Has{FieldAvatar}}}, "avatar"},
		"inside not":            {Query{Where: Not{Has{FieldAvatar}}}, "avatar"},
	} {
		err := tc.q.Validate()
		if e := AsError(err); CodeOf(err) != Invalid || e.Field != tc.field {
			t.Errorf("%s: %v, want the error %s of %q", name, err, Invalid, tc.field)
		}
	}
}

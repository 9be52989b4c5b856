package native

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
)

// What is picked of a list is what its documents say, whatever is asked for.
func TestAListIsWhatItsDocumentsSay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		jobs := rapid.SliceOfN(rapid.Custom(drawJob), 0, 12).Draw(t, "jobs")
		checkPick(t, jobColumns(), jobs)
	})
	rapid.Check(t, func(t *rapid.T) {
		tokens := rapid.SliceOfN(rapid.Custom(drawToken), 0, 12).Draw(t, "tokens")
		checkPick(t, tokenColumns(), tokens)
	})
}

func of[T any](t *rapid.T, values ...T) T { return rapid.SampledFrom(values).Draw(t, "value") }

func drawText(t *rapid.T) string { return of(t, "", "ada", "Ada", "adam", "Zoë", "an hour", "B") }

func drawTime(t *rapid.T) roster.Time {
	return of[roster.Time](t, 0, 1_700_000_000_000, 1_700_000_000_001, 1_800_000_000_000)
}

func drawID(t *rapid.T) roster.ID {
	return of(t, roster.ID{}, roster.ID{0: 1}, roster.ID{15: 1}, roster.ID{0: 0xff})
}

func drawJob(t *rapid.T) Job {
	j := Job{
		ID: drawID(t), Type: of(t, "import", "update", "undo"), State: of(t, "queued", "failed", "succeeded"),
		CreatedAt: drawTime(t), EndedAt: drawTime(t), ActorName: drawText(t), Reason: drawText(t), Progress: of(t, 0, 50, 100),
		Version: of[roster.Version](t, 0, 3, 4), Undoes: drawID(t),
	}
	j.Counts.Refused, j.Counts.Total = of(t, 0, 1, 2), of(t, 0, 1, 1000)
	if rapid.Bool().Draw(t, "import") {
		j.Import = &JobImport{Format: of(t, "jsonl", "csv"), DryRun: rapid.Bool().Draw(t, "dry run")}
	}
	if rapid.Bool().Draw(t, "failed") {
		j.Error = &JobError{Code: drawText(t)}
	}
	return j
}

func drawToken(t *rapid.T) Token {
	w := Token{
		ID: drawID(t), Name: drawText(t), Kind: of(t, roster.TokenKinds()...), ExpiresAt: drawTime(t), LastUsedAt: drawTime(t),
		Permissions: roster.Permissions{},
	}
	for range of(t, 0, 1, 2) {
		w.Permissions = append(w.Permissions, of(t, roster.UsersRead, roster.UsersWrite, roster.MetadataRead))
		w.Dialects = append(w.Dialects, of(t, "native", "kaiten"))
	}
	return w
}

// question is a test of one field, or several of them in parentheses with an operator between them.
type question struct {
	row       column
	op, value string
	of        []question
	join      string
	not       bool
}

func drawQuestion(t *rapid.T, c columns, depth int) question {
	q := question{not: rapid.Bool().Draw(t, "not")}
	if depth > 0 && rapid.Bool().Draw(t, "several") {
		q.join = of(t, "AND", "OR")
		for range of(t, 1, 2, 3) {
			q.of = append(q.of, drawQuestion(t, c, depth-1))
		}
		return q
	}
	q.row = of(t, c.rows...)
	q.op = of(t, "=", "!=", "<", "<=", ">", ">=")
	switch q.row.Type {
	case roster.TypeText:
		q.value = of(t, "ada", "ADA", "zoë", "b")
	case roster.TypeUUID:
		q.value = of(t, roster.ID{0: 1}, roster.ID{15: 1}).String()
	case roster.TypeTime:
		q.value = of(t, "2023-11-14T22:13:20Z", "2023-11-14T22:13:20.001Z")
	case roster.TypeEnum:
		q.op, q.value = of(t, "=", "!="), of(t, q.row.Enum...)
	case roster.TypeBool:
		q.op, q.value = of(t, "=", "!="), of(t, "true", "false")
	case roster.TypeTexts:
		q.op, q.value = ":", of(t, "users:read", "metadata:read")
		if q.row.Enum == nil {
			q.value = of(t, "native", "sixeye")
		}
	default:
		q.value = strconv.Itoa(of(t, 0, 1, 2, 3, 100))
	}
	if rapid.Bool().Draw(t, "null") {
		q.op, q.value = of(t, "=", "!="), "null"
	}
	return q
}

func (q question) String() string {
	text := q.row.Name + q.op + strconv.Quote(q.value)
	if q.value == "null" {
		text = q.row.Name + q.op + q.value
	}
	if q.of != nil {
		var parts []string
		for _, part := range q.of {
			parts = append(parts, part.String())
		}
		text = "(" + strings.Join(parts, " "+q.join+" ") + ")"
	}
	if q.not {
		return "NOT " + text
	}
	return text
}

// holds answers the question about a document.
func (q question) holds(doc map[string]any) bool {
	if q.of == nil {
		return q.test(doc) != q.not
	}
	is := func(part question) bool { return part.holds(doc) }
	if q.join == "OR" {
		return slices.ContainsFunc(q.of, is) != q.not
	}
	return !slices.ContainsFunc(q.of, func(part question) bool { return !is(part) }) != q.not
}

func (q question) test(doc map[string]any) bool {
	v := member0(q.row, doc)
	members, isSet := v.([]any)
	switch {
	case q.value == "null":
		none := v == nil || v == 0.0 || v == false || isSet && len(members) == 0
		return none == (q.op == "=")
	case isSet || q.row.Type == roster.TypeTexts:
		return slices.Contains(members, any(q.value))
	case v == nil:
		return q.op == "!="
	}
	by := compareValues(v, q.row, q.value)
	return map[string]bool{"=": by == 0, "!=": by != 0, "<": by < 0, "<=": by <= 0, ">": by > 0, ">=": by >= 0}[q.op]
}

// member0 returns a member of a document: nil for none, and zero for a number or a flag that is left out.
func member0(row column, doc map[string]any) any {
	outer, inner, nested := strings.Cut(row.Name, ".")
	if nested {
		of, ok := doc[outer].(map[string]any)
		if !ok {
			return nil
		}
		row.Name = inner
		return member0(row, of)
	}
	v, ok := doc[row.Name]
	switch {
	case ok && v != "":
		return v
	case row.Type == roster.TypeInt:
		return 0.0
	case row.Type == roster.TypeBool:
		return false
	default:
		return nil
	}
}

func compareValues(v any, row column, with string) int {
	switch row.Type {
	case roster.TypeText:
		return cmp.Compare(roster.Fold(v.(string)), roster.Fold(with))
	case roster.TypeTime:
		a, _ := time.Parse(time.RFC3339Nano, v.(string))
		b, _ := time.Parse(time.RFC3339Nano, with)
		return a.Compare(b)
	case roster.TypeBool:
		return cmp.Compare(fmt.Sprint(v), with)
	case roster.TypeEnum:
		return slices.Index(row.Enum, v.(string)) - slices.Index(row.Enum, with)
	case roster.TypeInt:
		n, _ := strconv.ParseFloat(with, 64)
		return cmp.Compare(v.(float64), n)
	default:
		return cmp.Compare(v.(string), with)
	}
}

func checkPick[W any](t *rapid.T, c columns, all []W) {
	asked, key := drawQuestion(t, c, 2), of(t, c.rows...)
	fields, _ := c.visible(roster.Operator().Permissions)
	where, err := fields.Parse(asked.String(), 0)
	if err != nil {
		t.Fatalf("%s: %v", asked, err)
	}
	q := choice{where: where}
	if desc := rapid.Bool().Draw(t, "desc"); key.Sortable {
		q.order = []roster.Sort{{Field: key.Field, Desc: desc}}
	}
	for _, row := range c.rows {
		if row.facet {
			q.facets = append(q.facets, row.FieldInfo)
		}
	}
	places := make([]int, len(all))
	for i := range places {
		places[i] = i
	}
	got, counts := pick(c, q, places, func(i int) W { return all[i] })
	want := wantedOf(t, q, key, asked, all)
	if diff := gocmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
		t.Errorf("%s by %s (-want +got):\n%s", asked, key.Name, diff)
	}
	if got, want := countsOf(counts), countedIn(t, c, want, all); gocmp.Diff(want, got) != "" {
		t.Errorf("%s: facets (-want +got):\n%s", asked, gocmp.Diff(want, got))
	}
}

// wantedOf returns the places of the records that a question holds of, in the order of a key.
func wantedOf[W any](t *rapid.T, q choice, key column, asked question, all []W) []int {
	var places []int
	docs := make([]map[string]any, len(all))
	for i := range all {
		docs[i] = docOf(t, all[i])
		if asked.holds(docs[i]) {
			places = append(places, i)
		}
	}
	if q.order == nil {
		return places
	}
	slices.SortStableFunc(places, func(a, b int) int {
		x, y := member0(key, docs[a]), member0(key, docs[b])
		switch {
		case x == nil || y == nil:
			return cmp.Compare(strconv.FormatBool(x == nil), strconv.FormatBool(y == nil))
		default:
			return compareValues(x, key, fmt.Sprint(y))
		}
	})
	if q.order[0].Desc {
		slices.Reverse(places)
	}
	return places
}

func docOf(t *rapid.T, e any) (doc map[string]any) {
	text, err := json.Marshal(e)
	if err == nil {
		err = json.Unmarshal(text, &doc)
	}
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func countsOf(counts tally) map[string]int {
	got := map[string]int{}
	for _, f := range counts.facets {
		for i := range counts.fields {
			if info := &counts.fields[i]; info.Field == f.Field {
				got[info.Name+" "+facetName(info, f.Value)] = f.Count
			}
		}
	}
	return got
}

// countedIn counts the values of some of the documents.
func countedIn[W any](t *rapid.T, c columns, places []int, all []W) map[string]int {
	want := map[string]int{}
	for _, i := range places {
		doc := docOf(t, all[i])
		for _, row := range c.rows {
			v := member0(row, doc)
			members, _ := v.([]any)
			switch {
			case !row.facet:
			case v == nil || row.Type == roster.TypeTexts && len(members) == 0:
				want[row.Name+" "]++
			case row.Type == roster.TypeTexts:
				slices.SortFunc(members, func(a, b any) int { return cmp.Compare(a.(string), b.(string)) })
				for _, m := range slices.Compact(members) {
					want[row.Name+" "+m.(string)]++
				}
			default:
				want[row.Name+" "+fmt.Sprint(v)]++
			}
		}
	}
	return want
}

// The guide has the table of every list.
func TestTheGuideHasEveryList(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../../docs/guides/filter.md")
	if err != nil {
		t.Fatal(err)
	}
	want := "| list | fields: searched ones are *slanted*, counted ones **bold** |\n|---|---|\n"
	for _, c := range allColumns() {
		want += c.guideRow()
	}
	if !strings.Contains(string(guide), want) {
		t.Errorf("docs/guides/filter.md lacks this table:\n%s", want)
	}
}

func allColumns() []columns {
	return []columns{
		groupColumns(), spaceColumns(), roleColumns(), tokenColumns(), invitationColumns(), webhookColumns(),
		deliveryColumns(), jobColumns(), orgColumns(), deletedOrgColumns(), deletedUserColumns(), deletedGroupColumns(),
		deletedSpaceColumns(), deletedRoleColumns(),
	}
}

func (c columns) guideRow() string {
	fields, _ := c.visible(roster.Operator().Permissions)
	var list []string
	for i, row := range fields.Table() {
		name, mark := row.Name, ""
		switch {
		case c.rows[i].Searchable:
			mark = "*"
		case c.rows[i].facet:
			mark = "**"
		}
		text := mark + "`" + name + "`" + mark + " " + row.Type
		if row.Needs != "" {
			text += " (needs " + string(row.Needs) + ")"
		}
		list = append(list, text)
	}
	return "| " + c.many + " | " + strings.Join(list, ", ") + " |\n"
}

// A secret, or what it is made of, is no field of any list, and nor is anything that a record does not show.
func TestNoListHasSecrets(t *testing.T) {
	t.Parallel()
	for _, c := range allColumns() {
		for _, row := range c.rows {
			if strings.Contains(row.Name, "secret") || strings.Contains(row.Name, "hash") {
				t.Errorf("%s can be asked for %s", c.many, row.Name)
			}
		}
	}
}

package roster

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The table of fields has a row for each member of User, by its JSON name and in its order.
func TestFieldsAreTheMembersOfUser(t *testing.T) {
	t.Parallel()
	var want, got []string
	for f := range reflect.TypeFor[User]().Fields() {
		name, _ := memberOf(f)
		want = append(want, name)
	}
	for i, info := range Fields() {
		if int(info.Field) != i {
			t.Errorf("row %d is about the field %d", i, info.Field)
		}
		got = append(got, info.Name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields (-members of User +table):\n%s", diff)
	}
}

// Each row reads the member that it is named after: with that member alone set, no other field has another value.
func TestFieldsReadTheirMembers(t *testing.T) {
	t.Parallel()
	users := reflect.TypeFor[User]()
	for _, info := range Fields() {
		var u, zero User
		member := reflect.ValueOf(&u).Elem().Field(int(info.Field))
		if ref := info.ref(&u); ref != member.Addr().Interface() {
			t.Errorf("the row %s refers to another member than %s", info.Name, users.Field(int(info.Field)).Name)
		}
		fill(member)
		for _, other := range Fields() {
			changed := other.Field.Value(&u) != other.Field.Value(&zero) ||
				!slices.Equal(other.Field.Numbers(&u), other.Field.Numbers(&zero))
			if want := other.Field == info.Field && info.Type != TypeStructure; changed != want {
				t.Errorf("with %s set, the value of %s has changed: %t, want %t", info.Name, other.Name, changed, want)
			}
		}
		if info.Searchable && info.Field.SearchText(&u) == info.Field.SearchText(&zero) {
			t.Errorf("with %s set, its search text is still %q", info.Name, info.Field.SearchText(&u))
		}
		if !info.Searchable && info.Type != TypeText && info.Field.SearchText(&u) != "" {
			t.Errorf("%s has the search text %q, want none", info.Name, info.Field.SearchText(&u))
		}
	}
}

// fill sets a member to something other than zero.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("Text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64:
		v.SetInt(2)
	case reflect.Uint8:
		v.SetUint(2)
	case reflect.Array:
		v.Index(0).SetUint(2)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Struct:
		fill(v.Field(0))
	default:
		panic("no value for " + v.Type().String())
	}
}

func TestFieldTypesFitTheirMembers(t *testing.T) {
	t.Parallel()
	kinds := map[FieldType][]reflect.Kind{
		TypeText: {reflect.String}, TypeUUID: {reflect.Array}, TypeInt: {reflect.Int64}, TypeMask: {reflect.Int64},
		TypeEnum: {reflect.Uint8}, TypeBool: {reflect.Bool}, TypeTime: {reflect.Int64}, TypeNumbers: {reflect.Slice},
		TypeStructure: {reflect.Struct, reflect.Slice, reflect.String},
	}
	users := reflect.TypeFor[User]()
	for _, info := range Fields() {
		member := users.Field(int(info.Field)).Type
		if !slices.Contains(kinds[info.Type], member.Kind()) {
			t.Errorf("%s has the type %d, but the member is a %s", info.Name, info.Type, member)
		}
		if (info.Type == TypeTime) != (member == reflect.TypeFor[Time]()) {
			t.Errorf("%s has the type %d, but the member is a %s", info.Name, info.Type, member)
		}
		if (info.Type == TypeEnum) != (info.Enum != nil) {
			t.Errorf("%s has the type %d and the values %q", info.Name, info.Type, info.Enum)
		}
		if info.Filterable != (info.Type != TypeStructure) {
			t.Errorf("%s can be filtered by: %t", info.Name, info.Filterable)
		}
		if info.Sortable && (info.Type == TypeNumbers || info.Type == TypeStructure) {
			t.Errorf("%s can be sorted by, but has no value", info.Name)
		}
	}
}

func TestFieldsOfThePages(t *testing.T) {
	t.Parallel()
	names := func(keep func(FieldInfo) bool) []string {
		var list []string
		for _, info := range Fields() {
			if keep(info) {
				list = append(list, info.Name)
			}
		}
		return list
	}
	for name, tc := range map[string]struct {
		keep func(FieldInfo) bool
		want []string
	}{
		"searchable": {
			func(i FieldInfo) bool { return i.Searchable },
			[]string{"id", "identifier", "email", "name", "description"},
		},
		"with a permission": {
			func(i FieldInfo) bool { return i.Needs == MetadataRead },
			[]string{"created_by", "updated_by"},
		},
		"read only": {func(i FieldInfo) bool { return i.ReadOnly }, []string{"permissions"}},
		"sets":      {func(i FieldInfo) bool { return i.Type == TypeNumbers }, []string{"groups", "spaces"}},
	} {
		if diff := cmp.Diff(tc.want, names(tc.keep)); diff != "" {
			t.Errorf("%s fields (-want +got):\n%s", name, diff)
		}
	}
}

func TestFieldByName(t *testing.T) {
	t.Parallel()
	for _, info := range Fields() {
		if f, ok := FieldByName(info.Name); !ok || f != info.Field || f.String() != info.Name {
			t.Errorf("FieldByName(%q) = %s, %t", info.Name, f, ok)
		}
	}
	if f, ok := FieldByName("password"); ok {
		t.Errorf("FieldByName of an unknown name = %s, want none", f)
	}
	table := Fields()
	table[FieldID].Name = "changed"
	if got := FieldID.String(); got != "id" {
		t.Errorf("the table was changed through Fields: id is called %s", got)
	}
}

func TestEnumerations(t *testing.T) {
	t.Parallel()
	for i, name := range Kinds() {
		testEnum(t, Kind(i), new(Kind), name)
	}
	for i, name := range Statuses() {
		testEnum(t, Status(i), new(Status), name)
	}
	for i, name := range UserTypes() {
		testEnum(t, UserType(i), new(UserType), name)
	}
	if got := Kind(200).String(); got != "?" {
		t.Errorf("an unknown kind is called %q, want ?", got)
	}
	if !slices.IsSorted(Statuses()) {
		t.Errorf("the statuses are not in the order of their names: %q", Statuses())
	}
}

func testEnum[E interface {
	~uint8
	String() string
	MarshalText() ([]byte, error)
}, P interface {
	*E
	UnmarshalText(text []byte) error
}](t *testing.T, value E, into P, name string) {
	t.Helper()
	text, err := value.MarshalText()
	if err != nil || string(text) != name || value.String() != name {
		t.Errorf("%T %d is called %s and %s, %v; want %s", value, value, value, text, err, name)
	}
	if err := into.UnmarshalText(text); err != nil || *into != value {
		t.Errorf("%q is read as %d, %v; want %d", text, *into, err, value)
	}
	if err := into.UnmarshalText([]byte("chair")); CodeOf(err) != Invalid || *into != value {
		t.Errorf("an unknown name is read as %d, %v; want the error %s", *into, err, Invalid)
	}
}

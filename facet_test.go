package roster

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScanFacets(t *testing.T) {
	t.Parallel()
	users := []*User{
		{Number: 1, Status: Active, Role: "Admin", Groups: []int64{3, 7}, Locked: true},
		{Number: 2, Status: Risky, Role: "admin", Groups: []int64{7}},
		{Number: 3, Status: Active},
		{Number: 4, Status: Invited, Groups: []int64{9}}, // does not match
	}
	q := Query{
		Where: Cmp{Field: FieldNumber, Op: LT, Value: IntValue(4)}, Offset: 2, Limit: 1, Sort: []Sort{{Field: FieldName}},
	}
	got := q.ScanFacets(slices.Values(users), FieldStatus, FieldRole, FieldGroups, FieldLocked)
	want := []Facet{
		{FieldStatus, IntValue(int64(Active)), 2},
		{FieldStatus, IntValue(int64(Risky)), 1},
		{FieldRole, TextValue("admin"), 2},
		{FieldRole, Value{}, 1},
		{FieldGroups, IntValue(3), 1},
		{FieldGroups, IntValue(7), 2},
		{FieldGroups, Value{}, 1},
		{FieldLocked, IntValue(0), 2},
		{FieldLocked, IntValue(1), 1},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Value{})); diff != "" {
		t.Errorf("ScanFacets (-want +got):\n%s", diff)
	}
}

func TestValidateFacets(t *testing.T) {
	t.Parallel()
	if err := ValidateFacets([]Field{FieldKind, FieldOwner, FieldSpaces, FieldAppsAccess}); err != nil {
		t.Errorf("fields of few values: %v", err)
	}
	for _, f := range []Field{FieldName, FieldNumber, FieldPermissions, FieldCreatedAt, FieldSlack} {
		err := ValidateFacets([]Field{FieldStatus, f})
		if e := AsError(err); CodeOf(err) != Invalid || e.Field != f.String() {
			t.Errorf("%s: %v, want the error %s of it", f, err, Invalid)
		}
	}
}

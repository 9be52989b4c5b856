package filter

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
)

// The ^ in a filter is no part of it: it stands before what is at fault.
func TestFaults(t *testing.T) {
	t.Parallel()
	comparators := "; possible: =, !=, <, <=, >, >="
	statuses := "; possible: " + strings.Join(roster.Statuses(), ", ")
	for marked, want := range map[string]string{
		// grammar
		`^)`:                     `at character 1: a field or a text must come here, not ")"`,
		`(ada^`:                  `at the end: the ( at character 1 is not closed`,
		`é (ada (b)^`:            `at the end: the ( at character 3 is not closed`,
		`(^)`:                    `at character 2: a field or a text must come here, not ")"`,
		`ada^)`:                  `at character 4: ) closes no (`,
		`(ada)^(b)`:              `at character 6: a space or the end must come here, not "("`,
		`"a"^"b"`:                `at character 4: a space or the end must come here, not "\""`,
		`name=a^=b`:              `at character 7: a space or the end must come here, not "="`,
		`ada^,bob`:               `at character 4: a space or the end must come here, not ","`,
		`status=(active^,risky)`: `at character 15: a space or the end must come here, not ","`,
		`^AND ada`:               `at character 1: a field or a text must come here, not the operator AND; the text is written in quotes`,
		`ada AND ^OR bob`:        `at character 9: a field or a text must come here, not the operator OR; the text is written in quotes`,
		`ada AND^`:               `at the end: a field or a text must come here`,
		`ada OR ^`:               `at the end: a field or a text must come here`,
		`NOT ^`:                  `at the end: a field or a text must come here`,
		`NOT ^NOT ada`:           `at character 5: a field or a text must come here, not the operator NOT; the text is written in quotes`,
		`NOT ^-ada`:              `at character 5: a field or a text must come here, not "-"`,
		`^--ada`:                 `at character 1: a term must come right after -; in quotes it is a text`,
		`Ada ^- Moreno`:          `at character 5: a term must come right after -; in quotes it is a text`,
		`^= 5`:                   `at character 1: a field or a text must come here, not "="`,
		`name =^`:                `at the end: a value must come here`,
		`name = ^)`:              `at character 8: a value must come here, not ")"`,
		`name = ^NOT a`:          `at character 8: a value must come here, not the operator NOT; the text is written in quotes`,
		`name = (^)`:             `at character 9: a value must come here, not ")"`,
		`name = (a OR phone^`:    `at the end: the ( at character 8 is not closed`,
		`"ada^`:                  `at the end: the " at character 1 is not closed`,
		`name = 'ada^`:           `at the end: the ' at character 8 is not closed`,
		`"ada\^`:                 `at the end: a string ends after a backslash`,
		`"a^\nb"`:                `at character 3: \n is no escape; possible: \\, \", \', \*`,
		`"é^\éb"`:                `at character 3: \é is no escape; possible: \\, \", \', \*`,
		`^"name" = a`:            `at character 1: the name of a field is not written in quotes`,
		`ada ^and bob`:           `at character 5: "and" is the operator AND only in capitals, and a text only in quotes`,
		`name = (a ^or b)`:       `at character 11: "or" is the operator OR only in capitals, and a text only in quotes`,
		`^Not ada`:               `at character 1: "Not" is the operator NOT only in capitals, and a text only in quotes`,
		`^""`:                    `at character 1: the empty text can't be looked for`,
		"ada ^\xff":              `at character 5: must be valid UTF-8`,
		`^regex(name)`:           `at character 1: there is no function "regex" here`,
		`name = ^lower(a)`:       `at character 8: there is no function "lower"; possible: ago`,
		`invited_at < ago(^)`:    `at character 18: a duration such as 30d must come here, not ")"`,
		`invited_at < ago(3d^`:   `at the end: a ) must come here`,

		// fields
		`^source.system = csv`:    `at character 1: source has no members that can be filtered by; possible: FIELDS`,
		`ada ^avatar:*`:           `at character 5: avatar can't be filtered by; possible: FIELDS`,
		`zoë ^emial = a`:          `at character 5: there is no field "emial" (did you mean email?); possible: FIELDS`,
		`^createdAt > 2026-01-01`: `at character 1: there is no field "createdAt" (did you mean created_at?); possible: FIELDS`,
		`^5 < number`:             `at character 1: there is no field "5"; possible: FIELDS`,
		`^a.b = 5`:                `at character 1: there is no field "a.b"; possible: FIELDS`,

		// comparators
		`status ^< risky`:     `at character 8: status can't be compared by <; possible: =, !=, :`,
		`owner ^>= true`:      `at character 7: owner can't be compared by >=; possible: =, !=, :`,
		`groups ^= 7`:         `at character 8: groups can't be compared by =; possible: :`,
		`groups ^!= (7 OR 8)`: `at character 8: groups can't be compared by !=; possible: :`,
		`phone^:555`:          `at character 6: phone can't be compared by :` + comparators,
		`email ^: null`:       `at character 7: null can't be compared by :; possible: =, !=`,
		`created_at ^> null`:  `at character 12: null can't be compared by >; possible: =, !=`,
		`name < ^ada*`:        `at character 8: * goes with =, != and :, not with <`,
		`name < ^*`:           `at character 8: * goes with =, != and :, not with <`,
		`name > ^""`:          `at character 8: the empty text goes with = and !=, not with >`,
		`name : ^""`:          `at character 8: the empty text goes with = and !=, not with :`,
		`status = ^act*`:      `at character 10: status is not compared with *; status:* asks for any value`,
		`number = ^*`:         `at character 10: number is not compared with *; number:* asks for any value`,
		`id = ^0a*`:           `at character 6: id can be asked only for a part, as in "*0a*"`,
		`name = ^"a*b"`:       `at character 8: * can stand only at the end, or at both ends, of a value`,
		`email = ^"*@x.org"`:  `at character 9: how a text ends can't be asked for, but a part of it, as in "*@x.org*"`,
		`phone = ^"*55*"`:     `at character 9: phone can be asked only for how it begins, as in "55*"`,
		`^*ada`:               `at character 1: how a text ends can't be asked for, but a part of it, as in "*ada*"`,
		`role = ^ago(3d)`:     `at character 8: role is not compared with an instant`,
		`permissions : ^6`:    `at character 15: 6 is not the value of one bit (1, 2, 4, 8 ...); ask for several by AND or OR, as in permissions:(1 OR 4)`,
		`permissions : ^0`:    `at character 15: 0 is not the value of one bit (1, 2, 4, 8 ...); ask for several by AND or OR, as in permissions:(1 OR 4)`,
		`apps_access : ^-1`:   `at character 15: -1 is not the value of one bit (1, 2, 4, 8 ...); ask for several by AND or OR, as in apps_access:(1 OR 4)`,

		// values
		`status = ^actve`:                            `at character 10: status is never "actve" (did you mean active?)` + statuses,
		`status = (risky OR ^Active)`:                `at character 20: status is never "Active" (did you mean active?)` + statuses,
		`status = ^"gone"`:                           `at character 10: status is never "gone"` + statuses,
		`user_type = ^admin`:                         `at character 13: user_type is never "admin"; possible: saas_admin, saas_user, saas_user_client`,
		`owner = ^yes`:                               `at character 9: owner is never "yes"; possible: false, true`,
		`owner = ^True`:                              `at character 9: owner is never "True" (did you mean true?); possible: false, true`,
		`number = ^ada`:                              `at character 10: number must be compared with an integer, not "ada"`,
		`number = ^1.5`:                              `at character 10: number must be compared with an integer, not "1.5"`,
		`number = ^9223372036854775808`:              `at character 10: number must be compared with an integer, not "9223372036854775808"`,
		`groups : ^admins`:                           `at character 10: groups must be compared with an integer, not "admins"`,
		`created_by = ^ada`:                          `at character 14: created_by must be compared with a UUID, not "ada"`,
		`created_by : ^0a`:                           `at character 14: created_by must be compared with a UUID, not "0a"`,
		`id = ^00000000-0000-0000-0000-000000000000`: `at character 6: this is the UUID of nothing; null asks for none`,
		`created_at > ^yesterday`:                    `at character 14: "yesterday" is not a date, a date-time such as 2026-03-01T00:00:00Z (RFC 3339) or ago(30d)`,
		`created_at > ^2026-02-30`:                   `at character 14: "2026-02-30" is not a date, a date-time such as 2026-03-01T00:00:00Z (RFC 3339) or ago(30d)`,
		`created_at > ^2026-02-01T10:00:00`:          `at character 14: "2026-02-01T10:00:00" is not a date, a date-time such as 2026-03-01T00:00:00Z (RFC 3339) or ago(30d)`,
		`created_at > ago(^30)`:                      `at character 18: "30" is not a duration such as 30d: a number and s, m, h, d or w, at most 3650000 days in all`,
		`created_at > ago(^-3d)`:                     `at character 18: "-3d" is not a duration such as 30d: a number and s, m, h, d or w, at most 3650000 days in all`,
		`created_at > ago(^1e3d)`:                    `at character 18: "1e3d" is not a duration such as 30d: a number and s, m, h, d or w, at most 3650000 days in all`,
		`created_at > ago(^3650001d)`:                `at character 18: "3650001d" is not a duration such as 30d: a number and s, m, h, d or w, at most 3650000 days in all`,
		`created_at > ago(^.5d)`:                     `at character 18: ".5d" is not a duration such as 30d: a number and s, m, h, d or w, at most 3650000 days in all`,
		`created_at > ago(^d)`:                       `at character 18: "d" is not a duration such as 30d: a number and s, m, h, d or w, at most 3650000 days in all`,
		`created_at > ^ago`:                          `at character 14: "ago" is not a date, a date-time such as 2026-03-01T00:00:00Z (RFC 3339) or ago(30d)`,
	} {
		want = strings.ReplaceAll(want, "FIELDS", strings.Join(Users(nil).names(filterable), ", "))
		testFault(t, marked, want, func(filter string) error {
			_, err := Parse(filter, nil, now)
			return err
		})
	}
}

// testFault tests that a text with a ^ before what is at fault fails there and with the message.
func testFault(t *testing.T, marked, message string, parse func(string) error) {
	t.Helper()
	before, after, _ := strings.Cut(marked, "^")
	err := parse(before + after)
	fault, ok := errors.AsType[*Error](err)
	if !ok {
		t.Errorf("%s: got %v, want an error", marked, err)
		return
	}
	if diff := cmp.Diff(message, roster.AsError(err).Message); diff != "" || fault.Offset != len(before) {
		t.Errorf("%s: the error is at byte %d, want %d; its message (-want +got):\n%s", marked, fault.Offset, len(before), diff)
	}
	if !strings.HasPrefix(after, fault.Found) || (fault.Found == "") != (after == "") {
		t.Errorf("%s: the error is about %q", marked, fault.Found)
	}
}

func TestErrorIsInvalid(t *testing.T) {
	t.Parallel()
	_, err := Parse("status = actve", nil, now)
	ours := roster.AsError(err)
	if ours.Code != roster.Invalid || ours.Field != "filter" || err.Error() != "filter: "+ours.Message {
		t.Errorf("the error is %+v and says %q", ours, err)
	}
	fault, _ := errors.AsType[*Error](err)
	want := Error{
		Param: "filter", Offset: 9, Column: 10, Found: "actve", Message: `status is never "actve"`, Meant: "active",
		Allowed: roster.Statuses(), Code: roster.NotAllowed,
	}
	if diff := cmp.Diff(want, *fault, cmp.AllowUnexported(Error{})); diff != "" {
		t.Errorf("the error (-want +got):\n%s", diff)
	}
	details := []roster.Detail{{
		Field: "filter", Message: ours.Message, Code: roster.NotAllowed, Allowed: roster.Statuses(), DidYouMean: "active",
	}}
	if diff := cmp.Diff(details, ours.Details); diff != "" {
		t.Errorf("the details (-want +got):\n%s", diff)
	}
	_, err = ParseOrder("nam", nil)
	if d := roster.AsError(err).Details[0]; d.Code != roster.Unknown || d.DidYouMean != "name" {
		t.Errorf("the detail is %+v, want %s and name", d, roster.Unknown)
	}
}

// A field that may not be seen is unknown just as one that does not exist: neither its name nor its values show.
func TestHiddenFieldsAreUnknown(t *testing.T) {
	t.Parallel()
	visible := func(f roster.Field) bool {
		return f != roster.FieldCreatedBy && f != roster.FieldName && f != roster.FieldSource
	}
	for _, pair := range [][2]string{
		{"created_by = " + idA, "created_xx = " + idA},
		{"created_by = ada", "created_xx = ada"},
		{"created_by < *", "created_xx < *"},
		{"source:*", "zource:*"},
		{"source.system = a", "zource.system = a"},
	} {
		_, hidden := Parse(pair[0], visible, now)
		_, absent := Parse(pair[1], visible, now)
		testUnknown(t, pair, hidden, absent)
	}
	_, hidden := ParseOrder("created_by", visible)
	_, absent := ParseOrder("created_xx", visible)
	testUnknown(t, [2]string{"created_by", "created_xx"}, hidden, absent)
	if _, err := Parse("created_bx = 1", visible, now); strings.Contains(err.Error(), "created_by") {
		t.Errorf("a hidden field is proposed: %v", err)
	}
	got, err := Parse("ada", visible, now)
	want := roster.Or{part(roster.FieldIdentifier, "ada"), part(roster.FieldEmail, "ada"), part(roster.FieldDescription, "ada")}
	if diff := cmp.Diff(roster.Expr(want), got, sameValue); diff != "" || err != nil {
		t.Errorf("a text alone: %v (-want +got)\n%s", err, diff)
	}
}

func testUnknown(t *testing.T, names [2]string, hidden, absent error) {
	t.Helper()
	field, _, _ := strings.Cut(strings.Fields(strings.ReplaceAll(names[0], ":", " "))[0], "=")
	other, _, _ := strings.Cut(strings.Fields(strings.ReplaceAll(names[1], ":", " "))[0], "=")
	if hidden == nil || absent == nil {
		t.Errorf("%q: got %v and %v, want errors", names, hidden, absent)
		return
	}
	if diff := cmp.Diff(strings.ReplaceAll(absent.Error(), other, field), hidden.Error()); diff != "" {
		t.Errorf("%q: the errors differ (-absent +hidden):\n%s", names, diff)
	}
}

// Of other records than users no test counts more because no index answers it.
func TestLimitsOfOtherRecords(t *testing.T) {
	t.Parallel()
	rows := []roster.FieldInfo{{Field: roster.FieldPhone, Name: "nick", Type: roster.TypeText, Filterable: true}}
	if _, err := Of("pets", rows).Parse(strings.Repeat("nick=a ", MaxTests), now); err != nil {
		t.Error(err)
	}
	if _, err := Of("pets", rows).Parse(strings.Repeat("nick=a ", MaxTests+1), now); roster.CodeOf(err) != roster.Invalid {
		t.Errorf("one test more than there can be: %v", err)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	const tooMuch = "the tests of a filter can count at most 100 together: one for a part of a text counts 4, one of a " +
		"field that users can be neither ordered nor counted by 10, any other 1"
	nested := func(n int) string { return strings.Repeat("(", n) + "ada" + strings.Repeat(")", n) }
	for name, tc := range map[string]struct{ fits, over, want string }{
		"bytes": {
			strings.Repeat("a", MaxBytes), strings.Repeat("a", MaxBytes-1) + "é",
			"at character 8192: must have at most 8192 bytes, not 8193",
		},
		"terms": {
			strings.Repeat("* ", MaxTerms), strings.Repeat("* ", MaxTerms) + "b",
			"at character 1001: a filter can have at most 500 values and texts",
		},
		"texts": {
			strings.Repeat("a ", MaxTests/4/partWork), strings.Repeat("a OR ", MaxTests/4/partWork) + "(b)",
			"at character 32: " + tooMuch,
		},
		"tests": {
			strings.Repeat("-groups:* ", MaxTests), strings.Repeat("(groups:*) ", MaxTests) + "groups=null ada",
			"at character 1101: " + tooMuch,
		},
		"tests, of one": {
			strings.Repeat("number=(1 OR 2) OR (permissions:1 OR groups:4) OR ", MaxTerms/4-1) + "role:*",
			strings.Repeat("(number=1 OR number>1) ", MaxTests/2) + "role=a",
			"at character 1151: " + tooMuch,
		},
		"tests that look at everybody": {
			strings.Repeat("phone=(a OR b) ", MaxTests/scanWork), strings.Repeat("-phone:* ", MaxTests/scanWork) + "kind=person",
			"at character 91: " + tooMuch,
		},
		"bits and values that do not": {
			strings.Repeat("own_permissions:1 ", MaxTests), strings.Repeat("role:* ", MaxTests-1) + "own_permissions=1",
			"at character 694: " + tooMuch,
		},
		"values": {
			"number=(" + strings.Repeat("1 OR ", MaxTerms-1) + "1)", "number=(" + strings.Repeat("1 OR ", MaxTerms) + "1)",
			"at character 2509: a filter can have at most 500 values and texts",
		},
		"depth":         {nested(MaxDepth), nested(MaxDepth + 1), "at character 51: at most 50 parentheses can be open at a time"},
		"depth, beside": {nested(MaxDepth) + " " + nested(MaxDepth), nested(MaxDepth) + " " + nested(MaxDepth+1), "at character 155: at most 50 parentheses can be open at a time"},
		"depth of values": {
			"name=" + nested(MaxDepth), "name=" + nested(MaxDepth+1),
			"at character 56: at most 50 parentheses can be open at a time",
		},
	} {
		if _, err := Parse(tc.fits, nil, now); err != nil {
			t.Errorf("%s: at the limit: %v", name, err)
		}
		if _, err := Parse(tc.over, nil, now); roster.CodeOf(err) != roster.Invalid || roster.AsError(err).Message != tc.want {
			t.Errorf("%s: above the limit: got %v, want %s", name, err, tc.want)
		}
	}
}

func TestQuoteIsShort(t *testing.T) {
	t.Parallel()
	if got, want := quote(strings.Repeat("a", 59)+"é"), `"`+strings.Repeat("a", 59)+`"...`; got != want {
		t.Errorf("quote of a long text = %s, want %s", got, want)
	}
}

func TestClosest(t *testing.T) {
	t.Parallel()
	names := []string{"created_at", "updated_at", "updated_by", "role", "kind", "name"}
	for found, want := range map[string]string{
		"creatd_at": "created_at", "updated_ta": "updated_at", "updated_bz": "updated_by", "CREATED_AT": "created_at",
		"rôle": "role", "roel": "role", "rule": "role", "rl": "", "mind": "kind", "": "", "created": "",
		strings.Repeat("a", MaxBytes): "",
	} {
		if got := closest(found, names); got != want {
			t.Errorf("closest(%q) = %q, want %q", found, got, want)
		}
	}
}

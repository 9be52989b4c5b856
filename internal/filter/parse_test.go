package filter

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
)

const (
	idA   = "01000000-0000-0000-0000-00000000000a"
	march = 1_772_323_200_000 // 2026-03-01T00:00:00Z in milliseconds
	day   = 24 * 60 * 60 * 1000
	now   = roster.Time(march + 10*day)
)

// The constructors of the expected expressions.

func textual(f roster.Field, op roster.CmpOp, s string) roster.Expr {
	return roster.Cmp{Field: f, Op: op, Value: roster.TextValue(s)}
}

func name(s string) roster.Expr { return textual(roster.FieldName, roster.EQ, s) }

func phone(s string) roster.Expr { return textual(roster.FieldPhone, roster.EQ, s) }

func bit(f roster.Field, mask int64) roster.Expr { return roster.Bits{Field: f, Mask: mask} }

func number(f roster.Field, op roster.CmpOp, n int64) roster.Expr {
	return roster.Cmp{Field: f, Op: op, Value: roster.IntValue(n)}
}

func created(op roster.CmpOp, ms int64) roster.Expr { return number(roster.FieldCreatedAt, op, ms) }

func status(s roster.Status) roster.Expr { return number(roster.FieldStatus, roster.EQ, int64(s)) }

func in(f roster.Field, numbers ...int64) roster.Expr {
	e := roster.In{Field: f}
	for _, n := range numbers {
		e.Values = append(e.Values, roster.IntValue(n))
	}
	return e
}

func not(e roster.Expr) roster.Expr { return roster.Not{Expr: e} }

func has(f roster.Field) roster.Expr { return roster.Has{Field: f} }

func part(f roster.Field, s string) roster.Expr { return roster.Contains{Field: f, Text: s} }

// anywhere is what a text alone stands for.
func anywhere(s string) roster.Expr {
	return roster.Or{
		part(roster.FieldIdentifier, s), part(roster.FieldEmail, s), part(roster.FieldName, s),
		part(roster.FieldDescription, s),
	}
}

var sameValue = cmp.Comparer(func(a, b roster.Value) bool { return a == b })

func TestParse(t *testing.T) {
	t.Parallel()
	all, id := roster.And{}, roster.IDValue(roster.MustParseID(idA))
	for filter, want := range map[string]roster.Expr{
		"":       nil,
		" \t\n ": nil,

		// operators and their precedence
		`name=a AND name=b`:              roster.And{name("a"), name("b")},
		`name=a name=b`:                  roster.And{name("a"), name("b")},
		` name = a  AND  name = b `:      roster.And{name("a"), name("b")},
		`name=a OR phone=b`:              roster.Or{name("a"), phone("b")},
		`name=a AND name=b OR phone=c`:   roster.And{name("a"), roster.Or{name("b"), phone("c")}},
		`name=a name=b OR phone=c`:       roster.And{name("a"), roster.Or{name("b"), phone("c")}},
		`(name=a AND name=b) OR phone=c`: roster.Or{roster.And{name("a"), name("b")}, phone("c")},
		`((name=a))`:                     name("a"),
		`( name=a )`:                     name("a"),
		`(name=a) (name=b)`:              roster.And{name("a"), name("b")},
		`(name=a AND name=b) name=c`:     roster.And{name("a"), name("b"), name("c")},
		`NOT name=a`:                     not(name("a")),
		`-name=a`:                        not(name("a")),
		`NOT(name=a)`:                    not(name("a")),
		`-(name=a name=b)`:               not(roster.And{name("a"), name("b")}),
		`NOT name != a`:                  name("a"),
		`NOT name=a OR phone=b`:          roster.Or{not(name("a")), phone("b")},
		`-name=a name=b`:                 roster.And{not(name("a")), name("b")},
		`name=(a OR b)`:                  roster.In{Field: roster.FieldName, Values: []roster.Value{roster.TextValue("a"), roster.TextValue("b")}},
		`name<(a AND b)`:                 roster.And{textual(roster.FieldName, roster.LT, "a"), textual(roster.FieldName, roster.LT, "b")},
		`name=( NOT a  -b )`:             roster.And{not(name("a")), not(name("b"))},
		`status!=(active OR risky)`:      not(in(roster.FieldStatus, int64(roster.Active), int64(roster.Risky))),
		`status=active OR status=risky`:  in(roster.FieldStatus, int64(roster.Active), int64(roster.Risky)),
		`groups:1 OR name=a OR groups:2`: roster.Or{in(roster.FieldGroups, 1, 2), name("a")},

		`number=1 OR (number=2 OR groups:3) OR number=4`: roster.Or{in(roster.FieldNumber, 1, 2, 4), in(roster.FieldGroups, 3)},
		`number>1 OR number>2`:                           roster.Or{number(roster.FieldNumber, roster.GT, 1), number(roster.FieldNumber, roster.GT, 2)},

		// texts alone
		`ada`:           anywhere("ada"),
		`"ada moreno"`:  anywhere("ada moreno"),
		`'ada'`:         anywhere("ada"),
		`Ada Moreno`:    roster.And{anywhere("Ada"), anywhere("Moreno")},
		`-ada`:          not(anywhere("ada")),
		`ada@x.org`:     anywhere("ada@x.org"),
		`O'Brien`:       anywhere("O'Brien"),
		`api-client`:    anywhere("api-client"),
		`hello!`:        anywhere("hello!"),
		`"and"`:         anywhere("and"),
		`true`:          anywhere("true"),
		`null`:          anywhere("null"),
		`status`:        anywhere("status"),
		`*ada*`:         anywhere("ada"),
		`"\*ada"`:       anywhere("*ada"),
		`*`:             all,
		`NOT *`:         not(all),
		`"a\"b\\c\'d"`:  anywhere(`a"b\c'd`),
		`a\b`:           anywhere(`a\b`),
		"ada\u00a0zoë":  roster.And{anywhere("ada"), anywhere("zoë")},
		"\"\ufffd\" ad": roster.And{anywhere("\ufffd"), anywhere("ad")},

		// texts
		`name = "Ada Moreno"`:    name("ada moreno"),
		`name : "Ada"`:           part(roster.FieldName, "Ada"),
		`name != Ada`:            not(name("ada")),
		`name < b`:               textual(roster.FieldName, roster.LT, "b"),
		`name <= b`:              textual(roster.FieldName, roster.LE, "b"),
		`name > b`:               textual(roster.FieldName, roster.GT, "b"),
		`name >= b`:              textual(roster.FieldName, roster.GE, "b"),
		`name = true`:            name("true"),
		`name = "or"`:            name("or"),
		`name = "null"`:          name("null"),
		`name = "*ada*"`:         part(roster.FieldName, "ada"),
		`name : *ada**`:          part(roster.FieldName, "ada"),
		`name = "a\*"`:           name("a*"),
		`name = "a\*b\**"`:       beginsWith(roster.FieldName, "a*b*"),
		`name = ada*`:            beginsWith(roster.FieldName, "ada"),
		`first_name != "A d*"`:   not(beginsWith(roster.FieldFirstName, "A d")),
		`timezone=Europe/Berlin`: textual(roster.FieldTimezone, roster.EQ, "Europe/Berlin"),
		`phone="+1 555"`:         textual(roster.FieldPhone, roster.EQ, "+1 555"),
		`email=a.b+c@x.org`:      textual(roster.FieldEmail, roster.EQ, "a.b+c@x.org"),

		// values and none
		`email:*`:       has(roster.FieldEmail),
		`email = *`:     has(roster.FieldEmail),
		`email:"*"`:     has(roster.FieldEmail),
		`-email:*`:      not(has(roster.FieldEmail)),
		`email = null`:  not(has(roster.FieldEmail)),
		`email != null`: has(roster.FieldEmail),
		`email = ""`:    not(has(roster.FieldEmail)),
		`email != ""`:   has(roster.FieldEmail),
		`email = (null OR a)`: roster.Or{
			not(has(roster.FieldEmail)), textual(roster.FieldEmail, roster.EQ, "a"),
		},
		`groups:*`:             has(roster.FieldGroups),
		`spaces = null`:        not(has(roster.FieldSpaces)),
		`created_at:*`:         has(roster.FieldCreatedAt),
		`created_by = null`:    not(has(roster.FieldCreatedBy)),
		`default_space:*`:      not(number(roster.FieldDefaultSpace, roster.EQ, 0)),
		`default_space = null`: number(roster.FieldDefaultSpace, roster.EQ, 0),
		`permissions:*`:        not(number(roster.FieldPermissions, roster.EQ, 0)),
		`owner:*`:              not(number(roster.FieldOwner, roster.EQ, 0)),
		`user_type:*`:          not(number(roster.FieldUserType, roster.EQ, 0)),
		`user_type = ""`:       number(roster.FieldUserType, roster.EQ, 0),
		`status:*`:             has(roster.FieldStatus),

		// everything else
		`id = ` + idA:                        roster.Cmp{Field: roster.FieldID, Value: id},
		`id : ` + idA:                        roster.Cmp{Field: roster.FieldID, Value: id},
		`id > "` + idA + `"`:                 roster.Cmp{Field: roster.FieldID, Op: roster.GT, Value: id},
		`id : 0a`:                            part(roster.FieldID, "0a"),
		`id = "*0a*"`:                        part(roster.FieldID, "0a"),
		`updated_by = ` + idA:                roster.Cmp{Field: roster.FieldUpdatedBy, Value: id},
		`status = active`:                    status(roster.Active),
		`status : "active"`:                  status(roster.Active),
		`status != active`:                   not(status(roster.Active)),
		`kind = api_client`:                  number(roster.FieldKind, roster.EQ, int64(roster.APIClient)),
		`owner = true`:                       number(roster.FieldOwner, roster.EQ, 1),
		`owner : false`:                      number(roster.FieldOwner, roster.EQ, 0),
		`number = 7`:                         number(roster.FieldNumber, roster.EQ, 7),
		`number : 7`:                         number(roster.FieldNumber, roster.EQ, 7),
		`number>=-7`:                         number(roster.FieldNumber, roster.GE, -7),
		`minutes_of_activity<60`:             number(roster.FieldMinutesOfActivity, roster.LT, 60),
		`apps_access = 6`:                    number(roster.FieldAppsAccess, roster.EQ, 6),
		`apps_access : 4`:                    bit(roster.FieldAppsAccess, 4),
		`permissions:(1 OR 4)`:               bit(roster.FieldPermissions, 5),
		`permissions:(1 AND 4)`:              roster.And{bit(roster.FieldPermissions, 1), bit(roster.FieldPermissions, 4)},
		`permissions:1 own_permissions:4`:    roster.And{bit(roster.FieldPermissions, 1), bit(roster.FieldOwnPermissions, 4)},
		`permissions:1 OR own_permissions:4`: roster.Or{bit(roster.FieldPermissions, 1), bit(roster.FieldOwnPermissions, 4)},
		`groups:7`:                           in(roster.FieldGroups, 7),
		`spaces:(3 OR 4)`:                    in(roster.FieldSpaces, 3, 4),

		// times
		`created_at >= 2026-03-01T00:00:00Z`:        created(roster.GE, march),
		`created_at : 2026-03-01T00:00:00Z`:         created(roster.EQ, march),
		`created_at<"2026-03-01T01:00:00.25+01:00"`: created(roster.LT, march+250),
		`created_at > 1970-01-01T00:00:00Z`:         created(roster.GT, 0),
		`created_at > 0001-01-01T00:00:00Z`:         created(roster.GT, time.Time{}.UnixMilli()),
		`created_at = 2026-03-01`:                   roster.And{created(roster.GE, march), created(roster.LE, march+day-1)},
		`created_at != 2026-03-01`:                  not(roster.And{created(roster.GE, march), created(roster.LE, march+day-1)}),
		`created_at < 2026-03-01`:                   created(roster.LT, march),
		`created_at <= 2026-03-01`:                  created(roster.LE, march+day-1),
		`created_at > 2026-03-01`:                   created(roster.GT, march+day-1),
		`created_at >= 2026-03-01`:                  created(roster.GE, march),
		`created_at < ago(10d)`:                     created(roster.LT, march),
		`created_at <= ago( 864000s )`:              created(roster.LE, march),
		`created_at < (ago(240h) OR ago(1w))`:       roster.Or{created(roster.LT, march), created(roster.LT, march+3*day)},
		`created_at < ago(1.5m)`:                    created(roster.LT, int64(now)-90_000),
		`created_at < ago(3650000d)`:                created(roster.LT, int64(now)-3650000*day),
	} {
		got, err := Parse(filter, nil, now)
		if err != nil {
			t.Errorf("%s: %v", filter, err)
			continue
		}
		if diff := cmp.Diff(want, got, sameValue); diff != "" {
			t.Errorf("%s (-want +got):\n%s", filter, diff)
		}
		if err := (roster.Query{Where: got}).Validate(); err != nil {
			t.Errorf("%s: %v", filter, err)
		}
	}
}

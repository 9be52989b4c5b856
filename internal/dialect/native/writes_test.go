package native_test

import (
	"testing"

	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/native"
)

// makes is why a write takes no If-Match that makes a record.
const makes = "there is no record yet that could have a tag"

// without says which writes take no parameter that all others do, and why.
func without() map[string]map[string]string {
	return map[string]map[string]string{
		"If-Match": {
			"createUser": makes, "createGroup": makes, "createSpace": makes, "createRole": makes, "createToken": makes,
			"createWebhook": makes, "createInvitation": makes, "createOrganization": makes,
			"batchUsers": "each item has if_match", "batchGetUsers": "it writes nothing",
			"import": "it is about many records", "importUsers": "it is about many records",
			"bulkUpdateUsers":  "it is about many records, and has if_version",
			"acceptInvitation": "who has the secret can't read the invitation",
		},
		"dry_run": {
			"batchGetUsers": "it writes nothing",
			"testWebhook":   "it is a trial itself, and changes nothing",
		},
		dialect.IdempotencyKey: {},
	}
}

// Every write can be tried, made conditional on what is there, and repeated, but where that means nothing.
func TestEveryWriteTakesWhatWritesTake(t *testing.T) {
	t.Parallel()
	found := 0
	for _, e := range native.New().Endpoints {
		if !e.IsWrite() && !e.Aside {
			continue
		}
		found++
		for name, exceptions := range without() {
			takes := e.Takes(dialect.Query, name) || e.Takes(dialect.Header, name)
			why, excepted := exceptions[e.ID]
			switch {
			case !takes && !excepted:
				t.Errorf("%s does not take %s", e.ID, name)
			case takes && excepted:
				t.Errorf("%s takes %s, which is to be an exception because %s", e.ID, name, why)
			}
		}
	}
	if found < 40 {
		t.Errorf("found %d writes", found)
	}
}

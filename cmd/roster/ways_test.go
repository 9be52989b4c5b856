package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// way is a way to an organization: a store of its own, or a server over one.
type way struct {
	t *testing.T
	// flags lead to the organization.
	flags []string
	// seen are the texts that differ from one organization to another, in the order in which they were seen, by what
	// stands for them, and kept those that a command named.
	seen map[string]string
	kept map[string]string
}

// random is what differs between two organizations that commands made alike: ids, secrets, tags and instants.
var random = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|rst_\w+|` +
	`"[A-Za-z0-9_-]{20}"|\d{4}-\d\d-\d\dT[0-9:.]+Z|\b[0-9a-f]{64}\b`)

func newWay(t *testing.T, flags ...string) *way {
	t.Helper()
	return &way{t: t, flags: flags, seen: map[string]string{}, kept: map[string]string{}}
}

// run runs a command line, in which {name} is what was kept, and returns what it printed without what differs.
func (w *way) run(line string) result {
	w.t.Helper()
	for name, value := range w.kept {
		line = strings.ReplaceAll(line, "{"+name+"}", value)
	}
	r := execute(w.t, append(strings.Split(line, "|"), w.flags...)...)
	return result{w.plain(r.stdout), w.plain(r.stderr), r.code}
}

// keep keeps the one thing that a command shows in the CSV column of a name.
func (w *way) keep(name, line string) {
	w.t.Helper()
	for known, value := range w.kept {
		line = strings.ReplaceAll(line, "{"+known+"}", value)
	}
	r := execute(w.t, append(strings.Split(line, "|"), w.flags...)...)
	w.kept[name] = strings.TrimSpace(r.stdout)
	if strings.Contains(line, "|csv") {
		_, record, _ := strings.Cut(r.stdout, "\n")
		w.kept[name], _, _ = strings.Cut(record, ",")
	}
	if r.code != 0 || w.kept[name] == "" {
		w.t.Fatalf("%s: exit code %d\n%s%s", line, r.code, r.stdout, r.stderr)
	}
}

func (w *way) plain(text string) string {
	text = random.ReplaceAllStringFunc(text, func(found string) string {
		if strings.HasSuffix(found, "Z") && !strings.HasPrefix(found, "rst_") {
			return "<time>"
		}
		if w.seen[found] == "" {
			w.seen[found] = fmt.Sprintf("<%d>", len(w.seen)+1)
		}
		return w.seen[found]
	})
	// Columns are as wide as what stands in them, which is as wide in both ways only before it is replaced.
	text = regexp.MustCompile(`(?m) +`).ReplaceAllString(text, " ")
	return byActor.ReplaceAllString(text, "")
}

// byActor is what tells of the token by which a server was reached: a store knows no author but the operator.
var byActor = regexp.MustCompile(`(?m)^(created|updated)_by <actor>\n|^made_by \{.*\}\n| by <actor>|` +
	`,"made_by":\{[^}]*\}|,?\n *"made_by": \{[^}]*\}|` +
	`,"(actor|token|created_by|updated_by)":"<actor>"|,?\n *"(actor|token|created_by|updated_by)": "<actor>"`)

// batchFile returns the name of a new file of lines.
func batchFile(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "writes.jsonl")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Every command does to a store what it does to a server, and prints the same.
func TestCommandsAreTheSameBothWays(t *testing.T) {
	t.Parallel()
	ways := [2]*way{}
	for i := range ways {
		store := "sqlite:" + filepath.Join(t.TempDir(), "roster.db")
		setUp := newWay(t, "--store", store)
		if r := setUp.run("org|create|--slug|acme"); r.code != 0 {
			t.Fatal(r.stderr)
		}
		setUp.keep("secret", "token|create|--org|acme|--name|operator|--permission|*|-o|csv")
		setUp.keep("actor", "token|list|--org|acme|-o|csv")
		ways[i] = newWay(t, "--store", store, "--org", "acme")
		if i == 1 {
			s := start(t, 1, "serve", "--addr", "127.0.0.1:0", "--store", store)
			t.Cleanup(func() { _ = s.stop() })
			ways[i] = newWay(t, "--url", s.urls["everything"], "--token", setUp.kept["secret"])
		}
		ways[i].seen[setUp.kept["actor"]] = "<actor>"
		ways[i].kept["writes"] = batchFile(t, `{"op":"create","user":{"email":"xi@example.com","name":"Xi"}}`,
			`{"op":"update","ref":"xi@example.com","patch":{"phone":"7"}}`, "", `{"op":"delete","ref":"number:4711"}`)
		ways[i].kept["nonsense"] = batchFile(t, "", `{"op":"create","usr":{}}`)
		ways[i].kept["invalid"] = batchFile(t, `{"op":"create","user":{"email":7}}`)
	}
	for _, step := range []struct {
		line string
		code int
		// want is a part of what is printed; keep is the name under which the first cell is kept instead.
		want, keep string
		// differs is set where a server knows more.
		differs bool
	}{
		{line: "user|create|--email|ada@example.com|--name|Ada|--role|admin", want: "email ada@example.com"},
		{line: "user|create|--email|bo@example.com|--name|Bo|-o|json|--reason|ticket 4711", want: `"name": "Bo"`},
		{line: "user|create|--email|cy@example.com|--name|Cy|--dry-run|-o|jsonl", want: "dry run: nothing was changed"},
		{line: "user|create|--email|ada@example.com|--name|Ada", code: 5, want: "email: is taken"},
		{line: "user|create|--email|ada@example.com|--shoe|44", code: 2, want: "unknown flag"},
		{line: "user|show|number:3", code: 3, want: "roster user list --search"},
		{line: "user|show|identifier:ada|-o|csv", want: "1,ada,ada@example.com,Ada,active"},
		{line: "user|show|1|--etag", want: "<"},
		{line: "user|show|1|--etag", keep: "tag"},
		{line: "user|update|1|--phone|+1|--if-match|{tag}", want: "phone +1"},
		{line: "user|update|1|--phone|+2|--if-match|{tag}", code: 5, want: "the user has changed: its entity tag is <"},
		{line: "user|update|1|--phone|+2|--if-match|nonsense", code: 2, want: "If-Match: must be * or entity tags"},
		{line: "user|update|1|--phone|+2|--dry-run", want: "phone +2"},
		{line: "user|update|1", code: 2, want: "there is nothing to change"},
		{line: "user|show|1", want: "phone +1"},
		{line: "user|suspend|ada|--reason|left for good", want: "status suspended"},
		{line: "user|suspend|ada|--reason|left\nfor good", code: 2, want: "reason: "},
		{line: "user|restore|ada|--dry-run", want: "status active"},
		{line: "user|restore|ada", want: "status active"},
		{line: "user|restore|nobody", code: 3, want: "there is no user"},
		{line: "user|create|--email|di@example.com|--name|Di|--idempotency-key|k1", want: "number 3"},
		{line: "user|create|--email|di@example.com|--name|Di|--idempotency-key|k1", want: "number 3"},
		{
			line: "user|create|--email|ed@example.com|--name|Ed|--idempotency-key|k1",
			code: 1, want: "the key was used before",
		},
		{line: "user|list|--order-by|name desc|-o|csv", want: "3,di,"},
		{line: "user|list|--limit|1|--page|2", want: "2 to 2 of 3 users"},
		{line: "user|list|--limit|1500", want: "ada@example.com"},
		{line: "user|list|--limit|0|--fields|number,email|-o|jsonl", want: `{"number":2,"email":"bo@example.com"}`},
		{line: "user|list|--fields|name,role", want: "NAME ROLE\nAda admin\nBo -\n"},
		{line: "user|list|--fields|shoe", code: 2, want: "--fields: there is no member"},
		{line: "user|list|--search|bo|--facets|status,role", want: "FIELD VALUE COUNT\nstatus active 1\nrole - 1\n"},
		{line: "user|list|--facets|phone", code: 2, want: "facets: must hold any of "},
		{line: "user|list|--filter|nam=x", code: 2, want: "--filter: at character 1: there is no field"},

		{line: "webhook|create|--name|Hook|--to|https://hook.invalid/x|--type|user|--dry-run", want: "name Hook"},
		{line: "webhook|create|--name|Hook|--to|ftp://x", code: 2, want: "url: must be an absolute http or https URL"},
		{
			line: "webhook|create|--name|Hook|--to|http://127.0.0.1:9|--enabled=false|-o|json",
			want: `"secret": "whsec_`, differs: true,
		},
		{line: "webhook|list|-o|csv", keep: "hook"},
		{line: "webhook|show|{hook}|-o|json", want: `"enabled": false`},
		{line: "webhook|update|{hook}|--name|Bell|--type|user,group", want: "name Bell"},
		{line: "webhook|update|{hook}|--permission|none", code: 2, want: "permissions"},
		{line: "webhook|rotate|{hook}|--keep|1h|--dry-run", want: "dry run"},
		{line: "webhook|rotate|{hook}", want: "secret whsec_", differs: true},
		{line: "webhook|test|{hook}|-o|json", code: 1, want: "an address that is not public", differs: true},
		{line: "webhook|replay|{hook}", code: 2, want: "the flag --since is required"},
		{line: "webhook|replay|{hook}|--since|100000", code: 2, want: "since: must be from 0 to "},
		{line: "webhook|replay|{hook}|--since|1", want: `"round":1`, differs: true},
		{line: "webhook|deliveries|{hook}", want: "ID VERSION STATE ATTEMPTS AT STATUS ERROR"},
		{
			line: "webhook|deliveries|{hook}|--state|lost",
			code: 2, want: "state: must be one of delivered, retrying, dead",
		},
		{line: "webhook|retry|{hook}|msg_1", code: 3, want: "; `roster webhook deliveries "},
		{line: "webhook|delete|{hook}", want: ""},
		{line: "webhook|show|{hook}", code: 3, want: "`roster webhook list` shows the ids"},
		{line: "webhook|show|x", code: 2, want: "the argument ID"},

		{line: "group|create|--name|Night shift|--permissions|4", want: "name Night shift"},
		{line: "group|create|--name|Day shift|--dry-run|-o|csv", want: "2,Day shift,0,<"},
		{line: "group|create", code: 2, want: "name: is required"},
		{line: "group|update|1|--permissions|6|-o|csv", want: "1,Night shift,6,<"},
		{line: "group|show|number:1|-o|json", want: `"permissions": 6`},
		{line: "group|get|1|-o|csv", want: "1,Night shift,6,<"},
		{line: "group|show|ada", code: 2, want: "the argument GROUP: must be a UUID or a number"},
		{line: "group|show|9", code: 3, want: "`roster group list` shows the groups"},
		{line: "group|list", want: "1 Night shift 6 <"},
		{line: "group|member|add|1|ada@example.com", want: "email ada@example.com"},
		{line: "group|member|add|1|bo@example.com|--dry-run", want: "dry run"},
		{line: "group|member|add|1|4711", code: 3, want: "there is no user"},
		{line: "group|member|list|1|-o|csv", want: "1,ada,ada@example.com,Ada,,<"},
		{line: "group|member|remove|1|ada@example.com", want: ""},
		{line: "group|member|remove|1|ada@example.com", code: 3, want: "remove the member: "},
		{line: "group|member|list|1|-o|json", want: "[]"},
		{line: "group|member|list|9", code: 3, want: "roster: list the members of the group: there is no group"},
		{line: "group|delete|1|--reason|no nights", want: ""},
		{line: "group|delete|1", code: 3, want: "there is no group"},
		{line: "deleted-group|list|-o|csv", want: "1,Night shift,6,<"},
		{line: "group|undelete|1", want: "name Night shift"},
		{line: "group|undelete|1", code: 3, want: "roster deleted-group list"},
		{line: "group|delete|1|--reason|no nights", want: ""},

		{line: "space|create|--title|Warehouse|--access|by_invite", want: "title Warehouse"},
		{line: "space|update|1|--archived|-o|csv", want: "1,Warehouse,by_invite,true,<"},
		{line: "space|member|add|1|bo|--role|writer|-o|csv", want: "2,bo,bo@example.com,Bo,writer,<"},
		{line: "space|member|add|1|bo|--role|king", code: 2, want: "role: must be one of reader, writer, manager"},
		{line: "space|member|list|1", want: "2 bo bo@example.com Bo writer <"},
		{line: "space|member|remove|1|bo", want: ""},
		{line: "space|show|1", want: "archived true"},
		{line: "space|list|-o|csv", want: "1,Warehouse,"},
		{line: "space|delete|1", want: ""},

		{line: "role|create|--handle|auditor|--name|Auditor|--counts-as|read_only", want: "handle auditor"},
		{line: "role|update|auditor|--name|Auditors|-o|csv", want: "auditor,Auditors,read_only,<"},
		{line: "role|show|handle:auditor", want: "name Auditors"},
		{line: "role|list", want: "4 auditor Auditors read_only <"},
		{line: "role|delete|admin", code: 5, want: "delete the role: "},
		{line: "role|delete|auditor", want: ""},

		{line: "invitation|create|--email|new@example.com|--name|New|--dry-run|-o|csv", want: "<"},
		{
			line: "invitation|create|--email|new@example.com|--name|New|--expires-in|72h|-o|json",
			want: `"status": "open"`,
		},
		{
			line: "invitation|create|--user|new@example.com|--name|New",
			code: 2, want: "--user names a user who is there",
		},
		{line: "invitation|list|--output|csv", keep: "invitation"},
		{line: "invitation|show|{invitation}", want: "status open"},
		{line: "invitation|resend|{invitation}|-o|json", want: `"secret": "<`},
		{line: "invitation|show|{invitation}", code: 3, want: "`roster invitation list` shows the ids"},
		{line: "invitation|create|--user|new@example.com|-o|csv", keep: "secret"},
		{line: "invitation|accept|{secret}", want: "status accepted"},
		{line: "invitation|accept|{secret}", code: 3, want: "accept the invitation: "},
		{line: "invitation|list|-o|csv", keep: "invitation"},
		{line: "invitation|delete|{invitation}", want: ""},
		{line: "invitation|list|-o|json", want: "[]"},

		{line: "token|create|--name|reports|--dry-run|-o|csv", want: "dry run"},
		{line: "token|create|--name|reports|--reason|new report|-o|csv", want: ",reports,account,active,users:read,"},
		{line: "token|list|-o|csv", want: ",reports,", differs: true}, // when its own token was used last
		{line: "org|update|--brand-name|Acme|--dry-run", want: "brand_name Acme"},
		{line: "org|update|--brand-name|Acme", want: "brand_name Acme"},
		{line: "org|update", code: 2, want: "there is nothing to change"},

		{line: "changes|tail|--types|group|--since|0|-o|json", want: `"name":"Night shift"`},
		{
			line: "changes|tail|--types|user|--since|0|--filter|status=suspended",
			want: "create user 1 ada@example.com entered",
		},
		{line: "changes|tail|--types|user|--since|0|--diff", want: `update user <`},
		{line: "changes|tail|--types|users", code: 2, want: "types: must hold any of"},
		{line: "changes|tail|--filter|created_at>ago(1d)", code: 2, want: "filter: can't be followed with ago()"},
		{line: "audit|list|--type|user|--limit|3|-o|csv", want: "update user <"},
		{line: "audit|show|2|-o|csv", want: "2,2,"},
		{line: "audit|show|0", code: 2, want: "SEQ must be the place of an entry"},
		{line: "audit|show|9999", code: 3, want: "there is no audit entry 9999"},
		{line: "audit|list|--type|group|-o|csv", want: "no nights"},
		{line: "audit|list|--since|24|--limit|50|-o|csv", want: "actor,reason,ops\n"},
		{line: "audit|list|--since|-1", code: 2, want: "--since and --until must not be negative"},
		{
			line: "audit|list|--until|2|--fields|seq,reason,ops.op|-o|jsonl",
			want: `{"seq":2,"ops":[{"op":"create"}]}`, differs: true,
		},
		{line: "audit|list|--fields|shoe", code: 2, want: `--fields: there is no member "shoe"`},
		{line: "audit|list|--since|x", code: 2, want: "invalid argument"},
		{line: "audit|verify|-o|json", want: `"whole": true`},
		{
			line: "user|bulk|--filter||--suspend|--dry-run",
			want: "of 4 users 4 would be changed, 0 deleted, 0 are so already",
		},
		{line: "user|bulk|--filter|number <= 2|--suspend|--dry-run|-o|json", want: `"updated": 2`},
		{
			line: "user|bulk|--filter|number <= 2|--suspend|--expect-changed|2|-o|csv",
			want: ",update,succeeded,100%,2,0,2,0,0,0,0,",
		},
		{line: "user|bulk|--filter|number <= 2|--suspend|--reason|leak|-o|csv", want: ",2,0,0,0,2,0,0,"},
		{
			line: "user|bulk|--filter|number <= 2|--restore|--if-version|3",
			code: 5, want: "if_version: the organization is at",
		},
		{
			line: "user|bulk|--filter|number <= 2|--restore|--expect-changed|9|-o|csv",
			code: 5, want: "expect_changed: 2 users",
		},
		{line: "user|bulk|--filter|status = suspended|--restore|-o|csv", keep: "job"},
		{line: "job|get|{job}|-o|csv", want: ",update,succeeded,"},
		{line: "user|update|1|--description|changed since"},
		{line: "job|undo|{job}|-o|csv", want: ",undo,succeeded,100%,2,0,1,0,0,0,1,"},
		{line: "job|undo|{job}", code: 5, want: "the job was undone already"},
		{line: "job|list|--fields|type,counts.total|-o|csv", want: "type,counts.total\nundo,"},
		{line: "job|list|--as-of|3", code: 2, want: "unknown flag: --as-of"},
		{line: "job|list|-o|csv", keep: "job"},
		{line: "job|rejects|{job}|-o|csv", want: ",1,conflict,,user 1 was changed since"},
		{
			line: "job|rejects|0190a000-0000-7000-8000-000000000001",
			code: 3, want: "list the rejects of the job: there is no",
		},
		{line: "user|bulk|--filter|number < 0|--suspend|-o|json", want: `"filter": "number < 0"`, differs: true},
		{line: "job|undo|{job}", code: 5, want: "an undo can't be undone"},
		{line: "job|cancel|{job}", code: 5, want: "the job has succeeded already"},
		{line: "job|resume|{job}", code: 5, want: "the job has succeeded already"},
		{line: "job|wait|{job}|-o|csv", want: ",undo,succeeded,"},
		{line: "job|list|-o|csv", want: ",undo,succeeded,"},
		{line: "job|delete|{job}", want: ""},
		{line: "job|get|{job}", code: 3, want: "there is no such job"},
		{line: "job|get|7", code: 2, want: "the argument JOB"},
		{line: "user|bulk|--filter||--restore|--suspend", code: 2, want: "exactly one of"},
		{line: "user|bulk|--restore", code: 2, want: "--filter: is required"},
		{line: "user|bulk|--filter|nam=x|--restore", code: 2, want: "--filter: at character 1"},
		{
			line: "user|bulk|--filter|number = 1|--patch|{\"language\":\"fr\"}|-o|csv",
			want: ",update,succeeded,100%,1,0,1,",
		},
		{line: "user|bulk|--filter|number = 1|--patch|[]", code: 2, want: "--patch: must be a JSON object"},
		{line: "user|bulk|--filter|number = 1|--add-to-group|99", code: 2, want: "there is no group"},
		{
			line: "export|csv|--filter|number = 1|--fields|number,phone,language",
			want: "number,phone,language\n1,'+1,fr\n",
		},
		{
			line: "export|jsonl|--filter|number <= 2|--order-by|name desc|--fields|name",
			want: "{\"name\":\"Bo\"}\n{\"name\":\"Ada\"}\n",
		},
		{line: "export|jsonl|--filter|nam=x", code: 2, want: "--filter: at character 1"},
		{line: "user|bulk|--filter||--restore|-o|csv", want: ",update,succeeded,"},
		{line: "user|delete|2|--dry-run", want: "dry run"},
		{line: "user|delete|2", want: ""},
		{line: "user|delete|2", code: 3, want: "there is no user"},
		{line: "user|create|--email|zoe@example.com|--name|Zoe|--number|70", want: "number 70"},
		{line: "user|delete|70|--reason|has left", want: ""},
		{line: "deleted-user|list|-o|csv", want: "70,zoe,zoe@example.com,Zoe,"},
		{line: "deleted-user|show|70", want: "zoe@example.com", differs: true},
		{line: "deleted-user|show|71", code: 3, want: "roster deleted-user list"},
		{line: "user|undelete|zoe@example.com|--dry-run", want: "number 70", differs: true},
		{line: "user|undelete|zoe@example.com", want: "number 70", differs: true},
		{line: "user|undelete|70", code: 3, want: "there is no deleted user"},
		{line: "user|erase|70", code: 2, want: "say --yes to erase 70"},
		{line: "user|erase|70|--yes|--dry-run", want: "dry run: nothing was changed"},
		{line: "user|erase|70|--yes|--reason|Zoe asked", want: ""},
		{line: "user|erase|70|--yes", code: 3, want: "there is no user"},
		{line: "user|list|--as-of|3|-o|csv", want: "number,"},
		{line: "user|list|--as-of|4|--fields|email|-o|jsonl", want: "ada@example.com"},
		{line: "user|list|--as-of|100000", code: 2, want: "as_of: must be from 1 to"},
		{line: "user|list|--as-of|yesterday", code: 2, want: "must be a version from 1 or"},
		{line: "export|csv|--as-of|4", want: "ada@example.com", differs: true},
		{line: "export|jsonl|--as-of|4|--fields|email,name", want: "ada@example.com"},
		{line: "changes|compare|3|5", want: "create user 2 bo@example.com"},
		{line: "changes|compare|5|3|-o|json|--types|user", want: `"op":"delete"`},
		{line: "changes|compare", code: 2, want: "needs the arguments FROM"},
		{line: "changes|compare|1|tomorrow", code: 2, want: "must be a version from 1 or"},
		{line: "user|show|1|--as-of|4|--fields|email,phone|-o|json", want: "{\n \"email\": \"ada@example.com\"\n}\n"},
		{line: "user|show|1|--fields|emial", code: 2, want: "there is no member \"emial\" (did you mean email?)"},
		{line: "group|list|--as-of|14|--fields|name,permissions", want: "NAME PERMISSIONS\nNight shift "},
		{line: "group|show|1|--as-of|14|--fields|name", want: "name Night shift"},
		{line: "group|show|1|--as-of|2", code: 3, want: "there is no group"},
		{line: "role|list|--as-of|2|--fields|handle|-o|csv", want: "handle\nadmin\nsupport\nread_only\n"},
		{line: "space|list|--as-of|2|-o|json", want: "[]"},
		{line: "token|list|--fields|name,status", want: "NAME STATUS\noperator active\nreports active\n"},
		{line: "token|list|--as-of|2|--fields|name|-o|csv", want: "name\noperator\n"},
		{
			line: "token|show|0190a000-0000-7000-8000-000000000001",
			code: 3, want: "find the token: there is no token", differs: true,
		},
		{line: "webhook|list|--as-of|2|-o|json", want: "[]"},
		{line: "invitation|list|--as-of|2|-o|json", want: "[]"},
		{line: "history|--fields|oldest_version|-o|csv", want: "oldest_version\n1\n"},
		{line: "history|-o|csv", want: "oldest_version,oldest_at,version,changes,bytes\n1,", differs: true},

		{line: "user|batch|{writes}", code: 3, want: "line 4: "},
		{line: "user|batch|{writes}|--each|--dry-run", code: 1, want: "dry run: nothing was changed"},
		{line: "user|show|xi@example.com", code: 3, want: "there is no user"},
		{line: "user|batch|{writes}|--each|-o|csv|--reason|ticket 7", code: 1, want: "\n2,200,"},
		{line: "user|show|xi@example.com", want: "phone 7"},
		{
			line: "user|batch|{writes}|--each|-o|jsonl", code: 1, differs: true, // the tags, as a store knows no author
			want: `{"line":1,"status":409,"error":{"code":"conflict","field":"user.email"`,
		},
		{line: "user|batch|{nonsense}", code: 2, want: "line 2: must be one JSON object with op, ref, user"},
		{line: "user|batch|{invalid}", code: 2, want: "line 1: email: must be"},
		{line: "user|batch|{writes}|--each|--atomic", code: 2, want: "do not go together"},
		{line: "user|get|ada@example.com|xi@example.com|-o|csv", want: "\n1,ada,"},
		{line: "user|get|1|4711|-o|csv", code: 3, want: "1 of 2 users are not there"},

		{line: "group|create|--name|Late shift"},
		{line: "group|member|add|2|1|--if-match|*", code: 5, want: "user 1 is no member of group 2"},
		{line: "group|member|add|2|1"},
		{line: "group|member|show|2|1|--etag", keep: "tag"},
		{line: "group|member|show|2|1|-o|csv", want: "1,ada,"},
		{line: `group|member|remove|2|1|--if-match|"none"`, code: 5, want: "the membership has changed: its entity tag is <"},
		{line: "group|member|remove|2|1|--if-match|{tag}"},
		{line: "invitation|create|--email|late@example.com|--name|Late|-o|csv", differs: true},
		{line: "invitation|list|-o|csv", keep: "invitation"},
		{line: "invitation|show|{invitation}|--etag", keep: "tag"},
		{line: "invitation|update|{invitation}|--expires-in|100h|--if-match|{tag}", want: "status open"},
		{line: "invitation|resend|{invitation}|--if-match|{tag}", code: 5, want: "the invitation has changed"},
		{line: "user|bulk|--filter|number = 1|--suspend|-o|csv", keep: "job"},
		{line: "job|get|{job}|--etag", keep: "tag"},
		{line: "job|undo|{job}|--dry-run|--if-match|{tag}", want: "of 1 users 1 would be changed, 0 deleted"},
		{line: `job|undo|{job}|--if-match|"none"`, code: 5, want: "the job has changed: its entity tag is <"},
		{line: "job|delete|{job}|--dry-run", want: "dry run"},
		{line: "job|undo|{job}|--if-match|{tag}|-o|csv", want: ",undo,succeeded,"},
		{line: "job|resume|{job}|--dry-run", code: 5, want: "the job has succeeded already"},
		{line: "webhook|create|--name|Late|--to|http://127.0.0.1:9|--enabled=false|-o|json", differs: true},
		{line: "webhook|list|-o|csv", keep: "hook"},
		{line: "webhook|replay|{hook}|--since|1|--dry-run", want: "dry run", differs: true},
		{line: `webhook|test|{hook}|--if-match|"none"`, code: 5, want: "the webhook has changed: its entity tag is <"},
	} {
		if step.keep != "" {
			ways[0].keep(step.keep, step.line)
			ways[1].keep(step.keep, step.line)
			continue
		}
		store, server := ways[0].run(step.line), ways[1].run(step.line)
		if diff := cmp.Diff(store, server, cmp.AllowUnexported(result{})); diff != "" && !step.differs {
			t.Errorf("%s (-store +server):\n%s", step.line, diff)
		}
		if step.code > 1 && strings.Contains(step.line, "list|") && store.stdout != "" {
			t.Errorf("%s is refused, and prints %s", step.line, store.stdout)
		}
		if store.code != step.code || !strings.Contains(store.stdout+store.stderr, step.want) {
			t.Errorf("%s ends with %d, want %d and %q in:\n%s%s", step.line, store.code, step.code, step.want,
				store.stdout, store.stderr)
		}
	}
}

package roster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// What a decoder makes of a document is what [DecodeEntity] does, whatever was decoded before.
func TestUserDecoder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var d UserDecoder
		for range 4 {
			doc, err := EncodeEntity(drawing{t, rapid.Bool().Draw(t, "kept")}.user())
			if err != nil {
				continue
			}
			if rapid.IntRange(0, 4).Draw(t, "broken") == 0 {
				doc = append(doc, rapid.SampledFrom([]string{"}", " ", `"`, "{}"}).Draw(t, "more")...)
			}
			want, wantErr := DecodeEntity(TypeUser, doc)
			got, err := d.Decode(string(doc))
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("%s: got error %v, want %v", doc, err, wantErr)
			}
			if err != nil {
				continue
			}
			if diff := cmp.Diff(want, Entity(got), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s (-DecodeEntity +got):\n%s", doc, diff)
			}
		}
	})
}

// A decoder takes no memory of its own for the users of an organization.
func TestUserDecoderReusesItsMemory(t *testing.T) {
	const doc = `{"id":"0198e723-c0bd-71fb-ba56-28eb8acc9984","number":501,"identifier":"rebeccawalker501",` +
		`"name":"Rebecca Walker","kind":"person","groups":[1,2,3],"spaces":[{"number":1,"role":"reader"}],` +
		`"whitelisted_ips":["10.0.0.0/8"],"created_at":"2025-08-26T16:08:56.765Z","work_time":{"a":[1,"b"]}}`
	var d UserDecoder
	got := testing.AllocsPerRun(100, func() {
		if _, err := d.Decode(doc); err != nil {
			t.Fatal(err)
		}
	})
	if got > 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

package roster

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
)

// Shown returns a copy of a record without what nobody is shown (secrets and their hashes, and the counters of an
// organization), without a token's last use, which is no part of its record, and without its authors where the
// permissions do not include [MetadataRead], nor the filter of a webhook that [Webhook.ShowsFilter] keeps back.
func Shown(e Entity, by Permissions) Entity {
	authors := by.Has(MetadataRead)
	switch was := e.(type) {
	case *Organization:
		o := *was
		o.Next = Numbers{}
		if !authors {
			o.DeletedBy = ID{}
		}
		return &o
	case *User:
		u := *was
		if !authors {
			u.CreatedBy, u.UpdatedBy = ID{}, ID{}
		}
		return &u
	case *Token:
		t := *was
		t.Hash, t.LastUsedAt = "", 0
		if !authors {
			t.CreatedBy = ID{}
		}
		return &t
	case Deleted:
		about := *was.About()
		if !authors {
			about.DeletedBy = ID{}
		}
		return newDeleted(Shown(was.Was(), by), MembersOf(was), about)
	case *Invitation:
		i := *was
		i.Hash = ""
		return &i
	case *Webhook:
		w := *was
		w.Secrets = nil
		if !authors {
			w.MadeBy = Sponsor{}
		}
		if !w.ShowsFilter(by) {
			w.Filter = ""
		}
		return &w
	default:
		return e
	}
}

// Tag returns the strong entity tag (RFC 9110, section 8.8.3), quotes included, of a record that is shown: a digest of
// its document, so that those who see less of a record have another tag, which tells nothing of what they do not see.
// The computed members of a user count. The tag of an organization ends in a dot and its version.
func Tag(shown Entity) string {
	version := ""
	if o, ok := shown.(*Organization); ok {
		bare := *o
		bare.Version, shown = 0, &bare
		version = "." + strconv.FormatInt(int64(o.Version), 10)
	}
	doc, err := EncodeEntity(shown)
	if err != nil {
		return "" // no number of a record that was decided on is without a JSON form
	}
	return tagOf(doc, version)
}

// tagOf returns a strong entity tag: a digest of a document, with what it ends in.
func tagOf(doc []byte, end string) string {
	const bytes = 15 // 20 characters
	sum := sha256.Sum256(doc)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:bytes]) + end + `"`
}

// expect is [ExpectTag] for a record as the principal sees it.
func (d *decider) expect(e Entity, tags []string) error {
	if tags == nil {
		return nil
	}
	filled, err := d.filled(e)
	if err != nil {
		return err
	}
	shown := Shown(filled, d.By.Permissions)
	return ExpectTag(tags, shown, Tag(shown), e.Key().Type.Words())
}

// ExpectTag fails with [PreconditionFailed] where what is shown, which words name, has a tag that is none of some, of
// which * is any. No tags ask for nothing. The version at the end of an organization's tag does not count: every change
// of any record makes another.
func ExpectTag(tags []string, shown any, tag, words string) error {
	want, _, _ := strings.Cut(tag, ".")
	for _, given := range tags {
		if given, _, _ = strings.Cut(given, "."); given == "*" || given == want {
			return nil
		}
	}
	if tags == nil {
		return nil
	}
	return &Error{
		Code: PreconditionFailed, Record: shown, Tag: tag,
		Message: "the " + words + " has changed: its entity tag is " + tag,
	}
}

// filled returns a record with its computed members.
func (d *decider) filled(e Entity) (Entity, error) {
	switch was := e.(type) {
	case *Organization:
		o := *was
		o.Version = d.Version()
		return &o, nil
	case *User:
		u := *was
		u.Permissions = u.OwnPermissions
		for _, number := range u.Groups {
			e, err := d.Find(TypeGroup, Keys{Number: number})
			if err != nil {
				return nil, err
			}
			if g, ok := e.(*Group); ok {
				u.Permissions |= g.Permissions
			}
		}
		return &u, nil
	default:
		return e, nil
	}
}

package index

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/roster-dev/roster"
)

// A record is a user in two arenas of its page. Its words are
//
//	presence, flags, one word for each number or instant that is not 0, and the count and numbers of the groups;
//
// its text is the lengths (uvarint) of the texts that are present and then their bytes. Presence has one bit for each
// word, one for the groups and one for each text, so that any of them is found by counting bits.
const (
	headWords = 2
	wordCount = 20
	wordApps  = wordCount - 1 // kept in the flags where it is small
	bitGroups = wordCount
	bitTexts  = bitGroups + 1
)

// The texts of a record: ids as 16 bytes, plain texts, lists, and folded forms where they differ from the form
// before.
const (
	textID = iota
	textCreatedBy
	textUpdatedBy
	textIdentifier
	textEmail
	textName
	textDescription
	textRole
	textPlain // the rest of the plain texts, without a name here
	textLists = textIdentifier + plainCount
	textFold  = textLists + listCount // identifier, e-mail, name under Fold, where not the text itself
	textBare  = textFold + foldCount  // those and description under FoldSearch, where not the form above
	textCount = textBare + bareCount
)

const (
	plainCount = 27
	listCount  = 3
	foldCount  = 3
	bareCount  = 4
)

// The flags: kind, status and user type in a byte each, nine booleans, the access to apps and the length of the
// lengths.
const (
	flagStatus   = 8
	flagUserType = 16
	flagBools    = 24
	flagApps     = 40
	flagLengths  = 48
	boolCount    = 9
	appsElsewhre = 255
)

// cell is a user with the addresses of its members in the order of the record, so that one cell serves many records.
type cell struct {
	user  roster.User
	words [wordCount]*int64
	texts [plainCount]*string
	ids   [3]*roster.ID
	bools [boolCount]*bool
	ahead uint64 // a use for what was read ahead

	// The lists of the user. reuses says that they are of no use any more once the next user is decoded.
	spaces              []roster.SpaceAccess
	channels, addresses []string
	reuses              bool
}

func newCell() *cell {
	c := &cell{}
	u := &c.user
	c.words = [...]*int64{
		&u.Number, &u.OwnPermissions, (*int64)(&u.EmailBlockedAt), (*int64)(&u.DeleteRequestedAt),
		(*int64)(&u.InvitedAt), (*int64)(&u.AccessTransfer.CreatedAt), (*int64)(&u.AccessTransfer.UpdatedAt),
		&u.UIVersion, (*int64)(&u.LastLoginAt), (*int64)(&u.LastActionAt), (*int64)(&u.LastSessionAt),
		(*int64)(&u.LastRequestAt), (*int64)(&u.NotificationsCheckedAt), &u.MinutesOfActivity, &u.EmailFrequency,
		&u.Slack.ID, &u.DefaultSpace, (*int64)(&u.CreatedAt), (*int64)(&u.UpdatedAt), &u.AppsAccess,
	}
	c.texts = [...]*string{
		&u.Identifier, &u.Email, &u.Name, &u.Description, &u.Role, &u.FirstName, &u.LastName, &u.Phone,
		&u.EmailBlockedReason, &u.AccessTransfer.Status, &u.Avatar.Type, &u.Avatar.InitialsURL, &u.Avatar.UploadedURL,
		&u.Initials, &u.Language, &u.Timezone, &u.Theme, &u.LastRequestMethod, (*string)(&u.EmailSettings),
		(*string)(&u.NotificationSettings), (*string)(&u.WorkTime), (*string)(&u.PersonalSettings),
		&u.Slack.PrivateChannelID, (*string)(&u.Slack.Settings), &u.PublicKey, &u.Source.System, &u.Source.ExternalID,
	}
	c.ids = [...]*roster.ID{&u.ID, &u.CreatedBy, &u.UpdatedBy}
	c.bools = [...]*bool{
		&u.Owner, &u.TenantAdmin, &u.TakesLicence, &u.Activated, &u.External, &u.Locked, &u.TemporarilyInactive,
		&u.TwoFactor, &u.TelegramSDBot,
	}
	return c
}

// The words of a record that have a name here, and the fields that the words and plain texts belong to.
const (
	wordNumber = 0
	wordOwn    = 1
)

func wordFields() [wordCount]roster.Field {
	return [...]roster.Field{
		roster.FieldNumber, roster.FieldOwnPermissions, roster.FieldEmailBlockedAt, roster.FieldDeleteRequestedAt,
		roster.FieldInvitedAt, roster.FieldAccessTransfer, roster.FieldAccessTransfer, roster.FieldUIVersion,
		roster.FieldLastLoginAt, roster.FieldLastActionAt, roster.FieldLastSessionAt, roster.FieldLastRequestAt,
		roster.FieldNotificationsCheckedAt, roster.FieldMinutesOfActivity, roster.FieldEmailFrequency,
		roster.FieldSlack, roster.FieldDefaultSpace, roster.FieldCreatedAt, roster.FieldUpdatedAt,
		roster.FieldAppsAccess,
	}
}

func textFields() [textLists + listCount]roster.Field {
	return [...]roster.Field{
		roster.FieldID, roster.FieldCreatedBy, roster.FieldUpdatedBy,
		roster.FieldIdentifier, roster.FieldEmail, roster.FieldName, roster.FieldDescription, roster.FieldRole,
		roster.FieldFirstName, roster.FieldLastName, roster.FieldPhone, roster.FieldEmailBlockedReason,
		roster.FieldAccessTransfer, roster.FieldAvatar, roster.FieldAvatar, roster.FieldAvatar, roster.FieldInitials,
		roster.FieldLanguage, roster.FieldTimezone, roster.FieldTheme, roster.FieldLastRequestMethod,
		roster.FieldEmailSettings, roster.FieldNotificationSettings, roster.FieldWorkTime,
		roster.FieldPersonalSettings, roster.FieldSlack, roster.FieldSlack, roster.FieldPublicKey,
		roster.FieldSource, roster.FieldSource,
		roster.FieldSpaces, roster.FieldNotificationChannels, roster.FieldWhitelistedIPs,
	}
}

// boolFields are the fields of the flags' booleans, in their order.
func boolFields() [boolCount]roster.Field {
	return [...]roster.Field{
		roster.FieldOwner, roster.FieldTenantAdmin, roster.FieldTakesLicence, roster.FieldActivated,
		roster.FieldExternal, roster.FieldLocked, roster.FieldTemporarilyInactive, roster.FieldTwoFactor,
		roster.FieldTelegramSDBot,
	}
}

// rec is one record: its words from the first one on, and its text from the first byte on.
type rec struct {
	words []uint64
	text  []byte
}

func (r rec) has(bit int) bool { return r.words[0]>>bit&1 != 0 }

// word returns a number or an instant, 0 where it is absent.
func (r rec) word(i int) int64 {
	present := r.words[0]
	if present>>i&1 == 0 {
		if i == wordApps {
			return int64(r.words[1] >> flagApps & 0xff)
		}
		return 0
	}
	return int64(r.words[headWords+bits.OnesCount64(present&(1<<i-1))]) //nolint:gosec // it was an int64
}

// groups returns the numbers of the groups, which share the record's memory.
func (r rec) groups() []int64 {
	if !r.has(bitGroups) {
		return nil
	}
	at := headWords + bits.OnesCount64(r.words[0]&(1<<bitGroups-1))
	n := r.words[at]
	//nolint:gosec // the words behind the count were int64s, which have the size and alignment of uint64
	return unsafe.Slice((*int64)(unsafe.Pointer(&r.words[at+1])), n)
}

// textAt returns a text, which shares the record's memory; "" where it is absent.
func (r rec) textAt(i int) string {
	if !r.has(bitTexts + i) {
		return ""
	}
	before := bits.OnesCount64(r.words[0] >> bitTexts & (1<<i - 1))
	at, from := 0, int(r.words[1]>>flagLengths&0xffff)
	for ; before > 0; before-- {
		n, size := length(r.text[at:])
		at, from = at+size, from+n
	}
	n, _ := length(r.text[at:])
	return view(r.text[from : from+n])
}

// folded returns identifier, e-mail or name (textIdentifier ...) under Fold.
func (r rec) folded(i int) string {
	if j := textFold + i - textIdentifier; j < textBare && r.has(bitTexts+j) {
		return r.textAt(j)
	}
	return r.textAt(i)
}

// bare returns identifier, e-mail, name or description under FoldSearch.
func (r rec) bare(i int) string {
	if j := textBare + i - textIdentifier; r.has(bitTexts + j) {
		return r.textAt(j)
	}
	return r.folded(i)
}

// bareAll writes identifier, e-mail, name and description under FoldSearch to out.
func (r rec) bareAll(out *[bareCount]string) {
	*out = [bareCount]string{}
	at, from := 0, int(r.words[1]>>flagLengths&0xffff)
	for left := r.words[0] >> bitTexts; left != 0; left &= left - 1 {
		n, size := length(r.text[at:])
		switch i := bits.TrailingZeros64(left); {
		case i >= textBare:
			out[i-textBare] = view(r.text[from : from+n])
		case i >= textFold:
			out[i-textFold] = view(r.text[from : from+n])
		case i >= textIdentifier && i <= textDescription:
			out[i-textIdentifier] = view(r.text[from : from+n])
		}
		at, from = at+size, from+n
	}
}

// length reads the length of a text and how many bytes it takes.
func length(b []byte) (n, size int) {
	if b[0] < 0x80 {
		return int(b[0]), 1
	}
	long, size := binary.Uvarint(b)
	return int(long), size //nolint:gosec // it was a length
}

// view returns b as a string that shares its memory; nothing ever writes to what a record lies in.
func view(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	return unsafe.String(&b[0], len(b)) //nolint:gosec // the bytes of an arena are never changed
}

package roster

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"net/mail"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// MaxObject is the largest length of an [Object] of settings in bytes.
const MaxObject = 16 << 10

// Validate puts a record's texts into the form in which they are kept and reports every rule that the record breaks
// on its own, without looking at others, as one [Invalid] error with a detail for each member at fault.
func Validate(e Entity) error {
	v := &validator{}
	if u, ok := e.(*User); ok {
		cleanMembers(v, "", userMembers, u)
	} else {
		v.texts("", reflect.ValueOf(e).Elem())
	}
	switch e := e.(type) {
	case *Organization:
		v.organization(e)
	case *User:
		v.user(e)
	case *Group:
		v.required("name", e.Name)
		v.mask("permissions", e.Permissions)
	case *Space:
		v.space(e)
	case *Role:
		v.role(e)
	case *Token:
		v.token(e)
	case *Invitation:
		v.check(!e.User.IsZero(), "user", "is required")
	case *Webhook:
		v.webhook(e)
	}
	if n := e.Keys().Number; n < 0 || n > MaxNumber {
		v.check(false, "number", "must be from 1 to %d", int64(MaxNumber))
	}
	return faultsError(v.faults)
}

type validator struct{ faults []Detail }

func (v *validator) check(ok bool, field, format string, args ...any) {
	if !ok {
		v.faults = append(v.faults, Detail{Field: field, Message: fmt.Sprintf(format, args...)})
	}
}

func (v *validator) required(field, text string) {
	if text == "" {
		v.faults = append(v.faults, Detail{Field: field, Code: Required, Message: "is required"})
	}
}

func (v *validator) mask(field string, mask int64) {
	v.check(mask >= 0 && mask <= MaxNumber, field, "must be a mask of bits from 0 to %d", int64(MaxNumber))
}

func (v *validator) oneOf(field, text string, allowed ...string) {
	if text != "" && !slices.Contains(allowed, text) {
		v.faults = append(v.faults, NotOneOf(field, text, allowed))
	}
}

// texts cleans every string in the record, but for keys in PEM, which have lines.
func (v *validator) texts(path string, s reflect.Value) {
	for i := range s.NumField() {
		name, _ := memberOf(s.Type().Field(i))
		switch field := s.Field(i); {
		case name == "public_key":
		case field.Type() == reflect.TypeFor[Object]():
			v.check(field.Len() <= MaxObject, join(path, name), "must have at most %d bytes", MaxObject)
		case field.Kind() == reflect.String:
			v.text(join(path, name), field)
		case field.Kind() == reflect.Struct:
			v.texts(join(path, name), field)
		case field.Kind() == reflect.Slice:
			v.elements(join(path, name), field)
		}
	}
}

func (v *validator) elements(path string, list reflect.Value) {
	for i := range list.Len() {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch element := list.Index(i); element.Kind() {
		case reflect.String:
			v.text(at, element)
			v.check(element.Len() > 0, at, "must not be empty")
		case reflect.Struct:
			v.texts(at, element)
		}
	}
}

func (v *validator) text(path string, field reflect.Value) {
	clean, err := CleanText(field.String())
	if err != nil {
		v.check(false, path, "%s", AsError(err).Message)
		return
	}
	field.SetString(clean)
}

// cleanMembers is texts without reflection.
func cleanMembers[T any](v *validator, path string, of members[T], record *T) {
	for i := range of {
		switch p := of[i].at(record).(type) {
		case *string:
			if name := of[i].name(); name != "public_key" {
				v.cleanText(path, name, p)
			}
		case *Object:
			if len(*p) > MaxObject {
				v.check(false, join(path, of[i].name()), "must have at most %d bytes", MaxObject)
			}
		case *[]string:
			v.cleanTexts(join(path, of[i].name()), *p)
		default:
			if !isEmpty(p) {
				v.cleanStructure(join(path, of[i].name()), p)
			}
		}
	}
}

func (v *validator) cleanStructure(path string, p any) {
	switch p := p.(type) {
	case *[]SpaceAccess:
		for i := range *p {
			cleanMembers(v, fmt.Sprintf("%s[%d]", path, i), spaceAccessMembers, &(*p)[i])
		}
	case *AccessTransfer:
		cleanMembers(v, path, accessTransferMembers, p)
	case *Avatar:
		cleanMembers(v, path, avatarMembers, p)
	case *Slack:
		cleanMembers(v, path, slackMembers, p)
	case *Source:
		cleanMembers(v, path, sourceMembers, p)
	}
}

func (v *validator) cleanText(path, name string, s *string) {
	clean, err := CleanText(*s)
	if err != nil {
		v.check(false, join(path, name), "%s", AsError(err).Message)
		return
	}
	*s = clean
}

func (v *validator) cleanTexts(path string, texts []string) {
	for i := range texts {
		at := fmt.Sprintf("%s[%d]", path, i)
		v.cleanText("", at, &texts[i])
		v.check(texts[i] != "", at, "must not be empty")
	}
}

func (v *validator) user(u *User) {
	v.required("name", u.Name)
	v.check(!strings.ContainsAny(u.Identifier, " \u00a0\u3000"), "identifier", "must not contain spaces")
	v.email(u)
	v.check(u.UserType <= SaasUserClient && u.Status <= Suspended && u.Kind <= APIClient, "kind", "is unknown")
	v.mask("own_permissions", u.OwnPermissions)
	v.check(slices.Contains([]int64{0, 1, 2, 4, 5, 6}, u.AppsAccess), "apps_access",
		"must be one of 0, 1, 2, 4, 5, 6, not %d", u.AppsAccess)
	v.check(u.UIVersion >= 0 && u.UIVersion <= 2, "ui_version", "must be 1 or 2, not %d", u.UIVersion)
	v.check(u.EmailFrequency >= 0 && u.EmailFrequency <= 2, "email_frequency",
		"must be 1 or 2, not %d", u.EmailFrequency)
	v.check(u.MinutesOfActivity >= 0, "minutes_of_activity", "must not be negative")
	v.oneOf("theme", u.Theme, "light", "dark", "auto")
	v.oneOf("avatar.type", u.Avatar.Type, "gravatar", "initials", "uploaded")
	v.oneOf("access_transfer.status", u.AccessTransfer.Status, "pending", "in_progress", "done", "failed")
	v.check(languageTag.MatchString(u.Language), "language", "must be a language tag such as en or pt-BR")
	v.check(u.Timezone == "" || timezoneName.MatchString(u.Timezone), "timezone",
		"must be a time zone name such as Europe/Berlin")
	v.memberships(u)
	v.prefixes("whitelisted_ips", u.WhitelistedIPs)
	if u.PublicKey != "" {
		u.PublicKey = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(u.PublicKey)
		_, err := ParsePublicKey(u.PublicKey)
		v.check(err == nil, "public_key", "must be a PEM block PUBLIC KEY with an RSA key")
	}
}

var (
	languageTag  = regexp.MustCompile(`^([A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*)?$`)
	timezoneName = regexp.MustCompile(`^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$`)
	slugLabel    = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	handleName   = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
)

func (v *validator) email(u *User) {
	if u.Email == "" {
		v.check(u.Kind != Person, "email", "is required for a person")
		return
	}
	if err := CheckEmail(u.Email); err != nil {
		v.check(false, "email", "%s", AsError(err).Message)
	}
}

// CheckEmail reports an address that is not of the form local@domain with the lengths of RFC 5321 (64, 255 and 254
// bytes in all) as [Invalid].
func CheckEmail(s string) error {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || !isPlainAddress(s, at) && !isAddress(s) {
		return Errorf(Invalid, "must be an e-mail address such as a@example.com, not %s", quote(s))
	}
	if at > 64 || len(s) > 254 {
		return Errorf(Invalid, "must have at most 64 bytes before the @ and 254 in all")
	}
	return nil
}

// isAddress reports whether s is an address as RFC 5322 has it, and nothing else.
func isAddress(s string) bool {
	parsed, err := mail.ParseAddress(s)
	return err == nil && parsed.Address == s
}

// isPlainAddress reports whether s is an address of nothing but letters, digits, hyphens and underscores with dots
// between them. at is where its last @ is.
func isPlainAddress(s string, at int) bool {
	dot := true // before i, or nothing
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
			dot = false
		case (c == '.' || i == at) && !dot:
			dot = true
		default:
			return false
		}
	}
	return !dot
}

func (v *validator) memberships(u *User) {
	slices.Sort(u.Groups)
	u.Groups = slices.Compact(u.Groups)
	slices.SortFunc(u.Spaces, func(a, b SpaceAccess) int { return int(a.Number - b.Number) })
	for i, s := range u.Spaces {
		twice := i > 0 && u.Spaces[i-1].Number == s.Number
		if !twice && (s.Role == "reader" || s.Role == "writer" || s.Role == "manager") { // AccessRoles, without a copy
			continue
		}
		at := fmt.Sprintf("spaces[%d]", i)
		v.check(!twice, at+".number", "names space %d twice", s.Number)
		v.required(at+".role", s.Role)
		v.oneOf(at+".role", s.Role, AccessRoles()...)
	}
}

func (v *validator) prefixes(field string, list []string) {
	for i, s := range list {
		_, err := ParsePrefix(s)
		v.check(err == nil, fmt.Sprintf("%s[%d]", field, i),
			"must be an IP address or a CIDR prefix such as 192.0.2.0/24, not %s", quote(s))
	}
}

// ParsePrefix reads an IP address, as the prefix of it alone, or a CIDR prefix.
func ParsePrefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, Errorf(Invalid, "%s is neither an IP address nor a CIDR prefix", quote(s))
	}
	return prefix, nil
}

// ParsePublicKey reads a PEM block "PUBLIC KEY" (PKIX) with an RSA key; anything else is [Invalid].
func ParsePublicKey(s string) (*rsa.PublicKey, error) {
	block, rest := pem.Decode([]byte(s))
	if block == nil || block.Type != "PUBLIC KEY" || strings.TrimSpace(string(rest)) != "" {
		return nil, Errorf(Invalid, "must be one PEM block PUBLIC KEY")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, Errorf(Invalid, "must be a PKIX public key")
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, Errorf(Invalid, "must be an RSA key, not %T", key)
	}
	return public, nil
}

func (v *validator) organization(o *Organization) {
	if o.IsInstance() {
		return // nobody writes it but ourselves
	}
	v.check(slugLabel.MatchString(o.Slug), "slug",
		"must be a DNS label: 1 to 63 lower-case letters, digits and inner hyphens, not %s", quote(o.Slug))
	v.required("name", o.Name)
	v.check(o.Number >= 1, "number", "must be from 1 to %d", int64(MaxNumber))
	for _, dialect := range slices.Sorted(maps.Keys(o.Contracts)) {
		c := o.Contracts[dialect]
		v.check(c == Documented || c == Live, "contracts."+dialect,
			"must be documented or live, not %s", quote(string(c)))
	}
	for _, dialect := range slices.Sorted(maps.Keys(o.Limits)) {
		l := o.Limits[dialect]
		v.check(l.Rate > 0 && l.Rate <= 1e6 && l.Burst >= 1 && l.Burst <= 1e6, "limits."+dialect,
			"must have a rate above 0 and a burst from 1, each at most 1000000")
	}
}

func (v *validator) space(s *Space) {
	v.required("title", s.Title)
	v.oneOf("access", s.Access, "by_invite", "for_everyone")
}

func (v *validator) role(r *Role) {
	v.check(handleName.MatchString(r.Handle), "handle",
		"must be 1 to 63 lower-case letters, digits, hyphens and underscores, not %s", quote(r.Handle))
	v.required("name", r.Name)
	builtIn := []string{RoleAdmin, RoleSupport, RoleReadOnly}
	if slices.Contains(builtIn, r.Handle) {
		v.check(r.CountsAs == "" || r.CountsAs == r.Handle, "counts_as", "must be absent for a built-in role")
		return
	}
	v.required("counts_as", r.CountsAs)
	v.oneOf("counts_as", r.CountsAs, builtIn...)
}

func (v *validator) token(t *Token) {
	v.required("name", t.Name)
	v.check(slices.Contains(TokenKinds(), t.Kind), "kind",
		"must be account, source or channel, not %s", quote(string(t.Kind)))
	v.permissions(t.Permissions)
	v.prefixes("allowed_ips", t.AllowedIPs)
}

func (v *validator) permissions(list Permissions) {
	for i, p := range list {
		if !slices.Contains(AllPermissions(), p) {
			v.faults = append(v.faults, NotOneOf(fmt.Sprintf("permissions[%d]", i), string(p), permissionNames()))
		}
	}
}

func permissionNames() []string {
	all := AllPermissions()
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = string(p)
	}
	return names
}

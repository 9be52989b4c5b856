package roster

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/big"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func newSecret(t interface{ Fatal(...any) }, random []byte) string {
	secret, err := NewSecret(bytes.NewReader(random))
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestNewSecret(t *testing.T) {
	t.Parallel()
	zero := "rst_" + strings.Repeat("0", 43)
	sum := string(base62(nil, binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(zero))), 6))
	if got := newSecret(t, make([]byte, 32)); got != zero+sum {
		t.Errorf("secret of zeros = %q, want %q", got, zero+sum)
	}
	if got := newSecret(t, bytes.Repeat([]byte{0xff}, 32)); len(got) != 4+43+6 || !WellFormedSecret(got) {
		t.Errorf("secret of ones = %q, want 53 characters, well formed", got)
	}
	broken := errors.New("no entropy")
	if _, err := NewSecret(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("NewSecret fails with %v, want %v", err, broken)
	}
}

func TestBase62(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "000", 9: "009", 10: "00A", 36: "00a", 61: "00z", 62: "010", 62*62*62 - 1: "zzz",
	} {
		if got := string(base62(nil, big.NewInt(n).Bytes(), 3)); got != want {
			t.Errorf("base62(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestBase62IsTheNumber(t *testing.T) {
	t.Parallel()
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.SliceOfN(rapid.Byte(), 0, 32).Draw(t, "number")
		want, got := new(big.Int).SetBytes(number), new(big.Int)
		for _, c := range base62([]byte("before"), number, 43)[len("before"):] {
			got.Mul(got, big.NewInt(62)).Add(got, big.NewInt(int64(strings.IndexByte(digits, c))))
		}
		if got.Cmp(want) != 0 {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestSecretsAreWellFormedUntilOneCharacterChanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := newSecret(t, rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "random"))
		if !WellFormedSecret(secret) {
			t.Fatalf("%q is not well formed", secret)
		}
		i := rapid.IntRange(0, len(secret)-1).Draw(t, "i")
		c := rapid.Byte().Filter(func(c byte) bool { return c != secret[i] }).Draw(t, "c")
		if wrong := secret[:i] + string([]byte{c}) + secret[i+1:]; WellFormedSecret(wrong) {
			t.Errorf("%q is well formed with character %d of %q changed", wrong, i, secret)
		}
		if WellFormedSecret(secret[:i]) || WellFormedSecret(secret+"0") {
			t.Errorf("%q is well formed with another length", secret)
		}
	})
}

func TestHashSecret(t *testing.T) {
	t.Parallel()
	if got, want := HashSecret("rst_x"), fmt.Sprintf("%x", sha256.Sum256([]byte("rst_x"))); got != want {
		t.Errorf("HashSecret = %s, want %s", got, want)
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	includes := map[Permission][]Permission{
		UsersRead:    {UsersRead, OrgsRead},
		UsersWrite:   {UsersRead, UsersWrite, OrgsRead},
		MetadataRead: {UsersRead, MetadataRead, OrgsRead},
		MembersAdmin: {UsersRead, MembersAdmin, OrgsRead},
		UsersErase:   {UsersErase},
		GroupsWrite:  {GroupsWrite},
		TokensWrite:  {TokensWrite},
		AuditRead:    {AuditRead},
		OrgsRead:     {OrgsRead},
		OrgsWrite:    {OrgsRead, OrgsWrite},
		Everything:   AllPermissions(),
	}
	for _, held := range AllPermissions() {
		want := map[Permission]bool{}
		for _, p := range includes[held] {
			want[p] = true
		}
		for _, p := range AllPermissions() {
			if got := (Permissions{held}).Has(p); got != want[p] {
				t.Errorf("%s has %s: %t, want %t", held, p, got, want[p])
			}
		}
	}
	if !Permissions(nil).Has("") || Permissions(nil).Has(UsersRead) {
		t.Error("the empty set must have nothing but \"\"")
	}
}

func TestPrincipalActorAndAuthor(t *testing.T) {
	t.Parallel()
	token, user := testID(1), testID(2)
	for _, tc := range []struct {
		by            Principal
		actor, author ID
	}{
		{Principal{Token: token, ActsAs: user}, token, user},
		{Principal{Token: token}, token, token},
		{Principal{ActsAs: user}, user, user},
		{Operator(), ID{}, ID{}},
	} {
		if got := tc.by.Actor(); got != tc.actor {
			t.Errorf("actor of %+v = %s, want %s", tc.by, got, tc.actor)
		}
		if got := tc.by.Author(); got != tc.author {
			t.Errorf("author of %+v = %s, want %s", tc.by, got, tc.author)
		}
	}
	if (Principal{}).Permissions.Has(UsersRead) {
		t.Error("the zero Principal may read users")
	}
}

package auth

import (
	"crypto/rsa"
	"crypto/sha256"
	"fmt"

	"github.com/roster-dev/roster"
)

// The sizes of RSA keys that count, in bits. Shorter ones can be broken, longer ones make verifying a burden.
const (
	minKeyBits = 2048
	maxKeyBits = 8192
)

// keyCache remembers parsed public keys by the SHA-256 of their text; only keys that count are in it.
type keyCache struct {
	keys *shards[[sha256.Size]byte, *rsa.PublicKey]
}

func newKeyCache() *keyCache {
	const capacity = 4096 // about 1 KB each
	return &keyCache{keys: newShards[[sha256.Size]byte, *rsa.PublicKey](capacity)}
}

// parse reads a PEM block PUBLIC KEY. Errors are [ErrKey].
func (c *keyCache) parse(pem string) (*rsa.PublicKey, error) {
	sum := sha256.Sum256([]byte(pem))
	sh := c.keys.of(sum)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if key, known := sh.entries[sum]; known {
		return key, nil
	}
	key, err := roster.ParsePublicKey(pem)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if bits := key.N.BitLen(); bits < minKeyBits || bits > maxKeyBits {
		return nil, fmt.Errorf("%w: %d bits", ErrKey, bits)
	}
	c.keys.put(sh, sum, key, func(*rsa.PublicKey) int64 { return 0 })
	return key, nil
}

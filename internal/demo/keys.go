package demo

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"math/big"
	"math/rand/v2"
	"sync"
)

const (
	keyCount  = 4 // the first one is the signing client's, the others are shared among the other API clients
	primeBits = 1024
	exponent  = 65537
)

// keyPair is an RSA key of 2048 bits and its public half as a PEM block "PUBLIC KEY".
type keyPair struct {
	private *rsa.PrivateKey
	public  string
}

// primeSteps are the steps from which the search for the two primes of each key sets out.
type primeSteps [keyCount][2]uint64

// firstSteps returns where the primes of seed 1 are, of which most generators are: the search takes half a second.
func firstSteps() primeSteps {
	return primeSteps{{1848, 826}, {314, 10}, {498, 434}, {580, 960}}
}

// firstKeys are the keys of seed 1.
var firstKeys = sync.OnceValue(func() []keyPair { return makeKeys(1, firstSteps()) })

// makeKeys makes the keys of a seed, each on its own goroutine from its own stream, so that their order of completion
// does not matter.
func makeKeys(seed uint64, from primeSteps) []keyPair {
	keys := make([]keyPair, keyCount)
	var wg sync.WaitGroup
	for i := range uint64(keyCount) {
		wg.Go(func() { keys[i] = makeKey(keyStream(seed, i), from[i]) })
	}
	wg.Wait()
	return keys
}

func keyStream(seed, i uint64) *rand.ChaCha8 {
	var b [32]byte
	binary.BigEndian.PutUint64(b[:], seed)
	binary.BigEndian.PutUint64(b[8:], streamKeys)
	binary.BigEndian.PutUint64(b[16:], i)
	return rand.NewChaCha8(b)
}

// makeKey does what rsa.GenerateKey refuses to do: to make the same key from the same stream.
func makeKey(random *rand.ChaCha8, from [2]uint64) keyPair {
	p := makePrime(random, from[0])
	q := makePrime(random, from[1])
	if p.Cmp(q) < 0 {
		p, q = q, p
	}
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: exponent},
		D:         new(big.Int).ModInverse(big.NewInt(exponent), phi),
		Primes:    []*big.Int{p, q},
	}
	key.Precompute()
	if err := key.Validate(); err != nil {
		panic(fmt.Errorf("validate a demo key: %w", err))
	}
	return keyPair{private: key, public: encodePublic(&key.PublicKey)}
}

// makePrime returns a prime p of 1024 bits with both upper bits set, so that a product of two has exactly 2048 bits,
// and with p-1 not divisible by the exponent: the first one from a step after a number from the stream.
func makePrime(random *rand.ChaCha8, from uint64) *big.Int {
	start := primeStart(random)
	return start.Add(start, new(big.Int).SetUint64(primeStep(start, from)))
}

// primeStart takes the number from a stream after which a prime is searched for.
func primeStart(random *rand.ChaCha8) *big.Int {
	b := make([]byte, primeBits/8)
	_, _ = random.Read(b) // never fails
	b[0] |= 0xc0
	b[len(b)-1] |= 1
	return new(big.Int).SetBytes(b)
}

// primeStep returns the first even step, not before from, that leads from start to a prime.
func primeStep(start *big.Int, from uint64) uint64 {
	const rounds = 10
	composite := newSieve(start)
	p, e, rest := new(big.Int), big.NewInt(exponent), new(big.Int)
	for step := from; ; step += 2 {
		if composite(step) {
			continue
		}
		p.Add(start, new(big.Int).SetUint64(step))
		if rest.Mod(p, e).Cmp(big.NewInt(1)) != 0 && p.ProbablyPrime(rounds) {
			return step
		}
	}
}

// newSieve returns a cheap test that tells most steps away from start that lead to no prime. start must be odd, and
// greater than the primes of the sieve.
func newSieve(start *big.Int) func(step uint64) bool {
	const limit = 1 << 11
	var primes, residues []uint64
	rest := new(big.Int)
	for n := int64(3); n < limit; n += 2 {
		if big.NewInt(n).ProbablyPrime(0) {
			primes = append(primes, uint64(n))
			residues = append(residues, rest.Mod(start, big.NewInt(n)).Uint64())
		}
	}
	return func(step uint64) bool {
		for i, p := range primes {
			if (residues[i]+step)%p == 0 {
				return true
			}
		}
		return false
	}
}

func encodePublic(key *rsa.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		panic(fmt.Errorf("encode a demo key: %w", err))
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

package auth

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
)

// checkDigest compares every SHA-256 and SHA-512 that the Digest header (RFC 3230) names with the body; other
// algorithms are ignored, but one of the two must be there. Errors are [ErrDigest].
func checkDigest(h http.Header, body []byte) error {
	checked := 0
	for _, line := range h.Values("Digest") {
		for instance := range strings.SplitSeq(line, ",") {
			known, equal := checkInstance(strings.Trim(instance, " \t"), body)
			if known && !equal {
				return fmt.Errorf("%w: the body has another one", ErrDigest)
			}
			if known {
				checked++
			}
		}
	}
	if checked == 0 {
		return fmt.Errorf("%w: no SHA-256 and no SHA-512", ErrDigest)
	}
	return nil
}

// checkInstance reads ALGORITHM=base64; known is false for an algorithm that is not ours.
func checkInstance(instance string, body []byte) (known, equal bool) {
	algorithm, text, _ := strings.Cut(instance, "=")
	var want []byte
	switch strings.ToUpper(algorithm) {
	case "SHA-256":
		sum := sha256.Sum256(body)
		want = sum[:]
	case "SHA-512":
		sum := sha512.Sum512(body)
		want = sum[:]
	default:
		return false, false
	}
	got, err := base64.StdEncoding.DecodeString(text)
	return true, err == nil && subtle.ConstantTimeCompare(got, want) == 1
}

func digestOf(body []byte) string {
	sum := sha256.Sum256(body)
	return "SHA-256=" + base64.StdEncoding.EncodeToString(sum[:])
}

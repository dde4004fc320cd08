// Package auth decides whether a key opens the API. It knows nothing of HTTP.
package auth

import (
	"crypto/sha256"
	"crypto/subtle"

	"carstock/pkg/settings"
)

// MinKeyLength is the fewest characters that a key may have.
const MinKeyLength = 16

// Key is a key that is known to be right, kept as its hash.
type Key struct{ sum [sha256.Size]byte }

// NewKey keeps a key.
func NewKey(key settings.Secret) Key { return Key{sha256.Sum256([]byte(key))} }

// Matches reports whether what a client has presented is the key. Hashes are compared, in constant
// time, so that neither the key's length nor how much of it was right can be told from the time.
func (k Key) Matches(presented string) bool {
	sum := sha256.Sum256([]byte(presented))
	return subtle.ConstantTimeCompare(k.sum[:], sum[:]) == 1
}

package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// minSecretLength is the smallest number of characters of a secret.
const minSecretLength = 16

// storedKey is a key that may open the API, stored as its hash.
type storedKey struct {
	name string
	sum  [sha256.Size]byte
	end  time.Time // when it expires; zero for never
}

// expired reports whether the key is no longer valid.
func (k storedKey) expired(now time.Time) bool { return !k.end.IsZero() && !now.Before(k.end) }

var (
	keyNamePattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	lastDayPattern = regexp.MustCompile(`@\d{4}-\d{2}-\d{2}$`)
)

const keyNameRule = "a key's name is 1 to 64 letters, digits, dots, hyphens or underscores"

// parseKey reads name=secret or name=sha256:HEX. The name ends at the first =. The error never quotes a secret.
func parseKey(entry string) (storedKey, error) {
	name, secret, ok := strings.Cut(entry, "=")
	k := storedKey{name: strings.TrimSpace(name)}
	if !ok || !keyNamePattern.MatchString(k.name) {
		return storedKey{}, errors.New("expected name=secret or name=sha256:HEX; " + keyNameRule)
	}
	if strings.ContainsAny(secret, ";,") { // in API_KEYS these separate keys, and in the file they probably should
		return storedKey{}, errors.New("a secret must not have a ; or a comma in it: write one key per line, or the " +
			"secret's hash as sha256:HEX")
	}

	var err error
	k.sum, k.end, err = parseSecret(strings.TrimSpace(secret))
	return k, err
}

// parseSecret reads what follows a key's name. A secret may contain an @: only a day at the very end is the key's last
// day. A text that begins with sha256: is a hash, never a secret.
func parseSecret(text string) (sum [sha256.Size]byte, end time.Time, err error) {
	// A key expires at the end of its last day, in UTC.
	if at := lastDayPattern.FindStringIndex(text); at != nil {
		day, err := time.Parse(time.DateOnly, text[at[0]+1:])
		if err != nil {
			return sum, end, fmt.Errorf("%s: there is no such day", text[at[0]:])
		}
		text, end = text[:at[0]], day.AddDate(0, 0, 1)
	}

	if prefix := "sha256:"; len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix) {
		b, err := hex.DecodeString(text[len(prefix):])
		if err != nil || len(b) != len(sum) {
			return sum, end, errors.New("expected 64 hexadecimal digits after sha256:, and after them at most a last day " +
				"such as @2027-01-31")
		}
		if sum = [sha256.Size]byte(b); sum == sha256.Sum256(nil) {
			return sum, end, errors.New("this is the hash of an empty text, and would accept a request without a key")
		}

		return sum, end, nil
	}

	// Anything else is the secret itself, which must fit into a header.
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return sum, end, errors.New("expected letters, digits and signs of ASCII, without spaces, as a header requires")
	}
	if n := len(text); n < minSecretLength {
		return sum, end, fmt.Errorf("%d characters: at least %d are needed; make a key with `carapi key new NAME` or "+
			"`openssl rand -hex 32`", n, minSecretLength)
	}

	return sha256.Sum256([]byte(text)), end, nil
}

// NewKey makes a key of 256 random bits, and the line to store, which holds the key's hash and not the key. The key is
// valid through the day until, or forever if that is zero.
func NewKey(name string, until time.Time) (secret, line string, err error) {
	if !keyNamePattern.MatchString(name) {
		return "", "", fmt.Errorf("%q: %s", name, keyNameRule)
	}

	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails

	secret = hex.EncodeToString(b)
	line = fmt.Sprintf("%s=sha256:%x", name, sha256.Sum256([]byte(secret)))
	if !until.IsZero() {
		line += "@" + until.Format(time.DateOnly)
	}

	return secret, line, nil
}

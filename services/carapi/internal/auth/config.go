// Package auth holds the keys that open the API, and decides whether what a client presents is one of them. It knows no
// HTTP.
package auth

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"carstock/pkg/settings"
)

// Config says which keys open the API. Its variables begin with API_ and may be combined.
type Config struct {
	Key      settings.Secret
	Keys     settings.Secret
	KeysFile string `split_words:"true"`

	keys *Keys // set by Validate
}

// Descriptions describes each variable, for settings.Describe.
func (*Config) Descriptions() map[string]string {
	return map[string]string{
		"API_KEY": "key that clients send as X-API-Key, at least 16 characters; its name in the log is default",
		"API_KEYS": "more keys: name=secret or name=sha256:HEX, with @2027-01-31 after it for a last day; " +
			"separated by ; or , or line breaks",
		"API_KEYS_FILE": "file of such keys, one per line; read again when it changes",
	}
}

// Validate reports every wrong variable, joined, and every wrong line of the file. It keeps the keys for Open.
func (c *Config) Validate() error {
	keys, err := readKeys(*c, time.Now)
	c.keys = keys
	return err
}

// Open returns the keys that Validate has read, and logs which have expired. Later, when the file has changed, it logs
// that, and whether it is wrong.
func (c *Config) Open(log *slog.Logger) *Keys {
	c.keys.startLogging(log)
	return c.keys
}

// fixedKeys returns the keys of the variables. If some are wrong, it returns the others and an error.
func (c *Config) fixedKeys() ([]storedKey, error) {
	var keys []storedKey
	var err error
	if c.Key != "" {
		k := storedKey{name: "default"}
		if k.sum, k.end, err = parseSecret(string(c.Key)); err != nil {
			err = fmt.Errorf("API_KEY: %w", err)
		} else {
			keys = append(keys, k)
		}
	}

	entries := strings.FieldsFunc(string(c.Keys), func(r rune) bool { return strings.ContainsRune(";,\r\n", r) })
	keys, listErr := addKeys(keys, entries, "API_KEYS: key")
	return keys, errors.Join(err, listErr)
}

// addKeys appends the keys of the entries, skipping blank lines and comments. The error counts every wrong entry by its
// number, and quotes none: if the = or the name is missing, what is in its place may be the secret.
func addKeys(keys []storedKey, entries []string, unit string) ([]storedKey, error) {
	var errs []error
	for i, entry := range entries {
		if entry = strings.TrimSpace(entry); entry == "" || entry[0] == '#' {
			continue
		}

		k, err := parseKey(entry)

		// A key must be the only one with its name and with its secret.
		for _, other := range keys {
			switch {
			case err != nil:
			case k.name == other.name:
				err = fmt.Errorf("another key has the name %s too (API_KEY has the name default)", k.name)
			case k.sum == other.sum:
				err = fmt.Errorf("the key %s has the same secret", other.name)
			}
		}

		if err != nil {
			errs = append(errs, fmt.Errorf("%s %d: %w", unit, i+1, err))
			continue
		}

		keys = append(keys, k)
	}

	return keys, errors.Join(errs...)
}

package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"carstock/pkg/settings"
)

// fileCheckInterval is how long a change of the file may go unnoticed.
const fileCheckInterval = time.Second

// Keys are the keys in force.
type Keys struct {
	fixed []storedKey // from variables
	path  string
	file  *settings.File // of path, if there is one
	log   *slog.Logger
	now   func() time.Time

	mu         sync.Mutex
	all        []storedKey // replaced as a whole, never changed
	isReadable bool        // whether the last check could read the file
	checkedAt  time.Time
}

// readKeys reads the keys of the variables and of the file. They log nothing before startLogging.
func readKeys(c Config, now func() time.Time) (*Keys, error) {
	fixed, err := c.fixedKeys()
	k := &Keys{
		fixed: fixed, path: c.KeysFile, file: settings.NewFile(c.KeysFile), log: slog.New(slog.DiscardHandler),
		now: now, all: fixed, checkedAt: now(),
	}
	if k.path != "" {
		_, fileErr := k.readFile()
		err = errors.Join(err, fileErr)
	}

	// Without a key, the API would be closed to all.
	switch {
	case err != nil:
		return nil, err
	case len(k.all) > 0:
		return k, nil
	case c.Keys == "" && c.KeysFile == "":
		return nil, errors.New("API_KEY: not set: make a key with `carapi key new NAME` or `openssl rand -hex 32`")
	}

	return nil, errors.New("API_KEYS, API_KEYS_FILE: there is no key in them: make one with `carapi key new NAME`")
}

// startLogging makes log the log of the keys, and warns of keys that have expired.
func (k *Keys) startLogging(log *slog.Logger) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.log = log
	k.warnOfExpired(k.all)
}

// Name returns the name of the key that a client presents, and whether it opens the API: an expired one does not. The
// name is empty if there is no such key.
// It compares the hashes of all keys in constant time, so that the time reveals neither the length of a key nor how
// much of it was right.
func (k *Keys) Name(presented string) (name string, ok bool) {
	sum, now := sha256.Sum256([]byte(presented)), k.now()
	for _, key := range k.currentKeys(now) {
		if subtle.ConstantTimeCompare(key.sum[:], sum[:]) == 1 {
			name, ok = key.name, !key.expired(now)
		}
	}
	return name, ok
}

// currentKeys returns all keys, after checking the file if the last check was a while ago.
func (k *Keys) currentKeys(now time.Time) []storedKey {
	k.mu.Lock()
	defer k.mu.Unlock()

	if k.path == "" || now.Sub(k.checkedAt) < fileCheckInterval {
		return k.all
	}

	k.checkedAt = now
	wasReadable := k.isReadable
	changed, err := k.readFile()
	switch {
	case err != nil && (changed || wasReadable): // log it once, not every second
		k.log.Warn("the file of keys is wrong; the keys that it had stay valid", "error", err)
	case err == nil && changed:
		k.log.Info("the file of keys has been read again", "file", k.path, "keys", len(k.all)-len(k.fixed))
	}

	return k.all
}

// readFile reads the file if it has changed. After an error the previous keys stay.
func (k *Keys) readFile() (changed bool, err error) {
	text, changed, err := k.file.Read()
	k.isReadable = err == nil
	if err != nil {
		return false, fmt.Errorf("API_KEYS_FILE: %w", err)
	}
	if !changed {
		return false, nil
	}

	all, err := addKeys(slices.Clone(k.fixed), strings.Split(string(text), "\n"), "API_KEYS_FILE: "+k.path+": line")
	if err != nil {
		return true, err
	}

	k.all = all
	k.warnOfExpired(all[len(k.fixed):])
	return true, nil
}

// warnOfExpired logs which keys have expired.
func (k *Keys) warnOfExpired(keys []storedKey) {
	now := k.now()
	for _, key := range keys {
		if key.expired(now) {
			lastDay := key.end.AddDate(0, 0, -1).Format(time.DateOnly)
			k.log.Warn("a key has expired", "key", key.name, "last_day", lastDay)
		}
	}
}

package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// checkInterval is how long a change of the file may go unnoticed.
const checkInterval = time.Second

// Keys are the keys in force.
type Keys struct {
	fixed []key // from variables
	path  string
	log   *slog.Logger
	now   func() time.Time

	mu        sync.Mutex
	all       []key       // replaced as a whole, never changed
	fileInfo  fs.FileInfo // the file as last read; nil after a failure
	checkedAt time.Time
}

// Open reads the keys. It logs expired keys and, later, a file that has become wrong.
func Open(c Config, log *slog.Logger) (*Keys, error) { return openKeys(c, log, time.Now) }

func openKeys(c Config, log *slog.Logger, now func() time.Time) (*Keys, error) {
	fixed, err := c.fixedKeys()
	k := &Keys{fixed: fixed, path: c.KeysFile, log: log, now: now, all: fixed, checkedAt: now()}
	k.warnOfExpired(fixed)

	if k.path != "" {
		_, fileErr := k.readFile()
		err = errors.Join(err, fileErr)
	}

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
func (k *Keys) currentKeys(now time.Time) []key {
	k.mu.Lock()
	defer k.mu.Unlock()

	if k.path == "" || now.Sub(k.checkedAt) < checkInterval {
		return k.all
	}

	k.checkedAt = now
	readable := k.fileInfo != nil
	changed, err := k.readFile()
	switch {
	case err != nil && (changed || readable): // log it once, not every second
		k.log.Warn("the file of keys is wrong; the keys that it had stay valid", "error", err)
	case err == nil && changed:
		k.log.Info("the file of keys has been read again", "file", k.path, "keys", len(k.all)-len(k.fixed))
	}

	return k.all
}

// readFile reads the file if it has changed. After an error the previous keys stay.
func (k *Keys) readFile() (changed bool, err error) {
	info, err := os.Stat(k.path)
	if err == nil && k.fileInfo != nil && os.SameFile(info, k.fileInfo) && info.Size() == k.fileInfo.Size() &&
		info.ModTime().Equal(k.fileInfo.ModTime()) {
		return false, nil
	}

	if err == nil && !info.Mode().IsRegular() { // a pipe can only be read once, and may block all requests
		err = fmt.Errorf("%s is no regular file", k.path)
	}

	var text []byte
	if err == nil {
		text, err = os.ReadFile(k.path)
	}

	if err != nil {
		k.fileInfo = nil // try again: becoming readable does not count as a change
		return false, fmt.Errorf("API_KEYS_FILE: %w", err)
	}

	k.fileInfo = info // from before reading, so a change meanwhile is noticed next time
	all, err := addKeys(slices.Clone(k.fixed), strings.Split(string(text), "\n"), "API_KEYS_FILE: "+k.path+": line")
	if err != nil {
		return true, err
	}

	k.all = all
	k.warnOfExpired(all[len(k.fixed):])
	return true, nil
}

func (k *Keys) warnOfExpired(keys []key) {
	now := k.now()
	for _, key := range keys {
		if key.expired(now) {
			k.log.Warn("a key has expired", "key", key.name, "last_day", key.end.AddDate(0, 0, -1).Format(time.DateOnly))
		}
	}
}

package auth

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carstock/pkg/settings"
)

const (
	secretA = "secret-of-a-0123456789"
	secretB = "secret@of=b#0123456789=="
)

func hashOf(secret string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(secret))) }

// clock is a time that tests can set.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func (c *clock) pass(d time.Duration) { c.t = c.t.Add(d) }

func newClock() *clock { return &clock{time.Date(2026, 6, 30, 12, 0, 0, 0, time.UTC)} }

func mustOpen(t *testing.T, c Config, clock *clock) (*Keys, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	k, err := readKeys(c, clock.now)
	if err != nil {
		t.Fatal(err)
	}
	k.startLogging(slog.New(slog.NewTextHandler(&log, nil)))

	return k, &log
}

// expect checks the caller of a presented key: a name, "name (expired)", or nothing.
func expect(t *testing.T, k *Keys, presented, want string) {
	t.Helper()
	got, ok := k.Name(presented)
	if got != "" && !ok {
		got += " (expired)"
	}

	if got != want || ok && got == "" {
		t.Errorf("%q: %q, %v; want %q", presented, got, ok, want)
	}
}

func write(t *testing.T, path string, lines ...string) {
	t.Helper()

	// A new file replaces the old one each time, as the documentation advises.
	if err := os.WriteFile(path+".new", []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}

	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestNames(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	write(t, file, "# partners", "", "  f = "+secretB+"f\r", "\t# one more", "g="+
		strings.ToUpper(hashOf("g-secret-g-secret"))+"@2026-06-30")

	k, _ := mustOpen(t, Config{
		Key: "key,of;API_KEY-01234567",
		Keys: settings.Secret("a=" + secretA + "; b=" + secretB + ",c=" + hashOf("c") + "\r\n\n d=" + secretA +
			"@2026-06-30@2026-07-01;e=" + secretA + "@2027-1-1;"),
		KeysFile: file,
	}, newClock())
	for presented, want := range map[string]string{
		"key,of;API_KEY-01234567": "default",
		secretA:                   "a",
		secretB:                   "b",
		"c":                       "c",
		secretA + "@2026-06-30":   "d",
		secretA + "@2027-1-1":     "e", // not a day, so part of the secret
		secretB + "f":             "f",
		"g-secret-g-secret":       "g",
		"":                        "",
		secretA + "x":             "",
		secretA[1:]:               "",
		strings.ToUpper(secretA):  "",
		"a=" + secretA:            "",
		hashOf("c"):               "",
		hashOf(secretA):           "",
		secretB + "f\r":           "",
		"# partners":              "",
	} {
		expect(t, k, presented, want)
	}
}

func TestWrongEntries(t *testing.T) {
	const hidden = "hunter2"
	for entry, want := range map[string]string{
		hidden:                                           "expected name=secret",
		hidden + hidden + hidden + "==":                  "1 characters: at least 16",
		"=" + hidden + hidden + hidden:                   "name is 1 to 64",
		"a b=" + hidden + hidden + hidden:                "name is 1 to 64",
		"ä=" + hidden + hidden + hidden:                  "name is 1 to 64",
		strings.Repeat("n", 65) + "=" + hidden:           "name is 1 to 64",
		"n=":                                             "0 characters: at least 16",
		"n=" + hidden:                                    "7 characters: at least 16",
		"n=" + hidden + "@2027-01-31":                    "7 characters: at least 16",
		"n=@2027-01-31":                                  "0 characters: at least 16",
		"n=" + hidden + " " + hidden + hidden:            "without spaces",
		"n=" + hidden + "ä" + hidden + hidden:            "of ASCII",
		"n=" + hidden + "\x00" + hidden + hidden:         "of ASCII",
		"n=" + hidden + hidden + hidden + "@2027-02-30":  "@2027-02-30: there is no such day",
		"n=" + hidden + hidden + hidden + " @2027-01-31": "without spaces",
		"n=sha256:" + hidden:                             "64 hexadecimal digits",
		"n=SHA256:" + strings.Repeat("0", 63):            "64 hexadecimal digits",
		"n=sha256:" + strings.Repeat("0", 66):            "64 hexadecimal digits",
		"n=sha256:" + strings.Repeat("g", 64):            "64 hexadecimal digits",
		"n=" + hashOf(hidden) + "@2027-1-31":             "at most a last day",
		"n=" + hashOf(hidden) + "@soon":                  "at most a last day",
		"n=" + hashOf(""):                                "hash of an empty text",
		"default=" + secretB:                             "another key has the name default",
		"n=" + secretA:                                   "the key default has the same secret",
		"n=" + hashOf(secretA):                           "the key default has the same secret",
	} {
		file := filepath.Join(t.TempDir(), "keys")
		write(t, file, "first=0123456789abcdef", entry, "# "+entry)

		for name, c := range map[string]Config{
			"API_KEYS: key 2: ":                     {Key: secretA, Keys: settings.Secret("first=0123456789abcdef; " + entry)},
			"API_KEYS_FILE: " + file + ": line 2: ": {Key: secretA, KeysFile: file},
		} {
			err := c.Validate()
			if err == nil || !strings.HasPrefix(err.Error(), name) || !strings.Contains(err.Error(), want) ||
				strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: %v; want %s...%s", entry, err, name, want)
			} else if strings.Contains(err.Error(), hidden) {
				t.Errorf("%q: the secret is shown: %v", entry, err)
			}
		}
	}
}

func TestMistakes(t *testing.T) {
	dir := t.TempDir()
	file, empty := filepath.Join(dir, "keys"), filepath.Join(dir, "empty")
	write(t, file, "a=short", "b="+secretB+";c="+secretA, "d="+secretA, "d="+secretB, "e="+secretA)
	write(t, empty, "# nobody", "")

	for name, test := range map[string]struct {
		c    Config
		want []string // each is a line of the error
	}{
		"none": {Config{}, []string{"API_KEY: not set: make a key with `carapi key new NAME` or `openssl rand " +
			"-hex 32`"}},
		"no entries": {Config{Keys: " ;\n, "}, []string{"API_KEYS, API_KEYS_FILE: there is no key in them"}},
		"empty file": {Config{KeysFile: empty}, []string{"API_KEYS, API_KEYS_FILE: there is no key in them"}},
		"short":      {Config{Key: "hunter2"}, []string{"API_KEY: 7 characters: at least 16"}},
		"hash":       {Config{Key: "sha256:hunter2hunter2"}, []string{"API_KEY: expected 64"}},
		"no file": {
			Config{Key: secretA, KeysFile: filepath.Join(dir, "nowhere")},
			[]string{"API_KEYS_FILE: stat " + filepath.Join(dir, "nowhere")},
		},
		"folder": {Config{Key: secretA, KeysFile: dir}, []string{"API_KEYS_FILE: " + dir + " is not a regular file"}},
		"same secret": {
			Config{Key: secretA, Keys: "x=" + secretA},
			[]string{"API_KEYS: key 1: the key default has the same secret"},
		},
		"all at once": {Config{Key: "hunter2", Keys: "x; y=" + secretA + ", z=z", KeysFile: file}, []string{
			"API_KEY: 7 characters", "API_KEYS: key 1: expected", "API_KEYS: key 3: 1 characters",
			"API_KEYS_FILE: " + file + ": line 1: 5 characters",
			"API_KEYS_FILE: " + file + ": line 2: a secret must not have a ;",
			"API_KEYS_FILE: " + file + ": line 3: the key y has the same secret", "API_KEYS_FILE: " + file +
				": line 5: the key y",
		}},
	} {
		err := test.c.Validate()
		lines := strings.Split(fmt.Sprint(err), "\n")
		for i, want := range test.want {
			if len(lines) != len(test.want) || !strings.HasPrefix(lines[i], want) {
				t.Errorf("%s: got\n%v\nwant\n%s", name, err, strings.Join(test.want, "\n"))
				break
			}
		}
	}
}

func TestExpiry(t *testing.T) {
	clock := newClock()
	k, log := mustOpen(t, Config{Key: secretA + "@2026-06-30", Keys: "old=" + secretB + "@2026-06-29"}, clock)
	if s := log.String(); strings.Count(s, "a key has expired") != 1 ||
		!strings.Contains(s, "key=old last_day=2026-06-29") {
		t.Errorf("log: %s", s)
	}

	expect(t, k, secretB, "old (expired)")
	clock.t = time.Date(2026, 6, 30, 23, 59, 59, 999999999, time.UTC)
	expect(t, k, secretA, "default")
	clock.t = clock.t.Add(1).In(time.FixedZone("west", -8*3600)) // it is still the day before there
	expect(t, k, secretA, "default (expired)")
}

func TestFileIsReadAgain(t *testing.T) {
	clock, file := newClock(), filepath.Join(t.TempDir(), "keys")
	write(t, file, "a="+secretA)
	k, log := mustOpen(t, Config{Key: "0123456789abcdef", KeysFile: file}, clock)
	expect(t, k, secretA, "a")

	write(t, file, "b="+secretB)
	clock.pass(fileCheckInterval - 1)
	expect(t, k, secretA, "a")
	clock.pass(1)
	expect(t, k, secretA, "")
	expect(t, k, secretB, "b")
	expect(t, k, "0123456789abcdef", "default")

	// Written in place, with the same length.
	if err := os.WriteFile(file, []byte("c="+secretB), 0o600); err != nil {
		t.Fatal(err)
	}

	if err := os.Chtimes(file, clock.t, clock.t); err != nil {
		t.Fatal(err)
	}

	clock.pass(fileCheckInterval)
	expect(t, k, secretB, "c")

	// A wrong file changes nothing, and is logged once for each change.
	for i, lines := range [][]string{{"a=" + secretA, "oops"}, {"a=" + secretA, "oops!"}} {
		write(t, file, lines...)
		for range 3 {
			clock.pass(fileCheckInterval)
			expect(t, k, secretB, "c")
			expect(t, k, secretA, "")
		}

		if n := strings.Count(log.String(), "line 2: expected name=secret"); n != i+1 {
			t.Errorf("%d warnings after %d wrong files: %s", n, i+1, log)
		}
	}

	// So does a missing file, until it is back.
	if err := os.Rename(file, file+".old"); err != nil {
		t.Fatal(err)
	}

	for range 3 {
		clock.pass(fileCheckInterval)
		expect(t, k, secretB, "c")
	}

	if n := strings.Count(log.String(), "no such file"); n != 1 {
		t.Errorf("%d warnings about a missing file: %s", n, log)
	}

	write(t, file, "a="+secretA, "b="+secretB+"@2026-06-01")
	clock.pass(fileCheckInterval)
	expect(t, k, secretA, "a")
	expect(t, k, secretB, "b (expired)")

	if !strings.Contains(log.String(), "a key has expired") {
		t.Errorf("no warning about an expired key: %s", log)
	}

	// A file without lines has no keys.
	write(t, file, "# all revoked")
	clock.pass(fileCheckInterval)
	expect(t, k, secretA, "")
	expect(t, k, "0123456789abcdef", "default")

	for _, secret := range []string{secretA, secretB, "oops", "0123456789abcdef"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("a secret is in the log: %s", log)
		}
	}

	if n := strings.Count(log.String(), "has been read again"); n != 4 {
		t.Errorf("the file was read again %d times: %s", n, log)
	}
}

// A folder in place of the file is an error, not a file without keys.
func TestFileBecomesAFolder(t *testing.T) {
	clock, file := newClock(), filepath.Join(t.TempDir(), "keys")
	write(t, file, "a="+secretA)
	k, log := mustOpen(t, Config{KeysFile: file}, clock)

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}

	if err := os.Mkdir(file, 0o700); err != nil {
		t.Fatal(err)
	}

	clock.pass(fileCheckInterval)
	expect(t, k, secretA, "a")

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}

	write(t, file, "b="+secretA)
	clock.pass(fileCheckInterval)
	expect(t, k, secretA, "b")

	if strings.Count(log.String(), "not a regular file") != 1 {
		t.Errorf("log: %s", log)
	}
}

func TestNew(t *testing.T) {
	secret, line, err := NewKey("partner-1.x_y", time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC))
	if err != nil || len(secret) != 64 || strings.Contains(line, secret) || !strings.HasSuffix(line, "@2026-06-30") {
		t.Fatal(secret, line, err)
	}

	clock := newClock()
	k, _ := mustOpen(t, Config{Keys: settings.Secret(line)}, clock)
	expect(t, k, secret, "partner-1.x_y")
	clock.pass(24 * time.Hour)
	expect(t, k, secret, "partner-1.x_y (expired)")

	again, line, err := NewKey("partner-1.x_y", time.Time{})
	if err != nil || again == secret || strings.Contains(line, "@") {
		t.Error(again, line, err)
	}

	for _, name := range []string{"", "a b", "a=b", "a;b", strings.Repeat("n", 65)} {
		if _, _, err := NewKey(name, time.Time{}); err == nil {
			t.Errorf("%q is taken as a name", name)
		}
	}
}

// An accepted key has a plain name, and no error shows a secret.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"a=" + secretA, "b=" + secretB + "@2027-01-31", "c=" + hashOf("c") + "@2027-02-30", secretA,
		"=", "a=sha256:", "a=@2027-01-31",
	} {
		f.Add(s)
	}

	f.Fuzz(func(t *testing.T, entry string) {
		k, err := parseKey(entry)
		if err == nil && (!keyNamePattern.MatchString(k.name) || k.sum == sha256.Sum256(nil)) {
			t.Errorf("%q became %v", entry, k)
		}

		secret := entry[strings.Index(entry, "=")+1:]
		if err != nil && len(secret) >= minSecretLength && strings.Contains(err.Error(), secret) {
			t.Errorf("%q: the error shows it: %v", entry, err)
		}
	})
}

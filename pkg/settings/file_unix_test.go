//go:build unix

package settings_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"carstock/pkg/settings"
)

// The steps are applied to one file, one after another.
func TestFileIsReadWhenItChanges(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	hour := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

	inPlace := func(text string, modified time.Time) func() error {
		return func() error {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				return err
			}
			return os.Chtimes(path, modified, modified)
		}
	}

	replaced := func(text string, modified time.Time) func() error {
		return func() error {
			if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
				return err
			}
			if err := os.Chtimes(path+".new", modified, modified); err != nil {
				return err
			}

			return os.Rename(path+".new", path)
		}
	}

	unchanged := func() error { return nil }
	pipe := func() error { return errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)) }

	f := settings.NewFile(path)
	for _, step := range []struct {
		name   string
		change func() error
		text   string
		isNew  bool
		err    string
	}{
		{"not there", unchanged, "", false, "no such file"},
		{"first", inPlace("one", hour), "one", true, ""},
		{"unchanged", unchanged, "one", false, ""},
		{"written with the same size and time, as proof that it is not read", inPlace("two", hour), "one", false, ""},
		{"another time", inPlace("two", hour.Add(1)), "two", true, ""},
		{"another size", inPlace("three", hour.Add(1)), "three", true, ""},
		{"another file", replaced("seven", hour.Add(1)), "seven", true, ""},
		{"gone", func() error { return os.Remove(path) }, "", false, "no such file"},
		{"a folder", func() error { return os.Mkdir(path, 0o700) }, "", false, "is not a regular file"},
		{"still a folder", unchanged, "", false, "is not a regular file"},
		{"back", func() error { return os.Remove(path) }, "", false, "no such file"},
		{"as it was", inPlace("seven", hour.Add(1)), "seven", true, ""},
		{"a pipe in its place", pipe, "", false, "is not a regular file"},
	} {
		if err := step.change(); err != nil {
			t.Fatal(err)
		}

		text, isNew, err := f.Read()
		if (err != nil) != (step.err != "") || err != nil && !strings.Contains(err.Error(), step.err) {
			t.Errorf("%s: %v, want %q", step.name, err, step.err)
		}
		if string(text) != step.text || isNew != step.isNew {
			t.Errorf("%s: %q, %v, want %q, %v", step.name, text, isNew, step.text, step.isNew)
		}
	}
}

// A pipe, as a shell makes it for <(command), can be read only once.
func TestFileIsAPipe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}

	go func() { _ = os.WriteFile(path, []byte("secret"), 0o600) }()
	f := settings.NewFile(path)
	for i := range 3 {
		if text, isNew, err := f.Read(); string(text) != "secret" || isNew != (i == 0) || err != nil {
			t.Errorf("%d: %q, %v, %v", i, text, isNew, err)
		}
	}
}

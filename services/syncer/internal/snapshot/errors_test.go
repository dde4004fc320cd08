package snapshot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mattn/go-sqlite3"
)

func TestExplainSQLite(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want string
	}{
		{sqlite3.Error{Code: sqlite3.ErrBusy}, "end its transaction"},
		{sqlite3.Error{Code: sqlite3.ErrNotADB}, "choose another path"},
		{sqlite3.Error{Code: sqlite3.ErrCorrupt}, "the file is damaged"},
		{sqlite3.Error{Code: sqlite3.ErrCorrupt, ExtendedCode: sqlite3.ErrCorruptVTab}, "out of step with its table"},
		{sqlite3.Error{Code: sqlite3.ErrReadonly}, "run syncer as the file's owner"},
		{sqlite3.Error{Code: sqlite3.ErrFull}, "a run needs room for the changed rows twice"},
		{sqlite3.Error{Code: sqlite3.ErrIoErr}, "the disk fails"},
		{sqlite3.Error{Code: sqlite3.ErrIoErr, SystemErrno: syscall.EDQUOT}, "there is no room"},
		{sqlite3.Error{Code: sqlite3.ErrIoErr, ExtendedCode: sqlite3.ErrIoErrGetTempPath}, "SQLITE_TMPDIR"},
		{sqlite3.Error{Code: sqlite3.ErrConstraint}, ""},
		{errors.New("other"), ""},
	} {
		wrapped := fmt.Errorf("stage: %w", test.err)
		err := explainSQLite(wrapped)
		isUnchanged := err.Error() == wrapped.Error()
		if !errors.Is(err, test.err) || !strings.Contains(err.Error(), test.want) || isUnchanged != (test.want == "") {
			t.Errorf("%v: %v, want %q", test.err, err, test.want)
		}

		// Opening the file explains its errors, and so does publishing, which opens it.
		if again := explainSQLite(fmt.Errorf("publish: %w", err)); again.Error() != "publish: "+err.Error() {
			t.Errorf("%v: explained twice: %v", test.err, again)
		}
	}
}

func TestErrorKinds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err              error
		isNoRoom, isDisk bool
	}{
		{sqlite3.Error{Code: sqlite3.ErrFull}, true, true},
		{sqlite3.Error{Code: sqlite3.ErrIoErr, ExtendedCode: sqlite3.ErrIoErrWrite}, true, true},
		{sqlite3.Error{Code: sqlite3.ErrIoErr, ExtendedCode: sqlite3.ErrIoErrRead}, false, true},
		{sqlite3.Error{Code: sqlite3.ErrCorrupt}, false, true},
		{sqlite3.Error{Code: sqlite3.ErrCorrupt, ExtendedCode: sqlite3.ErrCorruptVTab}, false, false},
		{sqlite3.Error{Code: sqlite3.ErrConstraint}, false, false},
		{&fs.PathError{Op: "write", Path: "p", Err: syscall.ENOSPC}, true, false},
		{syscall.EDQUOT, true, false},
		{syscall.EFBIG, true, false},
		{fs.ErrNotExist, false, false},
		{nil, false, false},
	} {
		err := test.err
		if err != nil {
			err = fmt.Errorf("publish: %w", err)
		}
		if IsNoRoom(err) != test.isNoRoom || isDiskError(err) != test.isDisk {
			t.Errorf("%v: no room %t, disk %t", test.err, IsNoRoom(err), isDiskError(err))
		}
	}
}

func TestSplitErrorCode(t *testing.T) {
	t.Parallel()
	mixed := sqlite3.Error{Code: sqlite3.ErrNo(sqlite3.ErrIoErrWrite)}
	var e sqlite3.Error
	if !errors.As(splitErrorCode(mixed), &e) || e.Code != sqlite3.ErrIoErr || e.ExtendedCode != sqlite3.ErrIoErrWrite {
		t.Errorf("%+v", e)
	}
	for _, err := range []error{nil, errors.New("x"), sqlite3.Error{Code: sqlite3.ErrBusy}} {
		if got := splitErrorCode(err); !errors.Is(got, err) {
			t.Errorf("%v became %v", err, got)
		}
	}
}

func TestResolvePath(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}

	path := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(
		os.Mkdir(path("data"), 0o755),
		os.WriteFile(path("data/cars.db"), nil, 0o600),
		os.Symlink("data/cars.db", path("relative.db")),
		os.Symlink(path("relative.db"), path("chain.db")),
		os.Symlink("data", path("folder")),
		os.Symlink("data/new.db", path("missing.db")),
		os.Symlink("b.db", path("a.db")),
		os.Symlink("a.db", path("b.db")),
	); err != nil {
		t.Fatal(err)
	}

	for name, want := range map[string]string{
		"data/cars.db": "data/cars.db", "data/../data/cars.db": "data/cars.db", "relative.db": "data/cars.db",
		"chain.db": "data/cars.db", "folder/cars.db": "data/cars.db", "folder/new.db": "data/new.db",
		"missing.db": "data/new.db", "nowhere/cars.db": "nowhere/cars.db",
	} {
		if got, err := Resolve(path(name)); err != nil || got != path(want) {
			t.Errorf("%s: %s, %v, want %s", name, got, err, path(want))
		}
	}

	var file *FileError
	if _, err := Resolve(path("a.db")); !errors.As(err, &file) || !strings.Contains(err.Error(), "they lead in a circle") {
		t.Errorf("a circle: %v", err)
	}
}

// Errors name the setting that has the path, and none if the path is an argument.
func TestFileErrorNamesSetting(t *testing.T) {
	t.Parallel()
	text := filepath.Join(t.TempDir(), "text.db")
	if err := os.WriteFile(text, []byte("a text, and no database at all"), 0o600); err != nil {
		t.Fatal(err)
	}

	_, contentsErr := Contents(text)
	_, _, pulledErr := pulledFile(t, text).Pulled()
	_, lockErr := LockFile("/dev/null/cars.db")
	_, lockPulledErr := LockPulled("/dev/null/cars.db")
	for _, test := range []struct {
		err  error
		want string
	}{
		{contentsErr, "SYNC_PATH: open " + text + ": it is not a SQLite file: "},
		{pulledErr, "open " + text + ": it is not a SQLite file: "},
		{lockErr, "SYNC_PATH: create folder: "},
		{lockPulledErr, "create folder: "},
	} {
		var file *FileError
		if !errors.As(test.err, &file) || !strings.HasPrefix(test.err.Error(), test.want) {
			t.Errorf("%v, want %s", test.err, test.want)
		}
	}
}

// pulledFile locks a file as syncer pull does.
func pulledFile(t *testing.T, path string) *File {
	t.Helper()
	file, err := LockPulled(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Unlock() })
	return file
}

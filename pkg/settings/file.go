package settings

import (
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// File is a file that a setting names, such as one of keys or passwords. It is read once, and again only after it has
// changed, so that a secret can be replaced without a restart. Several goroutines may use it.
type File struct {
	path string

	mu      sync.Mutex
	hasRead bool        // whether it has been read once
	isPipe  bool        // text is from a pipe or a device, which may be read only once
	seen    fs.FileInfo // the file that text is from; nil if the last reading failed
	text    []byte
}

// NewFile returns the file of a path and reads nothing yet.
func NewFile(path string) *File { return &File{path: path} }

// Read returns the content of the file, and whether it has been read just now: at the first call, after a change, and
// after an error. A pipe or a device is read only at the first call. The caller must not change the content.
func (f *File) Read() (text []byte, isNew bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()

	info, err := os.Stat(f.path)
	if err == nil && (f.isPipe || f.seen != nil && isSame(info, f.seen)) {
		return f.text, false, nil
	}

	// A pipe that takes the place of a file would keep the reader waiting.
	if err == nil && !info.Mode().IsRegular() && (info.IsDir() || f.hasRead) {
		err = fmt.Errorf("%s is not a regular file", f.path)
	}
	if err == nil {
		text, err = os.ReadFile(f.path)
	}
	if err != nil {
		f.seen, f.text = nil, nil
		return nil, false, err
	}

	// info is from before the reading: if the file changes meanwhile, the next call sees that.
	f.seen, f.text = info, text
	f.hasRead, f.isPipe = true, !info.Mode().IsRegular()
	return text, true, nil
}

// isSame reports whether a file has not changed between two looks at it.
func isSame(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

package snapshot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// maxLinks is how many symbolic links a path may lead through, as on Linux.
const maxLinks = 40

// Resolve returns the path that symbolic links lead to. Unlike filepath.EvalSymlinks it also follows links to files
// that do not exist yet.
func Resolve(path string) (string, error) {
	resolved, err := resolve(path)
	if err != nil {
		return "", fileError("%w", err)
	}
	return resolved, nil
}

// resolve is Resolve for any file: its errors name no setting.
func resolve(path string) (string, error) {
	links := 0
	return followLinks(filepath.Clean(path), &links)
}

// followLinks resolves the folders of a path, and then the path itself. It counts the links that it has followed.
func followLinks(path string, links *int) (string, error) {
	if dir := filepath.Dir(path); dir != path && dir != "." {
		resolved, err := followLinks(dir, links)
		if err != nil {
			return "", err
		}
		path = filepath.Join(resolved, filepath.Base(path))
	}

	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return path, nil //nolint:nilerr // opening the file reports what is wrong with it
	}

	target, err := os.Readlink(path)
	if err != nil {
		return "", err
	}
	if *links++; *links > maxLinks {
		return "", fmt.Errorf("%s: too many symbolic links: they lead in a circle", path)
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(path), target)
	}
	return followLinks(filepath.Clean(target), links)
}

// FileSize returns how many bytes a file has, with its log, and how many of them its log has. Both are 0 if the file
// does not exist.
func FileSize(path string) (total, log int64) {
	path, err := Resolve(path)
	if err != nil {
		return 0, 0
	}

	info, err := os.Stat(path)
	if err != nil {
		return 0, 0
	}
	if wal, err := os.Stat(path + "-wal"); err == nil {
		log = wal.Size()
	}
	return info.Size() + log, log
}

// CheckWritable returns an error if the file exists and this user may not write it, or not take its lock.
func CheckWritable(path string) error {
	for file, flags := range map[string]int{path: os.O_RDWR, lockPath(path): os.O_RDONLY} {
		f, err := os.OpenFile(file, flags, 0)
		if err == nil {
			err = f.Close()
		}
		if errors.Is(err, fs.ErrPermission) {
			return fileError("%w", explainDenied(err, path))
		}
	}
	return nil
}

// explainDenied adds to a permission error how to let this user work on the file.
func explainDenied(err error, path string) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}

	owned, owner := "the file", ownerOf(path)
	if owner == "" { // it does not exist yet
		owned, owner = "its folder", ownerOf(filepath.Dir(path))
	}
	return fmt.Errorf("%w: this process runs as user %d, and %s belongs to user %s: run syncer as that user, "+
		"or give this one the file and all beside it: chown %[2]d %[5]s* %[6]s", err, os.Geteuid(), owned, owner, path,
		lockPath(path))
}

// lockPath returns the path of the lock file of a file.
func lockPath(path string) string {
	dir, base := filepath.Split(path)
	return filepath.Join(dir, "."+base+".lock")
}

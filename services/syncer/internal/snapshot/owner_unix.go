//go:build unix

package snapshot

import (
	"os"
	"strconv"
	"syscall"
)

// ownerOf returns the ID of the user who owns a file; "" if it is unknown.
func ownerOf(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}

	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return strconv.FormatUint(uint64(stat.Uid), 10)
}

// copyOwner gives a file the owner and the mode of another file. Only root can change an owner: for other users it
// stays as it is.
func copyOwner(path, other string) {
	info, err := os.Stat(other)
	if err != nil {
		return
	}

	_ = os.Chmod(path, info.Mode().Perm())
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		_ = os.Lchown(path, int(stat.Uid), int(stat.Gid))
	}
}

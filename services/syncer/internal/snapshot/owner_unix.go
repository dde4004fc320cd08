//go:build unix

package snapshot

import (
	"os"
	"strconv"
	"syscall"
)

// ownerOf is the number of the user that a file belongs to; "" if that cannot be found out.
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

// takeAfter gives one file the owner and the mode of another. Only root may change an owner: for others it
// stays.
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

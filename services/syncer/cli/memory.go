package cli

import (
	"os"
	"runtime/debug"

	"carstock/pkg/program"
)

const (
	// gcPercent lets garbage grow to five times what is in use, which is a few MiB. Each value that is read becomes
	// garbage: with Go's default a quarter of the time goes into collecting it.
	gcPercent = 500

	// heapShare is the share of a container's memory for Go's heap. SQLite's memory comes on top, with several copies
	// of a large value.
	heapShare = 0.5
)

// BoundMemory limits the memory of this process by the limit of its cgroup, if there is one. GOGC and GOMEMLIMIT in the
// environment win.
func BoundMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	returnLargeAllocations()
	program.LimitHeap(heapShare)
}

package cli

import (
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

const (
	// gcPercent lets garbage grow to five times what is in use, which is a few MiB. Every value that is read
	// becomes garbage: with Go's own setting a quarter of the time goes into collecting it.
	gcPercent = 500

	// heapShare is the part of a container's memory that Go's heap is kept within. SQLite's memory is beside
	// it: of a large value it has as many copies.
	heapShare = 0.5
)

// BoundMemory sets how much memory the process takes, by the limit of its cgroup if there is one. GOGC and
// GOMEMLIMIT of the environment win.
func BoundMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	returnLargeAllocations()
	// An error is one of a machine without cgroups, where there is no limit either.
	_, _ = memlimit.Set(memlimit.WithRatio(heapShare))
}

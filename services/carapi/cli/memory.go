package cli

import (
	"os"
	"runtime/debug"
	"time"

	"carstock/pkg/program"
	"carstock/services/carapi/internal/search"
)

// heapShare is the part of a container's memory that Go's heap may take. SQLite's memory comes on top of it.
const heapShare = 0.8

// BoundMemory limits the heap of this process to a part of its cgroup's memory, if the cgroup has a limit. GOMEMLIMIT
// in the environment wins.
func BoundMemory() { program.LimitHeap(heapShare) }

// How much garbage may pile up before it is collected, beside the memory in use.
const (
	unreadBytes     = 64 << 20 // assumed size of an index before it has been read
	otherBytes      = 8 << 20  // in use beside the indexes
	garbageBytes    = 12 << 20 // so much that a busy service does not collect all the time
	minGarbageShare = 10       // percent of the memory in use
)

// limitGarbage bounds the garbage beside indexes of this size. By default Go would let it grow as large as the indexes.
// Frequent collections cost little, because an index has hardly any pointers to follow. GOGC in the environment wins.
func limitGarbage(indexBytes int64) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(int(minGarbageShare + 100*garbageBytes/(otherBytes+indexBytes)))
	}
}

// withGarbageLimit returns events that also adapt the limit of garbage to the size of the indexes after each refresh.
func (s *stock) withGarbageLimit(events search.Events) search.Events {
	refreshed := events.Refreshed
	events.Refreshed = func(source, outcome string, took time.Duration) {
		total := int64(0)
		for _, status := range s.Status() {
			if status.Index != nil {
				total += status.Index.Bytes
			}
		}

		limitGarbage(total)
		if refreshed != nil {
			refreshed(source, outcome, took)
		}
	}

	return events
}

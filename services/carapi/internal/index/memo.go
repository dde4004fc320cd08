package index

import (
	"sync"
	"sync/atomic"
)

// maxMemoized is how many results a memo keeps.
const maxMemoized = 64

// resultMemo keeps results about all rows, which requests for everything need again and again. Callers choose the keys,
// so it only keeps the first ones.
type resultMemo struct {
	results sync.Map
	count   atomic.Int32
}

// get returns the result of a key, and computes it if it is not kept.
func (m *resultMemo) get(key any, compute func() any) any {
	if kept, ok := m.results.Load(key); ok {
		return kept
	}

	result := compute()
	if m.count.Load() < maxMemoized {
		if _, loaded := m.results.LoadOrStore(key, result); !loaded {
			m.count.Add(1)
		}
	}

	return result
}

package index

import (
	"cmp"
	"math"
	"slices"
)

// candidate is a row or a value with its first sort key.
type candidate = sortEntry

// smallestKeys keeps the n smallest of many candidates. It collects more than n and then drops the others, so that an
// unlucky order of candidates costs little.
type smallestKeys struct {
	n         int
	limit     uint64 // candidates with a greater key can be ignored
	collected []candidate
	tie       func(a, b uint32) int // orders candidates with the same key
}

func newSmallestKeys(n int, tie func(a, b uint32) int) *smallestKeys {
	return &smallestKeys{n: n, limit: math.MaxUint64, tie: tie, collected: make([]candidate, 0, 4*n+256)}
}

func (s *smallestKeys) compare(a, b candidate) int {
	if a.key != b.key {
		return cmp.Compare(a.key, b.key)
	}
	return s.tie(a.number, b.number)
}

func (s *smallestKeys) add(c candidate) {
	if len(s.collected) == cap(s.collected) {
		s.shrink()
	}
	s.collected = append(s.collected, c)
}

// shrink drops all but the n smallest.
func (s *smallestKeys) shrink() {
	if len(s.collected) <= s.n {
		return
	}

	s.split()
	s.collected = s.collected[:s.n]
	if s.n > 0 {
		s.limit = min(s.limit, slices.MaxFunc(s.collected, s.compare).key)
	}
}

// split moves the n smallest to the front in any order, by quickselect.
func (s *smallestKeys) split() {
	all := s.collected
	for low, high := 0, len(all)-1; low < high; {
		// Put what is below one of them before what is above it, and go on in the part with the n-th.
		middle := all[low+(high-low)/2]
		i, j := low, high
		for i <= j {
			for s.compare(all[i], middle) < 0 {
				i++
			}

			for s.compare(all[j], middle) > 0 {
				j--
			}

			if i <= j {
				all[i], all[j] = all[j], all[i]
				i, j = i+1, j-1
			}
		}

		switch {
		case s.n <= j:
			high = j
		case s.n >= i:
			low = i
		default:
			return
		}
	}
}

// sorted returns the smallest in order.
func (s *smallestKeys) sorted() []candidate {
	s.shrink()
	slices.SortFunc(s.collected, s.compare)
	return s.collected
}

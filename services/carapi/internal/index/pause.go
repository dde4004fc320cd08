package index

import "runtime"

// pauseEvery is how many steps of a long loop come between two pauses: some ten microseconds.
const pauseEvery = 1 << 12

// pause lets goroutines that wait run, in the steps of a loop that takes long. Otherwise building an index keeps a processor
// for ten milliseconds at a time, and every request that becomes ready meanwhile waits for that.
func pause[I int | uint32](step I) {
	if step%pauseEvery == 0 {
		runtime.Gosched()
	}
}

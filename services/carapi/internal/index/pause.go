package index

import (
	"runtime"
	"time"
)

// pauseLength is how long reading pauses for others, and how long it goes on in between.
const pauseLength = time.Millisecond

// pauseIfBusy makes a pause if others need the processors. Otherwise the database, the goroutine that receives its rows
// and the one that collects them would take two processors whole, and some requests ten times as long.
func (b *Builder) pauseIfBusy() {
	if b.isBusy == nil || time.Since(b.lastPause) < pauseLength || !b.isBusy() {
		return
	}
	time.Sleep(pauseLength)
	b.lastPause = time.Now()
}

// yieldEvery is how many steps of a long loop come between two such moments: some ten microseconds.
const yieldEvery = 1 << 12

// letOthersRun lets goroutines that wait run in the steps of a loop that takes long. Otherwise building an index keeps
// a processor for ten milliseconds at a time, and every request that becomes ready meanwhile waits for that.
func letOthersRun[I int | uint32](step I) {
	if step%yieldEvery == 0 {
		runtime.Gosched()
	}
}

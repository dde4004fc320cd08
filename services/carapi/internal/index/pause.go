package index

import (
	"runtime"
	"time"
)

// pauseLength is how long reading pauses for others, and how long it works between pauses.
const pauseLength = time.Millisecond

// pauseIfBusy pauses if others need the processors. Otherwise the database, the goroutine that receives its rows and
// the one that collects them would take two whole processors, and some requests would take ten times as long.
func (b *Builder) pauseIfBusy() {
	if b.isBusy == nil || time.Since(b.lastPause) < pauseLength || !b.isBusy() {
		return
	}
	time.Sleep(pauseLength)
	b.lastPause = time.Now()
}

// yieldEvery is how many steps of a long loop come between two yields: some ten microseconds.
const yieldEvery = 1 << 12

// letOthersRun yields to other goroutines in the steps of a long loop. Otherwise building an index would keep a
// processor for ten milliseconds at a time, and every request that becomes ready meanwhile would wait.
func letOthersRun[I int | uint32](step I) {
	if step%yieldEvery == 0 {
		runtime.Gosched()
	}
}

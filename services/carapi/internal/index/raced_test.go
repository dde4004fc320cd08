//go:build race

package index

// raced reports that the race detector is on. It makes loops about twenty times slower, so `make test` also runs this
// package without it.
const raced = true

//go:build race

package index

// raced is true under the race detector, which slows loops down about twenty times. `make test` also runs this package
// without it.
const raced = true

//go:build race

package index

// raced says that the race detector slows loops down some twenty times: `make test` runs this package without it too.
const raced = true

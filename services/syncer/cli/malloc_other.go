//go:build !linux

package cli

// returnLargeAllocations does nothing: it is for the GNU C library, which only Linux has.
func returnLargeAllocations() {}

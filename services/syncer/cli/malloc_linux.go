package cli

/*
// Weak, since only the GNU C library has this function.
__attribute__((weak)) int mallopt(int parameter, int value);

static void return_large(int bytes) {
	const int mmap_threshold = -3; // M_MMAP_THRESHOLD
	if (mallopt) mallopt(mmap_threshold, bytes);
}
*/
import "C"

// largeAllocation is the size in bytes from which SQLite's memory goes back to the system as soon as it is freed.
// Otherwise the C library keeps several values of many megabytes per thread for the next ones.
const largeAllocation = 1 << 20

// returnLargeAllocations makes the C library return memory of that size. Other C libraries than GNU's ignore it.
func returnLargeAllocations() { C.return_large(largeAllocation) }

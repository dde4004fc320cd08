package dbtest

import (
	"bytes"
	"encoding/binary"
	"syscall"
	"testing"
)

// CountOpens watches files. The function that it returns counts how often each path has been opened since.
func CountOpens(t *testing.T, paths ...string) (count func() map[string]int) {
	t.Helper()
	watcher, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(watcher) })

	watched := map[int32]string{}
	opens := map[string]int{}
	for _, path := range paths {
		id, err := syscall.InotifyAddWatch(watcher, path, syscall.IN_OPEN)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		watched[int32(id)] = path
		opens[path] = 0
	}

	return func() map[string]int {
		t.Helper()
		// The kernel reports each time that a file is opened. Without such an event, Read returns EAGAIN.
		buffer := make([]byte, 64<<10)
		n, err := syscall.Read(watcher, buffer)
		if err != nil && err != syscall.EAGAIN {
			t.Fatal(err)
		}
		var event syscall.InotifyEvent
		for r := bytes.NewReader(buffer[:max(n, 0)]); r.Len() > 0; {
			if err := binary.Read(r, binary.NativeEndian, &event); err != nil {
				t.Fatal(err)
			}
			opens[watched[event.Wd]]++
		}
		return opens
	}
}

package source

import (
	"bytes"
	"strings"
	"testing"
)

func TestMaxBatchRows(t *testing.T) {
	t.Parallel()
	for columns, want := range map[int]int{1: 128, 100: 128, 255: 128, 256: 127, 1999: 16, 40000: 1} {
		if got := maxBatchRows(columns); got != want {
			t.Errorf("%d columns: %d rows, want %d", columns, got, want)
		}
	}
}

// The values of a batch stay unchanged when the driver reuses its buffer.
func TestBatchKeepsValues(t *testing.T) {
	t.Parallel()
	var b Batch
	b.reset(2)
	buffer := make([]byte, separateBytes)
	var want []string
	for i, n := range []int{0, 1, 10, 30000, separateBytes - 1, separateBytes, 5} {
		for j := range buffer {
			buffer[j] = byte('a' + i)
		}

		b.appendValue(buffer[:n], false)
		b.appendValue(buffer[:n], true)
		b.Rows++
		want = append(want, strings.Repeat(string(rune('a'+i)), n))
	}

	clear(buffer)

	bytesInAll := 0
	for i, text := range want {
		gotText, _ := b.Args[2*i].Value.(string)
		gotBlob, isBlob := b.Args[2*i+1].Value.([]byte)
		if gotText != text || !isBlob || gotBlob == nil || !bytes.Equal(gotBlob, []byte(text)) {
			t.Errorf("value %d of %d bytes has changed", i, len(text))
		}
		if b.Args[2*i].Ordinal != 2*i+1 {
			t.Errorf("value %d has the number %d", i, b.Args[2*i].Ordinal)
		}
		bytesInAll += 2 * len(text)
	}

	if b.Bytes != int64(bytesInAll) || b.Large() || !b.full() {
		t.Errorf("%d bytes, want %d", b.Bytes, bytesInAll)
	}

	b.reset(2)
	if b.Rows != 0 || b.Bytes != 0 || len(b.Args) != 0 || b.full() {
		t.Errorf("after a reset: %+v", b)
	}
}

package dbconn

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"syscall"
	"time"
)

// readAhead is how much to read from the network at once. The driver asks for 4 KiB at a time, and system calls are a
// good part of what reading a large result costs.
const readAhead = 64 << 10

// ErrNoCompression is the error for a server that cannot do what DB_COMPRESSION asks for.
var ErrNoCompression = errors.New("the server offers no zlib compression")

// dial connects as the driver does by default, and counts and checks what the server sends.
func (c *Config) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}

	// Count what comes from the network, below the buffer.
	source := io.Reader(conn)
	if c.Received != nil {
		source = &countedReader{conn, c.Received}
	}

	b := &bufferedConn{conn, bufio.NewReaderSize(source, readAhead)}

	if c.Compression == CompressionZlib && !b.offersCompression(ctx) {
		_ = conn.Close()
		return nil, ErrNoCompression
	}

	return b, nil
}

// countedReader reports how many bytes arrive.
type countedReader struct {
	r        io.Reader
	received func(n int)
}

// Read reports what arrives, even with an error.
func (r *countedReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if n > 0 {
		r.received(n)
	}
	return n, err
}

// bufferedConn reads ahead.
type bufferedConn struct {
	net.Conn
	r *bufio.Reader
}

func (b *bufferedConn) Read(p []byte) (int, error) { return b.r.Read(p) }

// SyscallConn lets the driver check an idle connection before it uses it: the server may have closed it.
func (b *bufferedConn) SyscallConn() (syscall.RawConn, error) {
	c, ok := b.Conn.(syscall.Conn)
	if !ok {
		return nil, syscall.ENOTSUP
	}
	return c.SyscallConn()
}

// offersCompression reads the server's greeting, the first packet, and leaves it there for the driver. The driver would
// silently go on without compression. A greeting that offersCompression cannot parse is left to the driver too.
func (b *bufferedConn) offersCompression(ctx context.Context) bool {
	// End the wait for a server that sends nothing. The connection is of no use then.
	stop := context.AfterFunc(ctx, func() { _ = b.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()

	const headerSize, protocolVersion = 4, 10
	header, err := b.r.Peek(headerSize)
	if err != nil {
		return true
	}

	size := int(header[0]) | int(header[1])<<8 | int(header[2])<<16
	packet, err := b.r.Peek(headerSize + size)
	if err != nil || size == 0 || packet[headerSize] != protocolVersion {
		return true
	}

	// The server's version ends in a NUL. A thread ID, 8 bytes of salt and a filler follow, then the capabilities.
	const beforeCapabilities, canCompress = 4 + 8 + 1, 1 << 5
	_, rest, found := bytes.Cut(packet[headerSize+1:], []byte{0})
	if !found || len(rest) < beforeCapabilities+2 {
		return true
	}

	return binary.LittleEndian.Uint16(rest[beforeCapabilities:])&canCompress != 0
}

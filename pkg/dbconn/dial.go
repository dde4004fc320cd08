package dbconn

import (
	"bufio"
	"context"
	"net"
	"syscall"
)

// readAhead is how much is read from the network at once. The driver asks for 4 KiB at a time, and
// system calls are a good part of what reading a large result costs.
const readAhead = 64 << 10

// dial connects as the driver does by itself.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &buffered{c, bufio.NewReaderSize(c, readAhead)}, nil
}

type buffered struct {
	net.Conn
	r *bufio.Reader
}

func (b *buffered) Read(p []byte) (int, error) { return b.r.Read(p) }

// SyscallConn lets the driver look, before it uses an idle connection, whether the server has hung up.
func (b *buffered) SyscallConn() (syscall.RawConn, error) {
	c, ok := b.Conn.(syscall.Conn)
	if !ok {
		return nil, syscall.ENOTSUP
	}
	return c.SyscallConn()
}

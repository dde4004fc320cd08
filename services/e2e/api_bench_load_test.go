package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// target is one target of a measurement: a server, and the path of request number i.
type target struct {
	base   string
	path   func(i int) string
	status int // expected status of the answers; 0 means 200
}

// latencies holds the sorted times of the answers, and the answers per second.
type latencies struct {
	took []time.Duration
	rate float64
}

func (l latencies) quantile(q float64) time.Duration { return l.took[int(q*float64(len(l.took)-1))] }

func (l latencies) p50() float64 { return l.quantile(0.5).Seconds() }

// benchTurns is how often each target is measured. Taking turns spreads a slow phase of the machine over all targets.
const benchTurns = 3

// measureInTurn measures several targets in turn, each for span in total.
func measureInTurn(b *testing.B, clients int, span time.Duration, all map[string]target) map[string]latencies {
	b.Helper()
	took := map[string][]time.Duration{}
	for range benchTurns {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			took[name] = append(took[name], measureLatencies(b, clients, span/benchTurns, all[name])...)
		}
	}

	found := map[string]latencies{}
	for name := range all {
		slices.Sort(took[name])
		found[name] = latencies{took[name], float64(len(took[name])) / span.Seconds()}
	}
	return found
}

// measureLatencies sends requests from the given number of clients for a while, and returns the times of the answers.
// The first tenth is a warm-up and does not count.
func measureLatencies(b *testing.B, clients int, span time.Duration, t target) []time.Duration {
	b.Helper()
	var number atomic.Int64
	all := make([][]time.Duration, clients)
	connections := make([]*connection, clients)
	for client := range clients {
		connections[client] = dialConnection(b, t.base)
		defer func() { _ = connections[client].Close() }()
	}

	for _, length := range []time.Duration{span / 10, span} {
		var wg sync.WaitGroup
		end := time.Now().Add(length)
		for client := range clients {
			all[client] = nil
			wg.Go(func() {
				for begun := time.Now(); begun.Before(end); {
					if err := connections[client].get(t.path(int(number.Add(1))), t.status); err != nil {
						b.Error(err)
						return
					}
					now := time.Now()
					all[client] = append(all[client], now.Sub(begun))
					begun = now
				}
			})
		}
		wg.Wait()
	}

	took := slices.Concat(all...)
	if len(took) == 0 {
		b.Fatal("nothing was answered")
	}
	return took
}

// connection is a minimal HTTP/1.1 client: CPU that it uses is missing for the server.
type connection struct {
	net.Conn
	*bufio.Reader
	address string
	body    []byte // of the last answer
}

func dialConnection(b *testing.B, base string) *connection {
	b.Helper()
	address := strings.TrimPrefix(base, "http://")
	c, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	return &connection{Conn: c, Reader: bufio.NewReaderSize(c, 64<<10), address: address}
}

// get sends a GET request and reads the answer. The answer must have the given status; 0 means 200.
func (c *connection) get(path string, status int) error {
	if status == 0 {
		status = 200
	}
	_, err := fmt.Fprintf(c.Conn, "GET %s HTTP/1.1\r\nHost: %s\r\nX-API-Key: %s\r\n\r\n", path, c.address, apiKey)
	if err != nil {
		return err
	}
	first, err := c.ReadString('\n')
	if err != nil {
		return err
	}

	length := -1
	for {
		line, err := c.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return fmt.Errorf("%s: %s: no Content-Length", path, first)
	}
	c.body = slices.Grow(c.body[:0], length)[:length]
	for read := 0; read < length; {
		n, err := c.Read(c.body[read:])
		if err != nil {
			return err
		}
		read += n
	}
	if !strings.Contains(first, " "+strconv.Itoa(status)+" ") {
		return fmt.Errorf("%s: %s%s", path, first, c.body)
	}
	return nil
}

// Read and Close pass calls on to the buffer and to the connection.
func (c *connection) Read(p []byte) (int, error) { return c.Reader.Read(p) }

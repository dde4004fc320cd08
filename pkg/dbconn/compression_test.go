package dbconn_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
)

// countingProxy makes the server reachable on another port, and counts the bytes that it sends.
func countingProxy(t *testing.T, to dbconn.Config, sent *atomic.Int64) uint16 {
	return listenLoopback(t, func(c net.Conn) {
		server, err := dialServer(to)
		if err != nil {
			return
		}
		defer func() { _ = server.Close() }()
		go func() { _, _ = io.Copy(server, c) }()
		buffer := make([]byte, 32<<10)
		for {
			n, err := server.Read(buffer)
			sent.Add(int64(n))
			if _, e := c.Write(buffer[:n]); e != nil || err != nil {
				return
			}
		}
	})
}

// Received counts the bytes that cross the network: fewer with zlib, both with TLS and without.
func TestReceivedBytesAndCompression(t *testing.T) {
	t.Parallel()
	database := dbtest.Database(t)
	admin := dbtest.Open(t, database)
	for _, q := range []string{
		"CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(100))",
		"INSERT INTO t (v) VALUES (REPEAT('compressible ', 7)), (UUID()), ('x'), (NULL)",
	} {
		if _, err := admin.Exec(q); err != nil {
			t.Fatal(err)
		}
	}

	for range 12 {
		if _, err := admin.Exec("INSERT INTO t (v) SELECT v FROM t"); err != nil {
			t.Fatal(err)
		}
	}

	read := func(mode, compression string) (received int64, rows []string) {
		t.Helper()
		var sent, counted atomic.Int64
		c := database
		c.Port = countingProxy(t, database, &sent)
		c.SSL = dbconn.SSLConfig{Mode: mode}
		c.Compression, c.MaxOpenConns = compression, 1
		c.Received = func(n int) { counted.Add(int64(n)) }

		db := dbtest.Open(t, c)
		if err := db.Select(&rows, "SELECT CONCAT_WS(':', id, v) AS row_text FROM t ORDER BY id"); err != nil {
			t.Fatal(err)
		}
		if counted.Load() != sent.Load() {
			t.Errorf("%s, %s: %d bytes are counted, but the server sent %d", mode, compression, counted.Load(), sent.Load())
		}

		return counted.Load(), rows
	}

	for _, mode := range []string{dbconn.SSLDisabled, dbconn.SSLRequired} {
		plain, want := read(mode, dbconn.CompressionOff)
		compressed, got := read(mode, dbconn.CompressionZlib)
		t.Logf("%s: %d bytes, %d with zlib", mode, plain, compressed)
		if len(want) != 4<<12 || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %d rows, want the same %d", mode, len(got), len(want))
		}
		if compressed*4 > plain {
			t.Errorf("%s: zlib needs %d bytes of %d", mode, compressed, plain)
		}
	}
}

func TestServerWithoutCompression(t *testing.T) {
	t.Parallel()
	c := newUser(t, "")
	c.Compression, c.ConnectTimeout = dbconn.CompressionZlib, time.Second
	send := func(packet []byte) func(net.Conn) { return func(c net.Conn) { _, _ = c.Write(packet) } }

	refusal := "\xff\x6a\x04Host 'h' is not allowed"
	for name, test := range map[string]struct {
		port uint16
		want []string
	}{
		"an old server": {
			greetingProxy(t, canCompress),
			[]string{"the server offers no zlib compression", "DB_COMPRESSION=off"},
		},
		"no server": {
			listenLoopback(t, send([]byte("SSH-2.0-OpenSSH_9.6\r\n"))),
			[]string{"check that a MySQL server listens at DB_HOST and DB_PORT"},
		},
		"an empty packet": {
			listenLoopback(t, send(make([]byte, 4))),
			[]string{"check that a MySQL server listens at DB_HOST and DB_PORT"},
		},
		"a closed connection": {
			listenLoopback(t, func(net.Conn) {}),
			[]string{"check that a MySQL server listens at DB_HOST and DB_PORT"},
		},
		"silence": {
			listenLoopback(t, func(net.Conn) { time.Sleep(10 * time.Second) }),
			[]string{"no answer within 1s"},
		},
		"half of a packet": {
			listenLoopback(t, func(c net.Conn) { send([]byte{99, 0, 0, 0, 10})(c); time.Sleep(10 * time.Second) }),
			[]string{"no answer within 1s"},
		},
		"the server's refusal": {
			listenLoopback(t, send(append([]byte{byte(len(refusal)), 0, 0, 0}, refusal...))),
			[]string{"takes no connections from this host"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := c
			c.Port = test.port
			began := time.Now()
			db, err := dbconn.Open(t.Context(), c)
			if err == nil {
				_ = db.Close()
				t.Fatal("no error")
			}

			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}

			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

package dbconn_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
)

const password = "hunter2-Ünïcode '$"

// newUser creates a database and a user who may read it, and returns the settings to open it.
func newUser(t *testing.T, options string) dbconn.Config {
	t.Helper()
	return newUserOn(t, dbtest.Shared(t), options)
}

func newUserOn(t *testing.T, server *dbtest.Server, options string) dbconn.Config {
	t.Helper()
	c := server.Database(t)
	admin := dbtest.Open(t, c)
	name := "u" + strings.TrimPrefix(c.Name, "test_")
	for _, q := range []string{
		fmt.Sprintf(`CREATE USER '%s'@'%%' IDENTIFIED BY "%s" %s`, name, password, options),
		fmt.Sprintf("GRANT SELECT ON %s.* TO '%s'@'%%'", c.Name, name),
	} {
		if _, err := admin.Exec(q); err != nil {
			t.Fatal(err)
		}
	}

	t.Cleanup(func() { _, _ = admin.Exec("DROP USER '" + name + "'@'%'") })
	c.User, c.Password = name, password
	return c
}

func authorityFile(t *testing.T) string {
	t.Helper()
	s := dbtest.Shared(t)
	if s.CA == "" {
		t.Fatal("set TEST_MYSQL_CA to the PEM file of the authority of TEST_MYSQL_DSN's certificate, " +
			"which must name localhost and 127.0.0.1")
	}
	return s.CA
}

func sessionCipher(t *testing.T, c dbconn.Config) string {
	t.Helper()
	var name, value string
	if err := dbtest.Open(t, c).QueryRow("SHOW SESSION STATUS LIKE 'Ssl_cipher'").Scan(&name, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestOpenTLSModes(t *testing.T) {
	c := newUser(t, "")
	for _, test := range []struct {
		mode, ca string
		tls      bool
	}{
		{"", "", false}, // loopback
		{"disabled", "", false},
		{"PREFERRED", "", true},
		{"required", "", true},
		{"verify-ca", authorityFile(t), true},
		{"VERIFY_IDENTITY", authorityFile(t), true},
	} {
		c := c
		c.SSL = dbconn.SSLConfig{Mode: test.mode, CA: test.ca}
		if got := sessionCipher(t, c); (got != "") != test.tls {
			t.Errorf("DB_SSL_MODE=%s: cipher %q, want TLS %v", test.mode, got, test.tls)
		}
	}
}

func TestOpenPasswordFile(t *testing.T) {
	c := newUser(t, "")
	c.Password, c.PasswordFile = "", filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(c.PasswordFile, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	db := dbtest.Open(t, c)
	db.SetMaxIdleConns(0) // each query opens a connection, which reads the file again
	if err := db.Ping(); err != nil {
		t.Fatal(err)
	}

	if err := os.WriteFile(c.PasswordFile, []byte("rotated"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := db.Ping(); err == nil || !strings.Contains(err.Error(), "1045") {
		t.Errorf("the file is not read again: %v", err)
	}
}

// A new certificate needs no restart either. A connection fails while the file is incomplete, and succeeds again
// afterwards.
func TestOpenCertificateFile(t *testing.T) {
	trusted, err := os.ReadFile(authorityFile(t))
	if err != nil {
		t.Fatal(err)
	}

	c := newUser(t, "")
	c.SSL = dbconn.SSLConfig{Mode: dbconn.SSLVerifyCA, CA: filepath.Join(t.TempDir(), "ca.pem")}
	write := func(text []byte) {
		t.Helper()
		if err := os.WriteFile(c.SSL.CA, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	write(trusted)
	db := dbtest.Open(t, c)
	db.SetMaxIdleConns(0)

	for _, test := range []struct {
		name string
		text []byte
		want string
	}{
		{"half of it", trusted[:len(trusted)/2], "DB_SSL_CA: " + c.SSL.CA + " holds no PEM certificate"},
		{"all", trusted, ""},
		{"another authority", otherAuthority(t), "unknown authority"},
		{"the first again", trusted, ""},
	} {
		write(test.text)
		err := db.Ping()
		if (err != nil) != (test.want != "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

// otherAuthority returns the certificate of another authority in PEM, which has signed none of the server's.
func otherAuthority(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}

	authority := &x509.Certificate{
		SerialNumber: big.NewInt(7), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, authority, authority, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestSessionIsUTCAndUTF8(t *testing.T) {
	var zone, charset string
	row := dbtest.Open(t, newUser(t, "")).QueryRow("SELECT @@session.time_zone, @@session.character_set_results")
	err := row.Scan(&zone, &charset)
	if err != nil || zone != "+00:00" || charset != "utf8mb4" {
		t.Errorf("time zone %q, charset %q, %v", zone, charset, err)
	}
}

// mistake is a mistake in the settings, with texts that the error must contain.
type mistake struct {
	change func(*dbconn.Config)
	want   []string
}

func TestErrorsOfSettingsNameTheVariable(t *testing.T) {
	authority := authorityFile(t)
	checkMistakes(t, newUser(t, ""), map[string]mistake{
		"no password file": {
			func(c *dbconn.Config) { c.Password, c.PasswordFile = "", "/nowhere/password" },
			[]string{"DB_PASSWORD_FILE", "/nowhere/password"},
		},
		"both passwords": {
			func(c *dbconn.Config) { c.PasswordFile = "/dev/null" },
			[]string{"DB_PASSWORD, DB_PASSWORD_FILE"},
		},
		"no CA file": {
			func(c *dbconn.Config) { c.SSL = dbconn.SSLConfig{Mode: "required", CA: "/nowhere/ca"} },
			[]string{"DB_SSL_CA"},
		},
		"empty CA file": {
			func(c *dbconn.Config) { c.SSL = dbconn.SSLConfig{Mode: "required", CA: "/dev/null"} },
			[]string{"DB_SSL_CA", "no PEM"},
		},
		"key alone": {
			func(c *dbconn.Config) { c.SSL = dbconn.SSLConfig{Mode: "required", Key: authority} },
			[]string{"DB_SSL_CERT"},
		},
		"mode": {
			func(c *dbconn.Config) { c.SSL.Mode = "yes" },
			[]string{"DB_SSL_MODE", "verify_identity"},
		},
		"driver": {
			func(c *dbconn.Config) { c.Driver = "oracle" },
			[]string{"DB_DRIVER"},
		},
		"port 0": {
			func(c *dbconn.Config) { c.Port = 0 },
			[]string{"DB_PORT"},
		},
		"compression": {
			func(c *dbconn.Config) { c.Compression = "zstd" },
			[]string{`DB_COMPRESSION: "zstd"`, "off or zlib"},
		},
		"times": {
			func(c *dbconn.Config) { c.ConnectTimeout, c.ReadTimeout, c.WriteTimeout = 0, -1, -1 },
			[]string{"DB_CONNECT_TIMEOUT", "DB_READ_TIMEOUT", "DB_WRITE_TIMEOUT"},
		},
		"all at once": {
			func(c *dbconn.Config) { c.User, c.Name, c.MaxOpenConns = "", "", 0 },
			[]string{"DB_USER", "DB_NAME", "DB_MAX_OPEN_CONNS"},
		},
	})
}

func TestErrorsOfConnectingNameTheVariable(t *testing.T) {
	good := newUser(t, "")
	authority := authorityFile(t)
	plain := greetingProxy(t, canTLS)
	silent := listenLoopback(t, func(net.Conn) { time.Sleep(3 * time.Second) })
	cut := listenLoopback(t, func(net.Conn) {})
	checkMistakes(t, good, map[string]mistake{
		"host unknown": {
			func(c *dbconn.Config) { c.Host = "no-such-host.invalid" },
			[]string{"no-such-host.invalid", "DB_HOST"},
		},
		"refused": {
			func(c *dbconn.Config) { c.Port = 1 },
			[]string{"nothing listens", "DB_HOST", "DB_PORT"},
		},
		"wrong password": {
			func(c *dbconn.Config) { c.Password = "hunter2-wrong" },
			[]string{"access denied", "DB_USER", "DB_PASSWORD"},
		},
		"wrong user": {
			func(c *dbconn.Config) { c.User = "nobody" },
			[]string{"access denied", "DB_USER"},
		},
		"database": {
			func(c *dbconn.Config) { c.Name = "test_nowhere" },
			[]string{"test_nowhere", "DB_NAME"},
		},
		"no right": {
			func(c *dbconn.Config) { c.Name = "mysql" },
			[]string{"mysql", "DB_NAME", "GRANT"},
		},
		"untrusted": {
			func(c *dbconn.Config) { c.SSL.Mode = "verify_identity" },
			[]string{"not from a trusted authority", "DB_SSL_CA"},
		},
		"untrusted by verify_ca": {
			func(c *dbconn.Config) { c.SSL.Mode = "verify_ca" },
			[]string{"not from a trusted authority", "DB_SSL_CA"},
		},
		"name mismatch": {
			func(c *dbconn.Config) {
				c.Host, c.SSL = "127.0.0.2", dbconn.SSLConfig{Mode: "verify_identity", CA: authority}
				c.Port = forwardPort(t, "127.0.0.2", good)
			},
			[]string{`not valid for "127.0.0.2"`, "DB_HOST"},
		},
		"no TLS": {
			func(c *dbconn.Config) { c.Port, c.SSL.Mode = plain, "required" },
			[]string{"offers no TLS", "DB_SSL_MODE"},
		},
		"no answer": {
			func(c *dbconn.Config) { c.Port, c.ConnectTimeout = silent, time.Second },
			[]string{"no answer within 1s", "DB_HOST"},
		},
		"cut": {
			func(c *dbconn.Config) { c.Port = cut },
			[]string{"cut during log-in", "DB_PORT"},
		},
		"no socket": {
			func(c *dbconn.Config) { c.Socket = "/nowhere/s" },
			[]string{"DB_SOCKET"},
		},
		"locked": {
			func(c *dbconn.Config) { *c = newUser(t, "ACCOUNT LOCK") },
			[]string{"locked", "DB_USER"},
		},
		"TLS demanded": {
			func(c *dbconn.Config) { *c = newUser(t, "REQUIRE SSL") },
			[]string{"DB_SSL_MODE"},
		},
	})
}

// checkMistakes opens the database with each mistake, and checks the error.
func checkMistakes(t *testing.T, good dbconn.Config, mistakes map[string]mistake) {
	t.Helper()
	for name, m := range mistakes {
		t.Run(name, func(t *testing.T) {
			c := good
			m.change(&c)
			db, err := dbconn.Open(t.Context(), c)
			if err == nil {
				_ = db.Close()
				t.Fatal("no error")
			}

			for _, want := range m.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}

			if text := fmt.Sprintf("%v %+v %#v %v", err, err, err, c); strings.Contains(text, "hunter2") {
				t.Errorf("the password shows: %s", text)
			}
		})
	}
}

// listenLoopback calls serve for each connection to a new port, then closes the connection.
func listenLoopback(t *testing.T, serve func(net.Conn)) uint16 {
	t.Helper()
	return listenOn(t, "127.0.0.1", serve)
}

func listenOn(t *testing.T, host string, serve func(net.Conn)) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { serve(c); _ = c.Close() }()
		}
	}()

	return uint16(l.Addr().(*net.TCPAddr).Port)
}

func dialServer(c dbconn.Config) (net.Conn, error) {
	return net.Dial("tcp", net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))))
}

// forwardPort makes the server reachable on another address, which its certificate lacks.
func forwardPort(t *testing.T, host string, to dbconn.Config) uint16 {
	return listenOn(t, host, func(c net.Conn) {
		server, err := dialServer(to)
		if err != nil {
			return
		}
		defer func() { _ = server.Close() }()
		go func() { _, _ = server.(*net.TCPConn).ReadFrom(c) }()
		_, _ = c.(*net.TCPConn).ReadFrom(server)
	})
}

// relayPackets makes the server reachable on another port, and changes each packet from clients.
func relayPackets(t *testing.T, to dbconn.Config, change func(packet []byte) []byte) uint16 {
	return listenLoopback(t, func(c net.Conn) {
		server, err := dialServer(to)
		if err != nil {
			return
		}
		defer func() { _ = server.Close() }()
		go func() { _, _ = c.(*net.TCPConn).ReadFrom(server); _ = c.Close() }()
		header := make([]byte, 4)
		for {
			if _, err := io.ReadFull(c, header); err != nil {
				return
			}

			packet := make([]byte, 4+(int(header[0])|int(header[1])<<8|int(header[2])<<16))
			copy(packet, header)
			if _, err := io.ReadFull(c, packet[4:]); err != nil {
				return
			}
			if _, err := server.Write(change(packet)); err != nil {
				return
			}
		}
	})
}

// Flags of a server's capabilities, in its greeting.
const (
	canCompress = 0x0020
	canTLS      = 0x0800
)

// greetingProxy passes on the real server's greeting without a flag, like a server that lacks this capability.
func greetingProxy(t *testing.T, flag uint16) uint16 {
	admin := dbtest.Shared(t).Admin
	return listenLoopback(t, func(c net.Conn) {
		server, err := dialServer(admin)
		if err != nil {
			return
		}
		defer func() { _ = server.Close() }()
		greeting := make([]byte, 512)
		n, err := server.Read(greeting)
		if err != nil {
			return
		}

		// header (4), protocol (1), version and its NUL, thread id (4), salt (8), filler (1), flags
		flags := 5 + bytes.IndexByte(greeting[5:], 0) + 1 + 4 + 8 + 1
		binary.LittleEndian.PutUint16(greeting[flags:], binary.LittleEndian.Uint16(greeting[flags:])&^flag)
		_, _ = c.Write(greeting[:n])
		_, _ = c.Read(greeting)
	})
}

func TestOpenSQLite(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, bytes.Repeat([]byte("not a database\n"), 100), 0o600); err != nil {
		t.Fatal(err)
	}

	for path, want := range map[string]string{
		"":                         "DB_PATH: not set",
		filepath.Join(dir, "none"): "syncer has run",
		dir:                        "is a folder",
		text:                       "not a database",
	} {
		_, err := dbconn.Open(t.Context(), dbconn.Config{Driver: dbconn.SQLite, Path: path, MaxOpenConns: 1})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "DB_PATH") {
			t.Errorf("%q: got %v, want DB_PATH and %q", path, err, want)
		}
	}
}

func TestSQLiteIsReadOnlyUnderAnyName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?c#d%20é.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	db := dbtest.Open(t, dbconn.Config{Driver: dbconn.SQLite, Path: path, MaxOpenConns: 1})
	if _, err := db.Exec("CREATE TABLE t (a)"); err == nil {
		t.Error("the file can be written")
	}
}

func validateHost(host string) error {
	c := dbconn.Config{
		Driver: dbconn.MySQL, Host: host, Port: 3306, User: "u", Name: "d",
		ConnectTimeout: time.Second, MaxOpenConns: 1,
	}
	return c.Validate()
}

func TestHosts(t *testing.T) {
	for host, want := range map[string]string{
		"[::1]":                           "set DB_HOST=::1",
		"127.0.0.1:3306":                  "set DB_HOST=127.0.0.1 and DB_PORT=3306",
		"[2001:db8::1]:3307":              "set DB_HOST=2001:db8::1 and DB_PORT=3307",
		"db.example.com:3306":             "set DB_HOST=db.example.com and DB_PORT=3306",
		"mysql://db.example.com":          "set DB_HOST=db.example.com,",
		"mysql://u:hunter2@db:3307/stock": "set DB_HOST=db and DB_PORT=3307,",
		"tcp(db:3306)":                    "is not a host",
		"db.example.com ":                 "set DB_HOST=db.example.com",
		"\tdb":                            "set DB_HOST=db",
		"db.example.com/stock":            "is not a host",
		"db 1":                            "is not a host",
		"/run/mysqld/mysqld.sock":         "set DB_SOCKET=/run/mysqld/mysqld.sock",
		"":                                "DB_HOST: empty",
		"u:hunter2@db.example.com":        "a user in it",
		"u:hunter2@tcp(db:3306)/stock":    "a user in it",
		" u:hunter2@db:3306":              "a user in it",
		"mysql://u:hunter2@db ":           "set DB_HOST=db,",
	} {
		err := validateHost(host)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "DB_HOST") ||
			strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v, want %q", host, err, want)
		}
	}

	for _, host := range []string{
		"db", "db.example.com", "db.example.com.", "my_db", "127.0.0.1", "::1", "fe80::1%eth0", "bücher.example",
		"xn--bcher-kva.example", "1.db",
	} {
		if err := validateHost(host); err != nil {
			t.Errorf("%q: %v", host, err)
		}
	}
}

package dbconn_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carstock/pkg/dbconn"
)

// A password is sent in clear text only to a server that has proved its name. The servers of the tests lack the plugins
// that ask for one (PAM, LDAP, Entra ID), so the test plays the log-in of such a server.
func TestClearTextPasswordOverVerifiedTLSOnly(t *testing.T) {
	t.Parallel()
	certificate, authority := selfSigned(t)
	for name, test := range map[string]struct {
		ssl  dbconn.SSLConfig
		sent bool
	}{
		"verify_identity":              {dbconn.SSLConfig{Mode: "verify_identity", CA: authority}, true},
		"verify_ca, its own authority": {dbconn.SSLConfig{Mode: "verify_ca", CA: authority}, true},
		"unverified":                   {dbconn.SSLConfig{Mode: "required"}, false},
		"unverified, an authority":     {dbconn.SSLConfig{Mode: "required", CA: authority}, false},
		"preferred":                    {dbconn.SSLConfig{Mode: "preferred"}, false},
		"no TLS":                       {dbconn.SSLConfig{Mode: "disabled"}, false},
		"an unknown authority":         {dbconn.SSLConfig{Mode: "verify_identity"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			received := make(chan []byte, 9)
			port := listenLoopback(t, func(c net.Conn) { serveClearTextLogin(c, certificate, received) })
			c := dbconn.Config{
				Driver: dbconn.MySQL, Host: "127.0.0.1", Port: port, User: "u", Password: password, Name: "d",
				SSL: test.ssl, ConnectTimeout: 10 * time.Second, MaxOpenConns: 1,
			}
			_, err := dbconn.Open(t.Context(), c)
			var sent bool
			for len(received) > 0 {
				sent = sent || bytes.Contains(<-received, []byte(password))
			}
			if sent != test.sent {
				t.Errorf("sent: %t, want %t (%v)", sent, test.sent, err)
			}
			if err == nil || strings.Contains(err.Error(), "DSN") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error is %v", err)
			}
			if !test.sent && name != "an unknown authority" && !strings.Contains(err.Error(), "DB_SSL_MODE=verify_identity") {
				t.Errorf("the error does not say what to do: %v", err)
			}
		})
	}
}

// serveClearTextLogin plays the server's part of a login up to the password, then closes the connection.
func serveClearTextLogin(c net.Conn, certificate tls.Certificate, received chan<- []byte) {
	greeting := "\x0a9.7.0\x00\x01\x00\x00\x00aaaaaaaa\x00\xff\xff\x2d\x02\x00\xff\xdf\x15" +
		strings.Repeat("\x00", 10) + "bbbbbbbbbbbb\x00caching_sha2_password\x00"
	writePacket(c, 0, greeting)
	response, sequence := readPacket(c)
	if len(response) == 32 { // the client asks for TLS
		c = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
		response, sequence = readPacket(c)
	}

	received <- response
	writePacket(c, sequence+1, "\xfemysql_clear_password\x00")
	response, _ = readPacket(c)
	received <- response
}

func writePacket(c net.Conn, sequence byte, body string) {
	_, _ = c.Write(append([]byte{byte(len(body)), byte(len(body) >> 8), 0, sequence}, body...))
}

func readPacket(c net.Conn) (body []byte, sequence byte) {
	header := make([]byte, 4)
	if _, err := io.ReadFull(c, header); err != nil {
		return nil, 0
	}
	body = make([]byte, int(header[0])|int(header[1])<<8)
	_, _ = io.ReadFull(c, body)
	return body, header[3]
}

// selfSigned makes a self-signed certificate for 127.0.0.1, and a CA file with it.
func selfSigned(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}

	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}

	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}

	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// Package dbconn opens the databases of both services: MySQL (or a server that speaks its
// protocol) and SQLite. It knows data source names, TLS, pools and time-outs, and turns what goes
// wrong into an error that says which variable to look at. It knows no table.
package dbconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"carstock/pkg/settings"
)

// Drivers, as DB_DRIVER names them.
const (
	MySQL  = "mysql"
	SQLite = "sqlite"
)

// Values of DB_TIMEZONE that are no names of zones.
const (
	ZoneUTC    = "UTC"
	ZoneServer = "server"
)

// Values of DB_COMPRESSION.
const (
	CompressionOff  = "off"
	CompressionZlib = "zlib"
)

// TLS modes, with the meaning that MySQL's own clients give to --ssl-mode.
const (
	SSLDisabled       = "disabled"        // no TLS
	SSLPreferred      = "preferred"       // TLS if the server offers it, unverified
	SSLRequired       = "required"        // TLS or nothing, unverified
	SSLVerifyCA       = "verify_ca"       // a certificate from a trusted authority
	SSLVerifyIdentity = "verify_identity" // and one made out to the host that was asked for
)

// Config says which database to open and how; its variables begin with DB_.
type Config struct {
	Driver       string          `default:"mysql" desc:"mysql or sqlite"`
	Host         string          `default:"127.0.0.1" desc:"MySQL server, name or address"`
	Port         uint16          `default:"3306" desc:"MySQL port"`
	Socket       string          `desc:"unix socket of a local MySQL server, instead of host and port"`
	User         string          `desc:"MySQL user"`
	Password     settings.Secret `desc:"its password"`
	PasswordFile string          `split_words:"true" desc:"file that holds the password (Docker and Kubernetes secrets), instead of the password"`
	Name         string          `desc:"MySQL database (schema)"`
	Timezone     string          `default:"UTC" desc:"syncer: time zone in which views are evaluated: UTC, server (the server's own) or a name such as Europe/Berlin; a TIMESTAMP is written in UTC all the same"`
	Compression  string          `default:"off" desc:"off, or zlib: the server compresses what it sends, for slow lines (syncer check measures whether that pays); carapi reads its index so, and single rows always without"`
	SSL          SSLConfig
	Path         string `desc:"SQLite file, for the sqlite driver; opened read-only"`
	PathSetting  string `ignored:"true"` // the variable that Path is from, for errors; DB_PATH if empty

	ConnectTimeout  time.Duration `split_words:"true" default:"10s" desc:"time to reach the server and log in"`
	ReadTimeout     time.Duration `split_words:"true" default:"5m" desc:"longest silence of the server while it works on a query"`
	WriteTimeout    time.Duration `split_words:"true" default:"30s" desc:"longest time to hand the server a packet"`
	QueryTimeout    time.Duration `ignored:"true"` // time after which MySQL stops a query; 0 for none
	Warn            func(string)  `ignored:"true"` // called once for each session variable that could not be set; may be nil
	Received        func(n int)   `ignored:"true"` // called with the bytes of each read from the network, before TLS and compression are undone; may be nil
	MaxOpenConns    int           `split_words:"true" default:"16" desc:"most connections open at once"`
	ConnMaxLifetime time.Duration `split_words:"true" default:"5m" desc:"age at which an idle connection is replaced; keep it under the idle limits of proxies and firewalls"`
}

// SSLConfig holds the variables that begin with DB_SSL_.
type SSLConfig struct {
	Mode string `desc:"disabled, preferred, required, verify_ca or verify_identity; default verify_identity, or disabled for loopback hosts and sockets"`
	CA   string `desc:"PEM file of the authority to trust; default the system's roots, which is what Azure Database for MySQL needs"`
	Cert string `desc:"PEM file of the client's certificate, where the server asks for one"`
	Key  string `desc:"PEM file of the key to that certificate"`
}

var zonePattern = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_+/-]*|[+-][0-9]{1,2}:[0-9]{2})$`)

// Validate reports every wrong variable, joined; it reads the files that variables name.
func (c *Config) Validate() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.MaxOpenConns < 1 {
		wrong("DB_MAX_OPEN_CONNS: %d: at least 1 is needed", c.MaxOpenConns)
	}
	switch c.Driver {
	case MySQL:
		if c.ConnectTimeout <= 0 {
			wrong("DB_CONNECT_TIMEOUT: %s: a time above 0 is needed", c.ConnectTimeout)
		}
		if c.ReadTimeout < 0 {
			wrong("DB_READ_TIMEOUT: %s: expected a time, or 0 for none", c.ReadTimeout)
		}
		if c.WriteTimeout < 0 {
			wrong("DB_WRITE_TIMEOUT: %s: expected a time, or 0 for none", c.WriteTimeout)
		}
		if c.Port == 0 && c.Socket == "" {
			wrong("DB_PORT: 0: expected 1 to 65535")
		}
		errs = append(errs, c.validateHost()...)
		if c.User == "" {
			wrong("DB_USER: not set: the MySQL user to log in as")
		}
		if c.Name == "" {
			wrong("DB_NAME: not set: the MySQL database to read")
		}
		if c.Timezone != "" && !zonePattern.MatchString(c.Timezone) {
			wrong("DB_TIMEZONE: %q: expected UTC, server, a name such as Europe/Berlin, or an offset such as +02:00", c.Timezone)
		}
		if !slices.Contains([]string{"", CompressionOff, CompressionZlib}, c.Compression) {
			wrong("DB_COMPRESSION: %q: expected off or zlib", c.Compression)
		}
		if c.Password != "" && c.PasswordFile != "" {
			wrong("DB_PASSWORD, DB_PASSWORD_FILE: both are set; keep one")
		}
		if _, err := c.password(); err != nil {
			errs = append(errs, err)
		}
		if _, err := c.tlsConfig(); err != nil {
			errs = append(errs, err)
		}
	case SQLite:
		if c.Path == "" {
			wrong("%s: not set: the SQLite file to read", c.pathSetting())
		}
	default:
		wrong("DB_DRIVER: %q: expected mysql or sqlite", c.Driver)
	}
	return errors.Join(errs...)
}

// validateHost finds what does not belong into DB_HOST, and says what the right form is.
func (c *Config) validateHost() []error {
	host := strings.TrimSpace(c.Host)
	form := "expected the name or address alone, such as db.example.com, 192.0.2.7 or ::1"
	switch {
	case c.Socket != "":
		return nil
	case host == "":
		return []error{fmt.Errorf("DB_HOST: empty: %s", form)}
	case host != c.Host:
		return []error{fmt.Errorf("DB_HOST: %q has a space at its beginning or end: set DB_HOST=%s", c.Host, host)}
	case net.ParseIP(host) != nil:
		return nil
	case strings.Contains(host, "://"):
		if u, err := url.Parse(host); err == nil && u.Hostname() != "" {
			return []error{fmt.Errorf("DB_HOST: a URL: %s: set DB_HOST=%s%s, and user, password and database apart",
				form, u.Hostname(), portAdvice(u.Port()))}
		}
		return []error{fmt.Errorf("DB_HOST: a URL: %s", form)}
	case strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]"):
		return []error{fmt.Errorf("DB_HOST: %q: without brackets: set DB_HOST=%s", host, strings.Trim(host, "[]"))}
	case strings.HasPrefix(host, "/"):
		return []error{fmt.Errorf("DB_HOST: %q is a path: set DB_SOCKET=%[1]s", host)}
	}
	name, port, err := net.SplitHostPort(host)
	if err == nil && (net.ParseIP(name) != nil || hostPattern.MatchString(name)) {
		return []error{fmt.Errorf("DB_HOST: %q has a port: set DB_HOST=%s%s", host, name, portAdvice(port))}
	}
	// A zone of an address (fe80::1%eth0) is no name, and fine.
	address, _, _ := strings.Cut(host, "%")
	if net.ParseIP(address) == nil && !hostPattern.MatchString(host) {
		return []error{fmt.Errorf("DB_HOST: %q is no host: %s", host, form)}
	}
	return nil
}

func portAdvice(port string) string {
	if port == "" {
		return ""
	}
	return " and DB_PORT=" + port
}

// hostPattern takes any letter: names may be international.
var hostPattern = regexp.MustCompile(`^[\pL\pN_]([\pL\pN._-]*[\pL\pN_.])?$`)

// password is DB_PASSWORD, or the content of DB_PASSWORD_FILE without its last line break.
func (c *Config) password() (settings.Secret, error) {
	if c.PasswordFile == "" {
		return c.Password, nil
	}
	b, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("DB_PASSWORD_FILE: %w", err)
	}
	return settings.Secret(strings.TrimRight(string(b), "\r\n")), nil
}

// address is what to dial, and how it is told to the user.
func (c *Config) dialAddress() (network, addr string) {
	if c.Socket != "" {
		return "unix", c.Socket
	}
	return "tcp", net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
}

// Where says which database it is, without user and password.
func (c *Config) Address() string {
	if c.Driver == SQLite {
		return c.Path
	}
	_, addr := c.dialAddress()
	return addr + "/" + c.Name
}

// SSLMode is the TLS mode in force: DB_SSL_MODE in lower case, or its default.
func (c *Config) SSLMode() string {
	if c.SSL.Mode != "" {
		return strings.ReplaceAll(strings.ToLower(c.SSL.Mode), "-", "_")
	}
	if ip := net.ParseIP(c.Host); c.Socket != "" || c.Host == "localhost" || ip.IsLoopback() {
		return SSLDisabled
	}
	return SSLVerifyIdentity
}

// verifiedTLS reports whether nobody but the server can read what is sent. verify_ca does that only with an
// authority of one's own: anybody can have a certificate of a public one.
func (c *Config) verifiedTLS() bool {
	switch c.SSLMode() {
	case SSLVerifyIdentity:
		return true
	case SSLVerifyCA:
		return c.SSL.CA != ""
	}
	return false
}

// tlsConfig is nil for a connection without TLS.
func (c *Config) tlsConfig() (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.Host}
	switch c.SSLMode() {
	case SSLDisabled:
		return nil, nil
	case SSLPreferred, SSLRequired:
		t.InsecureSkipVerify = true
	case SSLVerifyCA:
		// Go verifies chain and name together, so the chain alone is verified by hand.
		t.InsecureSkipVerify = true
		t.VerifyConnection = func(s tls.ConnectionState) error {
			intermediates := x509.NewCertPool()
			for _, cert := range s.PeerCertificates[1:] {
				intermediates.AddCert(cert)
			}
			_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: t.RootCAs, Intermediates: intermediates})
			return err
		}
	case SSLVerifyIdentity:
	default:
		return nil, fmt.Errorf("DB_SSL_MODE: %q: expected disabled, preferred, required, verify_ca or verify_identity", c.SSL.Mode)
	}
	if c.SSL.CA != "" {
		pem, err := os.ReadFile(c.SSL.CA)
		if err != nil {
			return nil, fmt.Errorf("DB_SSL_CA: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("DB_SSL_CA: %s holds no PEM certificate", c.SSL.CA)
		}
	}
	if c.SSL.Cert != "" || c.SSL.Key != "" {
		pair, err := tls.LoadX509KeyPair(c.SSL.Cert, c.SSL.Key)
		if err != nil {
			return nil, fmt.Errorf("DB_SSL_CERT, DB_SSL_KEY: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

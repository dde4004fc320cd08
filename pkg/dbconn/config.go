// Package dbconn opens the databases of both services: MySQL (or a server that speaks its protocol) and SQLite. It
// knows data source names, TLS, pools and timeouts. Its errors say which variable to check. It knows no table.
package dbconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"carstock/pkg/settings"
)

// Values of DB_DRIVER.
const (
	MySQL  = "mysql"
	SQLite = "sqlite"
)

// Values of DB_TIMEZONE that are not names of zones.
const (
	ZoneUTC    = "UTC"
	ZoneServer = "server"
)

// Values of DB_COMPRESSION.
const (
	CompressionOff  = "off"
	CompressionZlib = "zlib"
)

// Values of DB_SSL_MODE. They mean what they mean for the option --ssl-mode of MySQL's own clients.
const (
	SSLDisabled       = "disabled"        // no TLS
	SSLPreferred      = "preferred"       // TLS if the server offers it, not verified
	SSLRequired       = "required"        // TLS or nothing, not verified
	SSLVerifyCA       = "verify_ca"       // a certificate from a trusted authority
	SSLVerifyIdentity = "verify_identity" // such a certificate, and issued for DB_HOST
)

// Config says which database to open and how. Its variables begin with DB_. Descriptions describes them.
type Config struct {
	Driver       string `default:"mysql"`
	Host         string `default:"127.0.0.1"`
	Port         uint16 `default:"3306"`
	Socket       string
	User         string
	Password     settings.Secret
	PasswordFile string `split_words:"true"`
	Name         string
	Timezone     string `default:"UTC"`
	Compression  string `default:"off"`
	SSL          SSLConfig
	Path         string
	PathSetting  string `ignored:"true"` // the variable that Path comes from, for errors; DB_PATH if empty

	ConnectTimeout  time.Duration `split_words:"true" default:"10s"`
	ReadTimeout     time.Duration `split_words:"true" default:"5m"`
	WriteTimeout    time.Duration `split_words:"true" default:"30s"`
	MaxOpenConns    int           `split_words:"true" default:"16"`
	ConnMaxLifetime time.Duration `split_words:"true" default:"5m"`

	// QueryTimeout is the time after which MySQL ends a query; 0 for no limit.
	QueryTimeout time.Duration `ignored:"true"`

	// Warn is called once for each session variable that cannot be set. It may be nil.
	Warn func(string) `ignored:"true"`

	// Received is called with the number of bytes of each read from the network, before decryption and decompression. It
	// may be nil.
	Received func(n int) `ignored:"true"`

	files *configFiles // set by Validate
}

// SSLConfig holds the variables that begin with DB_SSL_.
type SSLConfig struct {
	Mode string
	CA   string
	Cert string
	Key  string
}

// Descriptions describes each variable, for settings.Describe.
func (*Config) Descriptions() map[string]string {
	return map[string]string{
		"DB_DRIVER":   "mysql, or (only carapi) sqlite",
		"DB_HOST":     "name or address of the MySQL server",
		"DB_PORT":     "MySQL port",
		"DB_SOCKET":   "Unix socket of a local MySQL server, instead of host and port",
		"DB_USER":     "MySQL user",
		"DB_PASSWORD": "password of that user",
		"DB_PASSWORD_FILE": "file that holds the password (Docker and Kubernetes secrets), " +
			"instead of DB_PASSWORD",
		"DB_NAME": "MySQL database (schema)",
		"DB_TIMEZONE": "syncer: time zone in which views are evaluated: UTC, server (the server's own) " +
			"or a name such as Europe/Berlin; a TIMESTAMP is written in UTC in any case",
		"DB_COMPRESSION": "off, or zlib: the server compresses what it sends, for slow networks " +
			"(syncer check measures whether that pays); carapi reads its index that way, but single rows uncompressed",
		"DB_SSL_MODE": "disabled, preferred, required, verify_ca or verify_identity; " +
			"default verify_identity, or disabled for loopback hosts and sockets",
		"DB_SSL_CA": "PEM file of the certificate authority to trust; default the system's, " +
			"which is what Azure Database for MySQL needs",
		"DB_SSL_CERT":        "PEM file of the client's certificate, if the server asks for one",
		"DB_SSL_KEY":         "PEM file of that certificate's key",
		"DB_PATH":            "carapi: SQLite file, for the sqlite driver; opened read-only",
		"DB_CONNECT_TIMEOUT": "longest time to reach the server and log in",
		"DB_READ_TIMEOUT":    "longest time that the server may send nothing while it works on a query",
		"DB_WRITE_TIMEOUT":   "longest time to send the server a packet",
		"DB_MAX_OPEN_CONNS":  "greatest number of open connections",
		"DB_CONN_MAX_LIFETIME": "age at which an idle connection is replaced; " +
			"keep it under the idle limits of proxies and firewalls",
	}
}

// timeZonePattern allows names of zones and offsets such as +02:00.
var timeZonePattern = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_+/-]*|[+-][0-9]{1,2}:[0-9]{2})$`)

// Validate returns an error for every invalid variable, joined. It reads the files that variables name, for Pool and
// Open too.
func (c *Config) Validate() error {
	c.openFiles()
	var errs []error
	if c.MaxOpenConns < 1 {
		errs = append(errs, fmt.Errorf("DB_MAX_OPEN_CONNS: %d: expected at least 1", c.MaxOpenConns))
	}

	switch c.Driver {
	case MySQL:
		errs = append(errs, c.validateMySQL()...)
	case SQLite:
		if c.Path == "" {
			errs = append(errs, fmt.Errorf("%s: not set: the SQLite file to read", c.pathSetting()))
		}
	default:
		errs = append(errs, fmt.Errorf("DB_DRIVER: %q: expected mysql or sqlite", c.Driver))
	}

	return errors.Join(errs...)
}

// validateMySQL returns an error for every variable that is invalid for the mysql driver.
func (c *Config) validateMySQL() (errs []error) {
	invalid := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	// Time limits.
	if c.ConnectTimeout <= 0 {
		invalid("DB_CONNECT_TIMEOUT: %s: expected a time above 0", c.ConnectTimeout)
	}
	if c.ReadTimeout < 0 {
		invalid("DB_READ_TIMEOUT: %s: expected a time, or 0 for no limit", c.ReadTimeout)
	}
	if c.WriteTimeout < 0 {
		invalid("DB_WRITE_TIMEOUT: %s: expected a time, or 0 for no limit", c.WriteTimeout)
	}

	// Where the database is.
	if c.Port == 0 && c.Socket == "" {
		invalid("DB_PORT: 0: expected 1 to 65535")
	}
	if err := c.validateHost(); err != nil {
		errs = append(errs, err)
	}
	if c.User == "" {
		invalid("DB_USER: not set: the MySQL user to log in as")
	}
	if c.Name == "" {
		invalid("DB_NAME: not set: the MySQL database to read")
	}

	// What a session is like.
	if c.Timezone != "" && !timeZonePattern.MatchString(c.Timezone) {
		invalid("DB_TIMEZONE: %q: expected UTC, server, a name such as Europe/Berlin, or an offset such as +02:00",
			c.Timezone)
	}
	if !slices.Contains([]string{"", CompressionOff, CompressionZlib}, c.Compression) {
		invalid("DB_COMPRESSION: %q: expected off or zlib", c.Compression)
	}

	// Files with secrets.
	if c.Password != "" && c.PasswordFile != "" {
		invalid("DB_PASSWORD, DB_PASSWORD_FILE: both are set; keep one")
	}
	if _, err := c.password(); err != nil {
		errs = append(errs, err)
	}
	if _, err := c.tlsConfig(); err != nil {
		errs = append(errs, err)
	}

	return errs
}

// validateHost returns an error if DB_HOST is more than a name or an address, such as a URL. The error shows the right
// form.
func (c *Config) validateHost() error {
	host := strings.TrimSpace(c.Host)
	const form = "expected the name or address alone, such as db.example.com, 192.0.2.7 or ::1"

	switch {
	case c.Socket != "":
		return nil
	case host == "":
		return fmt.Errorf("DB_HOST: empty: %s", form)

	// A URL, or what has a user, may hold a password: show only the host.
	case strings.Contains(host, "://"):
		if u, err := url.Parse(host); err == nil && u.Hostname() != "" {
			return fmt.Errorf("DB_HOST: a URL: %s: set DB_HOST=%s%s, and user, password and database apart",
				form, u.Hostname(), portAdvice(u.Port()))
		}
		return fmt.Errorf("DB_HOST: a URL: %s", form)
	case strings.Contains(host, "@"):
		return fmt.Errorf("DB_HOST: there is a user in it: %s: set user, password and database apart", form)

	// Other notations: suggest the variables to set instead.
	case host != c.Host:
		return fmt.Errorf("DB_HOST: %q has a space at its beginning or end: set DB_HOST=%s", c.Host, host)
	case net.ParseIP(host) != nil:
		return nil
	case strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]"):
		return fmt.Errorf("DB_HOST: %q: without brackets: set DB_HOST=%s", host, strings.Trim(host, "[]"))
	case strings.HasPrefix(host, "/"):
		return fmt.Errorf("DB_HOST: %q is a path: set DB_SOCKET=%[1]s", host)
	}

	// A port has a variable of its own.
	name, port, err := net.SplitHostPort(host)
	if err == nil && (net.ParseIP(name) != nil || hostPattern.MatchString(name)) {
		return fmt.Errorf("DB_HOST: %q has a port: set DB_HOST=%s%s", host, name, portAdvice(port))
	}

	// The zone of an address (fe80::1%eth0) is not a name, and valid.
	address, _, _ := strings.Cut(host, "%")
	if net.ParseIP(address) == nil && !hostPattern.MatchString(host) {
		return fmt.Errorf("DB_HOST: %q is not a host: %s", host, form)
	}

	return nil
}

// portAdvice says which DB_PORT to set; "" without a port.
func portAdvice(port string) string {
	if port == "" {
		return ""
	}
	return " and DB_PORT=" + port
}

// hostPattern allows any letter: names may be international.
var hostPattern = regexp.MustCompile(`^[\pL\pN_]([\pL\pN._-]*[\pL\pN_.])?$`)

// password returns DB_PASSWORD, or the content of DB_PASSWORD_FILE without the line breaks at its end.
func (c *Config) password() (settings.Secret, error) {
	if c.PasswordFile == "" {
		return c.Password, nil
	}

	return c.files.readPassword()
}

// dialAddress returns the network and the address to connect to.
func (c *Config) dialAddress() (network, addr string) {
	if c.Socket != "" {
		return "unix", c.Socket
	}
	return "tcp", net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
}

// Address names the database, without user and password.
func (c *Config) Address() string {
	if c.Driver == SQLite {
		return c.Path
	}
	_, addr := c.dialAddress()
	return addr + "/" + c.Name
}

// sslMode returns the TLS mode in force: DB_SSL_MODE in lower case, or its default.
func (c *Config) sslMode() string {
	if c.SSL.Mode != "" {
		return strings.ReplaceAll(strings.ToLower(c.SSL.Mode), "-", "_")
	}
	if ip := net.ParseIP(c.Host); c.Socket != "" || c.Host == "localhost" || ip.IsLoopback() {
		return SSLDisabled
	}
	return SSLVerifyIdentity
}

// verifiedTLS reports whether only the server can read what is sent. With verify_ca this requires a private authority:
// anybody can get a certificate from a public one.
func (c *Config) verifiedTLS() bool {
	switch c.sslMode() {
	case SSLVerifyIdentity:
		return true
	case SSLVerifyCA:
		return c.SSL.CA != ""
	}
	return false
}

// tlsConfig returns the TLS settings of a new connection; nil for one without TLS. It reads their files again if they
// have changed.
func (c *Config) tlsConfig() (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.Host}
	switch c.sslMode() {
	case SSLDisabled:
		return nil, nil
	case SSLPreferred, SSLRequired:
		t.InsecureSkipVerify = true // encrypts, and verifies nothing, as in MySQL's own clients

	case SSLVerifyCA:
		// Go verifies chain and name together, so this verifies the chain alone.
		t.InsecureSkipVerify = true
		t.VerifyConnection = func(s tls.ConnectionState) error {
			intermediates := x509.NewCertPool()
			for _, cert := range s.PeerCertificates[1:] {
				intermediates.AddCert(cert)
			}

			options := x509.VerifyOptions{Roots: t.RootCAs, Intermediates: intermediates}
			_, err := s.PeerCertificates[0].Verify(options)
			return err
		}

	case SSLVerifyIdentity:
	default:
		return nil, fmt.Errorf("DB_SSL_MODE: %q: expected disabled, preferred, required, verify_ca or verify_identity",
			c.SSL.Mode)
	}

	var err error
	if c.SSL.CA != "" {
		if t.RootCAs, err = c.files.readRoots(); err != nil {
			return nil, err
		}
	}

	if c.SSL.Cert != "" || c.SSL.Key != "" {
		pair, err := c.files.readPair()
		if err != nil {
			return nil, err
		}
		t.Certificates = []tls.Certificate{pair}
	}

	return t, nil
}

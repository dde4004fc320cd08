package dbconn

import (
	"cmp"
	"context"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/go-sql-driver/mysql"
	"github.com/mattn/go-sqlite3"

	"carstock/pkg/mysqlerr"
)

// explainConnect adds to a connection error what it means and which variable to check.
func (c *Config) explainConnect(err error) error {
	hint := c.connectHint(err)
	switch {
	case hint == "":
		return err
	case errors.Is(err, mysql.ErrCleartextPassword), errors.Is(err, mysql.ErrOldPassword):
		return &replacedError{hint, err}
	}
	return fmt.Errorf("%s (%w)", hint, err)
}

// replacedError replaces the text of an error that advises changing the DSN: users of this program have none.
type replacedError struct {
	text string
	err  error
}

func (e *replacedError) Error() string { return e.text }
func (e *replacedError) Unwrap() error { return e.err }

// connectHint says what a connection error means and what to check; "" if it is not known.
func (c *Config) connectHint(err error) string {
	if hint := c.certificateHint(err); hint != "" {
		return hint
	}

	var (
		dns    *net.DNSError
		netErr net.Error
	)
	switch {
	case mysqlerr.Number(err) != 0:
		return c.serverHint(mysqlerr.Number(err))

	// The server does not offer what the settings require, or requires what the driver refuses.
	case errors.Is(err, mysql.ErrNoTLS):
		return "the server offers no TLS: turn it on there, or set DB_SSL_MODE=disabled on a network you trust"
	case errors.Is(err, ErrNoCompression):
		return "set DB_COMPRESSION=off, or turn compression on at the server: " +
			"MySQL's protocol_compression_algorithms must have zlib"
	case errors.Is(err, mysql.ErrCleartextPassword):
		return "the server wants the password of DB_USER in clear text (PAM, LDAP, Entra ID), which is sent only " +
			"where nobody can read it: set DB_SSL_MODE=verify_identity, " +
			"or verify_ca with the server's own authority in DB_SSL_CA"
	case errors.Is(err, mysql.ErrUnknownPlugin), errors.Is(err, mysql.ErrOldPassword):
		return "the server wants DB_USER to log in by a plugin that is not supported: give the account " +
			"caching_sha2_password, mysql_native_password or ed25519, " +
			"or with MariaDB's PAM set pam_use_cleartext_plugin=ON on the server"

	// The server cannot be reached.
	case errors.As(err, &dns):
		return fmt.Sprintf("host %q is not known: check DB_HOST", c.Host)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: check " + c.addressSettings() + ", and that the server runs"
	case errors.Is(err, os.ErrNotExist) && c.Socket != "":
		return "there is no such socket: check DB_SOCKET, and that the server runs"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return fmt.Sprintf("no answer within %s: check %s, and the firewall between", c.ConnectTimeout, c.addressSettings())
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, mysql.ErrInvalidConn), errors.Is(err, mysql.ErrMalformPkt):
		return "the connection was cut during log-in: check that a MySQL server listens at " + c.addressSettings() +
			"; check DB_SSL_MODE, and that the server's init_connect works for this user"
	}

	return ""
}

// certificateHint explains why the server's certificate was not accepted; "" for other errors.
func (c *Config) certificateHint(err error) string {
	var (
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &authority):
		return "the server's certificate is not from a trusted authority: set DB_SSL_CA to the authority's PEM file"
	case errors.As(err, &name):
		return fmt.Sprintf("the server's certificate is not valid for %q: set DB_HOST to a name in it, "+
			"or DB_SSL_MODE=verify_ca to check the authority alone", c.Host)
	case errors.As(err, &invalid):
		return "the server's certificate is not valid: check its dates, and DB_SSL_CA"
	}

	return ""
}

// serverHint explains an error by its number.
func (c *Config) serverHint(number uint16) string {
	switch number {
	case mysqlerr.AccessDenied, mysqlerr.AccessDeniedNoPassword:
		hint := "access denied: check DB_USER and DB_PASSWORD or DB_PASSWORD_FILE, " +
			"and that the user may log in from this host"
		if c.sslMode() == SSLDisabled {
			hint += "; if server or user demand TLS, set DB_SSL_MODE"
		}
		return hint
	case mysqlerr.AccountHasBeenLocked, mysqlerr.AccountLockedMariaDB:
		return "the account of DB_USER is locked"
	case mysqlerr.DBAccessDenied:
		return fmt.Sprintf("user %q may not use database %q: check DB_NAME and the user's GRANTs", c.User, c.Name)
	case mysqlerr.BadDB:
		return fmt.Sprintf("there is no database %q: check DB_NAME", c.Name)
	case mysqlerr.SecureTransportRequired:
		return "the server takes TLS connections only: set DB_SSL_MODE=verify_identity"
	case mysqlerr.HostNotPrivileged:
		return "the server takes no connections from this host: check DB_USER's host part and the server's firewall"
	case mysqlerr.NewAbortingConnection:
		return "the server ended the connection at once: its init_connect fails for this user"
	case mysqlerr.UnknownTimeZone:
		return fmt.Sprintf("the server does not know the time zone of DB_TIMEZONE=%s: "+
			"load its tables of zones (mysql_tzinfo_to_sql), or set an offset such as +02:00", c.Timezone)
	case mysqlerr.ConnectionCount, mysqlerr.TooManyUserConnections, mysqlerr.UserLimitReached:
		return "the server has no free connection: lower DB_MAX_OPEN_CONNS, or raise the server's limit"
	}

	return ""
}

// sqliteHint says what to check after an error of opening a SQLite file.
func (c *Config) sqliteHint(err error) string {
	var sqlite sqlite3.Error
	if errors.As(err, &sqlite) && (sqlite.Code == sqlite3.ErrReadonly || sqlite.Code == sqlite3.ErrCantOpen) {
		// Readers need the log and its index too. syncer keeps both beside the file.
		return "SQLite needs the files -wal and -shm beside that of " + c.pathSetting() +
			": run syncer once more, or let this user write in the folder"
	}
	return "check " + c.pathSetting()
}

// pathSetting is the variable that names the SQLite file.
func (c *Config) pathSetting() string { return cmp.Or(c.PathSetting, "DB_PATH") }

// addressSettings are the variables that name the server.
func (c *Config) addressSettings() string {
	if c.Socket != "" {
		return "DB_SOCKET"
	}
	return "DB_HOST and DB_PORT"
}

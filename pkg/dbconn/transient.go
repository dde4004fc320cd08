package dbconn

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/go-sql-driver/mysql"
	"github.com/mattn/go-sqlite3"
)

// Transient reports whether an error says that the database could not answer now, and may later:
// the network, a server that stops or is full, a lock. Of the others it says that the question is
// at fault.
func Transient(err error) bool {
	var (
		network *net.OpError
		name    *net.DNSError
		server  *mysql.MySQLError
		file    sqlite3.Error
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, driver.ErrBadConn), errors.Is(err, mysql.ErrInvalidConn),
		errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network), errors.As(err, &name):
		return true
	case errors.As(err, &server):
		switch server.Number {
		case 1040, // ER_CON_COUNT_ERROR
			1053,       // ER_SERVER_SHUTDOWN
			1077, 1079, // ER_NORMAL_SHUTDOWN, ER_SHUTDOWN_COMPLETE
			1158, 1159, 1160, 1161, // ER_NET_READ_ERROR to ER_NET_WRITE_INTERRUPTED
			1203, 1226, // ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT_REACHED
			1205, 1213, // ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK
			1290, 1836, // ER_OPTION_PREVENTS_STATEMENT, ER_READ_ONLY_MODE: a fail-over
			1412,       // ER_TABLE_DEF_CHANGED: it was altered since the transaction began
			1927, 4031: // ER_CONNECTION_KILLED, ER_CLIENT_INTERACTION_TIMEOUT
			return true
		}
	case errors.As(err, &file):
		return file.Code == sqlite3.ErrBusy || file.Code == sqlite3.ErrLocked
	}
	return false
}

// Lost reports whether the connection has broken, or could not be made: a question that changes nothing
// can be put again at once.
func Lost(err error) bool {
	var network *net.OpError
	var server *mysql.MySQLError
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		errors.As(err, &network) && !network.Timeout() || errors.As(err, &server) && server.Number == 1053 // ER_SERVER_SHUTDOWN
}

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

// Transient reports whether an error means that the database cannot answer now but may later: the network, a server
// that stops or is full, a lock. Other errors mean that the query is at fault.
func Transient(err error) bool {
	var (
		network *net.OpError
		name    *net.DNSError
		server  *mysql.MySQLError
		sqlite  sqlite3.Error
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, driver.ErrBadConn), errors.Is(err, mysql.ErrInvalidConn),
		errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network), errors.As(err, &name):
		return true
	case errors.As(err, &server):
		return isTransientCode(server.Number)
	case errors.As(err, &sqlite):
		return sqlite.Code == sqlite3.ErrBusy || sqlite.Code == sqlite3.ErrLocked
	}

	return false
}

// isTransientCode reports whether a server that refuses with this number may accept a moment later.
func isTransientCode(number uint16) bool {
	switch number {
	case errConnectionCount, 1041, 1135, // ER_OUT_OF_RESOURCES, ER_CANT_CREATE_THREAD
		1042, 1043, // ER_BAD_HOST_ERROR, ER_HANDSHAKE_ERROR: of gateways, while the servers behind them move
		1047,                          // ER_UNKNOWN_COM_ERROR: a node of Galera that is not ready, or rejects queries
		errServerShutdown, 1077, 1079, // ER_NORMAL_SHUTDOWN, ER_SHUTDOWN_COMPLETE
		1152, errNewAborting, // ER_ABORTING_CONNECTION
		1158, 1159, 1160, 1161, // ER_NET_READ_ERROR to ER_NET_WRITE_INTERRUPTED
		errTooManyUserConns, errUserLimitReached,
		1020, 1205, 1206, 1213, // ER_CHECKREAD, ER_LOCK_WAIT_TIMEOUT, ER_LOCK_TABLE_FULL, ER_LOCK_DEADLOCK
		1290, 1836, // ER_OPTION_PREVENTS_STATEMENT, ER_READ_ONLY_MODE: a failover
		1412,       // ER_TABLE_DEF_CHANGED: the table was altered since the transaction began
		1615,       // ER_NEED_REPREPARE: the table was altered between prepare and execute
		1927, 4031, // ER_CONNECTION_KILLED, ER_CLIENT_INTERACTION_TIMEOUT
		2002, 2003, 2006, 2013, 2055, // CR_CONNECTION_ERROR to CR_SERVER_LOST_EXTENDED: a proxy has lost its server
		3032, 3168, 3169, // ER_SERVER_OFFLINE_MODE, ER_SERVER_ISNT_AVAILABLE, ER_SESSION_WAS_KILLED
		3796, 3797, 3798, // ER_GRP_HOLD_WAIT_TIMEOUT and the like: Group Replication is being reconfigured
		8022, 8028: // TiDB: try the transaction again; the schema has changed
		return true
	}

	// ProxySQL has no server for the query or has lost it; TiDB's stores are busy or move; Azure's gateway (9002).
	return number >= firstProxyError && number <= lastProxyError
}

// ConnectionLost reports whether the connection broke or could not be made. A query that changes nothing can be sent
// again at once.
func ConnectionLost(err error) bool {
	for _, lost := range []error{driver.ErrBadConn, mysql.ErrInvalidConn, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, lost) {
			return true
		}
	}

	var network *net.OpError
	var server *mysql.MySQLError
	return errors.As(err, &network) && !network.Timeout() ||
		errors.As(err, &server) && server.Number == errServerShutdown
}

package dbconn

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/go-sql-driver/mysql"
	"github.com/mattn/go-sqlite3"

	"carstock/pkg/mysqlerr"
)

// Transient reports whether an error means that the database cannot answer now but may later: the network, a server
// that stops or is full, a lock. Other errors mean that the query is at fault.
func Transient(err error) bool {
	var (
		network *net.OpError
		name    *net.DNSError
		sqlite  sqlite3.Error
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, driver.ErrBadConn), errors.Is(err, mysql.ErrInvalidConn),
		errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network), errors.As(err, &name):
		return true
	case mysqlerr.Number(err) != 0:
		return isTransientNumber(mysqlerr.Number(err))
	case errors.As(err, &sqlite):
		return sqlite.Code == sqlite3.ErrBusy || sqlite.Code == sqlite3.ErrLocked
	}

	return false
}

// isTransientNumber reports whether a server that refuses with this number may accept a moment later.
func isTransientNumber(number uint16) bool {
	switch number {
	case
		// The server is full, starts, stops or is away.
		mysqlerr.ConnectionCount, mysqlerr.OutOfResources, mysqlerr.CantCreateThread,
		mysqlerr.TooManyUserConnections, mysqlerr.UserLimitReached,
		mysqlerr.UnknownCommand, mysqlerr.ServerShutdown, mysqlerr.NormalShutdown, mysqlerr.ShutdownComplete,
		mysqlerr.ServerOfflineMode, mysqlerr.ServerIsntAvailable,
		// A failover.
		mysqlerr.OptionPreventsStatement, mysqlerr.ReadOnlyMode,
		mysqlerr.GroupConsistencyNotAllowed, mysqlerr.GroupConsistencyBefore, mysqlerr.GroupConsistencyAfter,
		// The connection was ended, or could not be made. Gateways answer BadHost and Handshake while servers move.
		mysqlerr.BadHost, mysqlerr.Handshake, mysqlerr.AbortingConnection, mysqlerr.NewAbortingConnection,
		mysqlerr.NetRead, mysqlerr.NetReadInterrupted, mysqlerr.NetErrorOnWrite, mysqlerr.NetWriteInterrupted,
		mysqlerr.ConnectionKilled, mysqlerr.SessionWasKilled, mysqlerr.ClientInteractionTimeout,
		mysqlerr.ClientConnection, mysqlerr.ClientConnHost, mysqlerr.ClientServerGone, mysqlerr.ClientServerLost,
		mysqlerr.ClientServerLostExt,
		// Others wrote, or altered the table, at the same time.
		mysqlerr.CheckRead, mysqlerr.LockWaitTimeout, mysqlerr.LockTableFull, mysqlerr.LockDeadlock,
		mysqlerr.TableDefChanged, mysqlerr.NeedReprepare, mysqlerr.TiDBTxnRetryable, mysqlerr.TiDBSchemaChanged:
		return true
	}

	return number >= mysqlerr.FirstProxyOrTiDBBusy && number <= mysqlerr.LastProxyOrTiDBBusy
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
	return errors.As(err, &network) && !network.Timeout() || mysqlerr.Is(err, mysqlerr.ServerShutdown)
}

package dbconn_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/mattn/go-sqlite3"

	"carstock/pkg/dbconn"
)

func TestTransient(t *testing.T) {
	for want, errs := range map[bool][]error{
		true: {
			context.DeadlineExceeded, mysql.ErrInvalidConn, io.ErrUnexpectedEOF,
			&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}, &net.DNSError{Name: "db", IsNotFound: true},
			&mysql.MySQLError{Number: 1040}, &mysql.MySQLError{Number: 1205}, &mysql.MySQLError{Number: 1412},
			&mysql.MySQLError{Number: 1047}, &mysql.MySQLError{Number: 1836}, &mysql.MySQLError{Number: 3032},
			&mysql.MySQLError{Number: 9001},
			sqlite3.Error{Code: sqlite3.ErrBusy},
		},
		false: {
			nil, errors.New("x"), context.Canceled,
			&mysql.MySQLError{Number: 1045}, &mysql.MySQLError{Number: 1064}, &mysql.MySQLError{Number: 1146},
			sqlite3.Error{Code: sqlite3.ErrCorrupt},
			sqlite3.Error{Code: sqlite3.ErrFull},
			// These have the methods of errors of the network.
			syscall.EACCES, syscall.ENOSPC, &fs.PathError{Op: "open", Path: "/run/secrets/db", Err: syscall.EACCES},
		},
	} {
		for _, err := range errs {
			if dbconn.Transient(err) != want {
				t.Errorf("%T %v: not %v", err, err, want)
			}
			if err != nil && dbconn.Transient(fmt.Errorf("read: %w", err)) != want {
				t.Errorf("%T %v: not %v once it is wrapped", err, err, want)
			}
		}
	}
}

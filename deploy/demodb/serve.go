package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"syscall"

	sqle "github.com/dolthub/go-mysql-server"
	"github.com/dolthub/go-mysql-server/memory"
	mysqlserver "github.com/dolthub/go-mysql-server/server"
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/sirupsen/logrus"
)

// server holds what is served, and where.
type server struct {
	address, folder, database string
	ready                     func(address string) // called once clients can connect

	later   string           // folder of the scripts that run at each of hangups
	hangups <-chan os.Signal // nil if there is no such folder
	changed func()           // called after these scripts
}

// serve runs the scripts of the folder on a new database, and answers clients until ctx ends.
func (s *server) serve(ctx context.Context) error {
	// The library logs every connection, partly through the standard logger. Nobody reads these lines: clients get their
	// errors.
	logrus.SetOutput(io.Discard)
	log.SetOutput(io.Discard)

	// The port is opened before the scripts run, so that one that is in use is reported at once.
	listener, err := listenLoopback(s.address)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()

	provider := memory.NewDBProvider(newDatabase(s.database))
	engine := sqle.NewDefault(provider)
	defer func() { _ = engine.Close() }()

	if err := load(ctx, engine, provider, s.folder, s.database); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("-sql %w", err)
	}

	// Clients can connect from here on.
	config := mysqlserver.Config{Protocol: "tcp", Address: listener.Addr().String(), Listener: listener}
	srv, err := mysqlserver.NewServerWithHandler(
		config, engine, sql.NewContext, memory.NewSessionBuilder(provider), nil, numberErrors)
	if err != nil {
		return fmt.Errorf("set up the server: %w", err)
	}

	ended := make(chan error, 1)
	go func() { ended <- srv.Start() }()
	s.ready(listener.Addr().String())

	for ctx.Err() == nil {
		select {
		case err := <-ended:
			if err == nil {
				err = net.ErrClosed
			}
			return fmt.Errorf("accept connections: %w", err)

		case <-s.hangups:
			err := runScripts(ctx, engine, provider, s.later, s.database)
			if err != nil && ctx.Err() == nil {
				return fmt.Errorf("-later %w", err)
			}
			if err == nil {
				s.changed()
			}

		case <-ctx.Done():
		}
	}

	if err := srv.Close(); err != nil {
		return fmt.Errorf("close the server: %w", err)
	}
	return <-ended
}

// numberErrors gives the error about a database that does not exist, or may not be used, the number that MySQL has for
// it. Otherwise the client gets an unknown error.
func numberErrors(h mysql.Handler) (mysql.Handler, error) {
	inner, ok := h.(*mysqlserver.Handler)
	if !ok {
		return nil, fmt.Errorf("unexpected handler %T", h)
	}
	return handler{inner}, nil
}

// handler is the library's handler with numbered errors.
type handler struct {
	*mysqlserver.Handler
}

// ComInitDB selects a database for a connection.
func (h handler) ComInitDB(c *mysql.Conn, name string) error {
	err := h.Handler.ComInitDB(c, name)
	var numbered *mysql.SQLError
	if errors.As(err, &numbered) && numbered.Num == mysql.ERUnknownError {
		return mysql.NewSQLError(databaseAccessDenied, mysql.SSClientError, "%s", numbered.Message)
	}
	return err
}

// newDatabase makes an empty database.
func newDatabase(name string) *memory.Database {
	db := memory.NewDatabase(name)

	// Otherwise a search by primary key reads the table row by row.
	db.EnablePrimaryKeyIndexes()

	return db
}

// listenLoopback listens on a loopback address. It refuses any other, because the demo's passwords are public.
func listenLoopback(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("-listen: %w", err)
	}

	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("-listen %s: only a loopback address, such as 127.0.0.1:13306", address)
	}

	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is taken by another program: choose another port with -listen", address)
	}
	if err != nil {
		return nil, fmt.Errorf("-listen: %w", err)
	}

	return listener, nil
}

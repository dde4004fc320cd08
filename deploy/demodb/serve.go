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

// server says what is served, and where.
type server struct {
	address, folder, database string
	ready                     func(address string) // is called once clients can come

	later   string           // a folder that is loaded on each of hangups
	hangups <-chan os.Signal // nil for none
	changed func()           // is called after each such load
}

// serve loads the folder into a new database and answers clients until ctx ends.
func (s *server) serve(ctx context.Context) error {
	// The library logs every connection, some of it through the standard logger. Clients are told of their
	// errors; nobody reads these lines.
	logrus.SetOutput(io.Discard)
	log.SetOutput(io.Discard)

	// Before the scripts run: a taken port must be reported at once.
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

	config := mysqlserver.Config{Protocol: "tcp", Address: listener.Addr().String(), Listener: listener}
	srv, err := mysqlserver.NewServerWithHandler(
		config, engine, sql.NewContext, memory.NewSessionBuilder(provider), nil, clearErrors)
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
			if err := runScripts(ctx, engine, provider, s.later, s.database); err != nil {
				return fmt.Errorf("-later %w", err)
			}
			s.changed()
		case <-ctx.Done():
		}
	}

	if err := srv.Close(); err != nil {
		return fmt.Errorf("close the server: %w", err)
	}
	return <-ended
}

// clearErrors gives the error of a database that is not there, or not for this user, its number: the library
// tells the client of an unknown error.
func clearErrors(h mysql.Handler) (mysql.Handler, error) {
	inner, ok := h.(*mysqlserver.Handler)
	if !ok {
		return nil, fmt.Errorf("unexpected handler %T", h)
	}
	return handler{inner}, nil
}

type handler struct {
	*mysqlserver.Handler
}

func (h handler) ComInitDB(c *mysql.Conn, name string) error {
	err := h.Handler.ComInitDB(c, name)
	var numbered *mysql.SQLError
	if errors.As(err, &numbered) && numbered.Num == mysql.ERUnknownError {
		return mysql.NewSQLError(databaseAccessDenied, mysql.SSClientError, "%s", numbered.Message)
	}
	return err
}

func newDatabase(name string) *memory.Database {
	db := memory.NewDatabase(name)
	// Without this, the in-memory tables search their primary key row by row.
	db.EnablePrimaryKeyIndexes()
	return db
}

// listenLoopback refuses every other address: the passwords of a demo are in a public file.
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

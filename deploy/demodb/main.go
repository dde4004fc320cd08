// Command demodb is a MySQL server in memory, for trying carstock where neither MySQL nor Docker is at hand.
//
// It runs the *.sql files of a folder in the order of their names, then serves what they made on a loopback
// address until a signal stops it. Nothing is kept. It does not know what the files hold, and it is no MySQL:
// it speaks the protocol and the dialect well enough for the demo.
//
//	GOWORK=off go run . -listen 127.0.0.1:13306 -sql ../mysql -database vehicles_db
//
// With -later it runs the files of another folder whenever SIGHUP comes, for a demo of what changes.
//
// Its module stands outside the workspace, so that nobody builds the library behind it, some minutes of work,
// who does not run it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run returns the exit code: 0 when a signal stopped it, 1 when it could not serve, 2 for wrong flags.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("demodb", flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := flags.String("listen", "127.0.0.1:13306", "loopback `address` to listen on")
	folder := flags.String("sql", "../mysql", "`folder` of the *.sql files to run")
	database := flags.String("database", "vehicles_db", "`name` of the database that they act on")
	later := flags.String("later", "", "`folder` of *.sql files to run each time when SIGHUP comes")
	if err := flags.Parse(args); err != nil {
		return 2
	}

	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "demodb: unexpected argument %q\n", flags.Arg(0))
		return 2
	}

	ready := func(address string) {
		fmt.Fprintf(stdout, "demodb: ready on %s (database %s)\n", address, *database)
	}
	s := server{address: *listen, folder: *folder, database: *database, ready: ready}
	if *later != "" {
		hangups := make(chan os.Signal, 1)
		signal.Notify(hangups, syscall.SIGHUP)
		defer signal.Stop(hangups)
		s.later, s.hangups = *later, hangups
		s.changed = func() { fmt.Fprintf(stdout, "demodb: changed by %s\n", *later) }
	}

	if err := s.serve(ctx); err != nil {
		fmt.Fprintln(stderr, "demodb:", err)
		return 1
	}
	return 0
}

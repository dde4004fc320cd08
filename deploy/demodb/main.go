// Command demodb is a MySQL server in memory. It lets people try carstock without MySQL or Docker.
//
// It runs the *.sql files of a folder in the order of their names, and then serves the result on a loopback address
// until a signal stops it. It stores nothing on disk. It does not know what the files contain. It supports as much of
// MySQL's protocol and dialect as the demo needs.
//
//	GOWORK=off go run . -listen 127.0.0.1:13306 -sql ../mysql -database vehicles_db
//
// With -later, each SIGHUP runs the files of another folder, so that the demo can show changes.
//
// Its module is outside the workspace: the library takes minutes to build, and only the demo needs it.
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

// run serves until ctx ends. It returns the exit code: 0 if a signal stopped it, 1 if it could not serve, 2 for wrong
// flags.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("demodb", flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := flags.String("listen", "127.0.0.1:13306", "loopback `address` to listen on")
	folder := flags.String("sql", "../mysql", "`folder` of the *.sql files to run")
	database := flags.String("database", "vehicles_db", "`name` of the database that they act on")
	later := flags.String("later", "", "`folder` of *.sql files to run at each SIGHUP")

	if err := flags.Parse(args); err != nil {
		return 2
	}

	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "demodb: unexpected argument %q\n", flags.Arg(0))
		return 2
	}

	// A database that is ready says so; scripts wait for that line.
	ready := func(address string) {
		fmt.Fprintf(stdout, "demodb: ready on %s (database %s)\n", address, *database)
	}
	s := server{address: *listen, folder: *folder, database: *database, ready: ready}

	// SIGHUP changes the data only if there is a folder for it; otherwise it ends the program.
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

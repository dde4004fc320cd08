// Syncer copies views of a MySQL database into a local SQLite file.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"carstock/services/syncer/cli"
)

func main() {
	// Every value that is read becomes garbage, and little else is held: with Go's own setting a
	// quarter of the time goes into collecting it, for a few MiB.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(500)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

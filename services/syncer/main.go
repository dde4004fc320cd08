// Syncer copies views of a MySQL database into a local SQLite file.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"carstock/services/syncer/cli"
)

func main() {
	cli.BoundMemory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

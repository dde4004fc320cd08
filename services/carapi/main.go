// Carapi answers searches of a stock of vehicles over HTTP.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"carstock/services/carapi/cli"
)

// gcPercent lets the heap, of a few MiB, grow to three times what is in use: by default it is collected
// some fifty times in a second. A GOGC of the environment wins.
const gcPercent = 200

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

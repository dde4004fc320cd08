// Carapi answers searches of a stock of vehicles over HTTP.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"carstock/services/carapi/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

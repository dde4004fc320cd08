// Carapi answers searches of a stock of vehicles over HTTP.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"carstock/services/carapi/cli"
)

// heapShare is the part of a container's memory that Go's heap is kept within; SQLite's is beside it. A GOMEMLIMIT of the
// environment wins.
const heapShare = 0.8

func main() {
	// An error is one of a machine without cgroups, where there is no limit either.
	_, _ = memlimit.Set(memlimit.WithRatio(heapShare))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

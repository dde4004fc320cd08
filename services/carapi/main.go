// Carapi answers searches of a stock of vehicles over HTTP.
package main

import (
	"carstock/pkg/program"
	"carstock/services/carapi/cli"
)

func main() {
	cli.BoundMemory()
	program.Main(cli.Run)
}

// Command carapi answers searches of a stock of vehicles over HTTP. Package cli has its commands.
package main

import (
	"carstock/pkg/program"
	"carstock/services/carapi/cli"
)

func main() {
	cli.BoundMemory()
	program.Main(cli.Run)
}

// Syncer copies views of a MySQL database into a local SQLite file.
package main

import (
	"carstock/pkg/program"
	"carstock/services/syncer/cli"
)

func main() {
	cli.BoundMemory()
	program.Main(cli.Run)
}

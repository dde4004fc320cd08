// Command generate writes the demo's stock: the dealers and the vehicles of ../02-stock.sql.
//
// It draws plausible vehicles from a catalog of real ones; the same seed gives the same vehicles. Of the tables, which
// ../01-schema.sql creates, it knows only the columns that it fills.
//
//	go run . > ../02-stock.sql
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
)

const seed = 20261101

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// run writes the stock as SQL.
func run(w io.Writer) error {
	buffered := bufio.NewWriter(w)
	if err := writeSQL(buffered, drawStock(seed)); err != nil {
		return fmt.Errorf("write the stock: %w", err)
	}
	return buffered.Flush()
}

// Command generate writes the demo's stock: the dealers and the vehicles of ../02-stock.sql.
//
// It draws believable cars from a catalog of real ones, always the same for the same seed. It does not know
// what the tables look like beyond the columns that it fills; they are in ../01-schema.sql.
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

func run(w io.Writer) error {
	buffered := bufio.NewWriter(w)
	if err := writeSQL(buffered, drawStock(seed)); err != nil {
		return fmt.Errorf("write the stock: %w", err)
	}
	return buffered.Flush()
}

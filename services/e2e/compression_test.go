package e2e

import (
	"path/filepath"
	"testing"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
)

// zlib sends at most 30 % of the bytes of the benchmark's rows, and the values stay the same. The server compresses
// 16 KiB at a time. The description and the nine texts of each row differ only in their digits.
func TestCompressedBytes(t *testing.T) {
	const rows = 20_000
	mysql := dbtest.Database(t)
	fillTable(t, mysql, "bench", benchColumns(true), rows)
	received, sums := map[string]int64{}, map[string]string{}
	for _, compression := range []string{dbconn.CompressionOff, dbconn.CompressionZlib} {
		c := mysql
		c.Compression = compression
		path := filepath.Join(t.TempDir(), "carstock.db")
		syncInto(t, c, "bench", path)

		file := dbtest.Open(t, dbconn.Config{Driver: dbconn.SQLite, Path: path, MaxOpenConns: 1})
		var table struct{ Rows, Bytes int64 }
		if err := file.Get(&table, "SELECT rows, bytes FROM _sync_tables"); err != nil {
			t.Fatal(err)
		}
		if table.Rows != rows {
			t.Fatalf("%s: %d rows", compression, table.Rows)
		}
		received[compression] = table.Bytes
		var all []byte
		if err := file.Get(&all, "SELECT group_concat(quote(id) || quote(vin) || quote(make) || quote(model) || "+
			"quote(price) || quote(msrp) || "+
			"quote(rating) || quote(score) || quote(text_8) || quote(description) || quote(built) || quote(updated_at)) FROM "+
			"(SELECT * FROM bench ORDER BY id)"); err != nil {
			t.Fatal(err)
		}
		sums[compression] = string(all)
	}
	t.Logf("bytes received: %v", received)
	if received[dbconn.CompressionZlib]*10 > received[dbconn.CompressionOff]*3 {
		t.Errorf("%v: more than 30 %%", received)
	}
	if sums[dbconn.CompressionOff] == "" || sums[dbconn.CompressionZlib] != sums[dbconn.CompressionOff] {
		t.Error("the rows differ")
	}
}

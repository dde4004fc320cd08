package search

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"carstock/pkg/dbconn"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/store"
	"carstock/services/carapi/internal/value"
)

// openService opens a search over a table until the test ends.
func openService(t testing.TB, c dbconn.Config, table string, timeout time.Duration) *Service {
	t.Helper()
	vocabulary, err := value.ReadVocabulary("")
	if err != nil {
		t.Fatal(err)
	}

	c.MaxOpenConns = max(c.MaxOpenConns, 4)
	pools := make([]io.Closer, 0, 2)
	open := func() *store.Store {
		rows, err := dbconn.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}

		reads, err := dbconn.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}

		pools = append(pools, rows, reads)
		settings := store.Settings{
			Table: table, Binding: catalog.Binding{Vocabulary: vocabulary}, Setting: "CARS_TABLE",
			Timeout: timeout, Ping: rows.PingContext,
		}
		return store.New(rows, reads, c.Driver, settings, slog.New(slog.DiscardHandler))
	}

	live := open()
	s := New(live, nil, Options{Vocabulary: vocabulary, Timeout: timeout}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		cancel()
		s.Wait()
		_ = live.Close()
		for _, p := range pools {
			_ = p.Close()
		}
	})

	if err := s.Open(ctx); err != nil {
		t.Fatal(err)
	}

	return s
}

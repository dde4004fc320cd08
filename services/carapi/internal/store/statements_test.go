package store

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"carstock/pkg/dbconn/dbtest"
)

// Several goroutines use more statements than are kept. None is closed while it is in use, and all that are not kept
// are closed in the end.
func TestStatementCache(t *testing.T) {
	_, db := dbtest.SQLite(t)
	cache := newStatementCache(db.DB)
	var wg sync.WaitGroup
	var mu sync.Mutex

	seen := map[*statement]bool{}
	for range 8 {
		wg.Go(func() {
			for range 300 {
				want := rand.IntN(2 * maxStatements)
				s, err := cache.acquire(t.Context(), fmt.Sprintf("SELECT %d", want))
				if err != nil {
					t.Error(err)
					return
				}

				var got int
				if err := s.QueryRow().Scan(&got); err != nil || got != want {
					t.Errorf("got %d, want %d: %v", got, want, err)
				}

				mu.Lock()
				seen[s] = true
				mu.Unlock()
				cache.release(s)
			}
		})
	}

	wg.Wait()
	open := 0
	for s := range seen {
		if s.users != 0 {
			t.Errorf("%d users are left", s.users)
		}
		if s.QueryRow().Scan(new(int)) == nil {
			open++
		}
	}

	if open != maxStatements || cache.cached.Len() != maxStatements {
		t.Errorf("%d are open, %d cached, want %d", open, cache.cached.Len(), maxStatements)
	}

	if _, err := cache.acquire(t.Context(), "SELECT no_such_column"); err == nil {
		t.Error("an invalid statement was prepared")
	}
}

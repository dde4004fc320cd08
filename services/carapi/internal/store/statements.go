package store

import (
	"context"
	"database/sql"
	"sync"

	"carstock/pkg/mysqlerr"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// maxStatements is how many statements stay prepared on each connection. By default MySQL has room for 16,382, which
// all its clients share.
const maxStatements = 32

// statementCache keeps recently used statements prepared. Executing one then takes one round trip, instead of three to
// prepare, execute and close it.
type statementCache struct {
	db *sql.DB

	mu     sync.Mutex // guards what follows
	cached *simplelru.LRU[string, *statement]
}

// statement is prepared, and closed when it is neither cached nor in use.
type statement struct {
	*sql.Stmt
	users    int
	isCached bool
}

func newStatementCache(db *sql.DB) *statementCache {
	s := &statementCache{db: db}
	s.cached, _ = simplelru.NewLRU(maxStatements, func(_ string, old *statement) { // the size is above 0
		old.isCached = false
		old.closeUnused()
	})
	return s
}

// acquire returns a prepared statement. It must be released.
func (s *statementCache) acquire(ctx context.Context, text string) (*statement, error) {
	s.mu.Lock()
	if found, ok := s.cached.Get(text); ok {
		found.users++
		s.mu.Unlock()
		return found, nil
	}

	s.mu.Unlock()
	prepared, err := s.db.PrepareContext(ctx, text)
	if mysqlerr.Is(err, mysqlerr.MaxPreparedStmtCountReached) { // close those of this program
		s.mu.Lock()
		s.cached.Purge()
		s.mu.Unlock()
		prepared, err = s.db.PrepareContext(ctx, text)
	}

	if err != nil {
		return nil, err
	}

	added := &statement{Stmt: prepared, users: 1}
	s.mu.Lock()
	defer s.mu.Unlock()

	if !s.cached.Contains(text) { // otherwise another request was quicker
		added.isCached = true
		s.cached.Add(text, added)
	}

	return added, nil
}

// release gives a statement back, and closes it if it is no longer cached.
func (s *statementCache) release(used *statement) {
	s.mu.Lock()
	defer s.mu.Unlock()
	used.users--
	used.closeUnused()
}

// close closes the statements that are not in use.
func (s *statementCache) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cached.Purge()
}

func (s *statement) closeUnused() {
	if s.users == 0 && !s.isCached {
		_ = s.Close() // the connection has gone, if this fails
	}
}

package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
)

// follower notices changes of a SQLite file that syncer does not keep. It keeps one connection, because SQLite's
// data_version can only be compared on the same connection. A replaced file gets a new connection.
type follower struct {
	mu         sync.Mutex // held while the file is read; guards what follows
	conn       *sqlx.Conn // nil until the first read, and after one that failed
	path       string
	file       os.FileInfo // from before conn was opened, so a replacement in between is noticed later
	generation int64       // number of conn
}

// acquire locks the follower and returns its connection; release unlocks it. The pool must open a new connection for
// each request, because an idle one may belong to a replaced file.
func (f *follower) acquire(ctx context.Context, rows, reads *sqlx.DB) (*sqlx.Conn, error) {
	f.mu.Lock()
	path, file, err := statFile(ctx, rows)
	if err == nil && !f.follows(path, file) {
		err = f.reopen(ctx, reads, path, file)
	}

	if err != nil {
		f.mu.Unlock()
		return nil, err
	}

	return f.conn, nil
}

// release unlocks the follower. After a failure it drops the connection.
func (f *follower) release(failed bool) {
	if failed {
		_ = f.closeConn()
	}
	f.mu.Unlock()
}

// follows reports whether the connection is to this file.
func (f *follower) follows(path string, file os.FileInfo) bool {
	return f.conn != nil && f.path == path && os.SameFile(f.file, file)
}

// reopen replaces the connection by one to another file.
func (f *follower) reopen(ctx context.Context, reads *sqlx.DB, path string, file os.FileInfo) error {
	_ = f.closeConn() // its file is gone
	conn, err := reads.Connx(ctx)
	if err != nil {
		return err
	}

	f.conn, f.path, f.file = conn, path, file
	f.generation++
	return nil
}

// closeConn closes the connection.
func (f *follower) closeConn() error {
	if f.conn == nil {
		return nil
	}
	conn := f.conn
	f.conn = nil
	return conn.Close()
}

func (f *follower) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closeConn()
}

// version returns the file's present version. It waits while the file is read. Without a comparable connection it
// returns a version that no read has had.
func (f *follower) version(ctx context.Context, rows *sqlx.DB) (Version, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := Version{AsOf: time.Now(), Data: (f.generation + 1) << generationShift}

	path, file, err := statFile(ctx, rows)
	if err != nil || !f.follows(path, file) {
		return v, err
	}

	data, err := f.dataVersion(ctx, f.conn)
	if err != nil {
		return v, errors.Join(err, f.closeConn())
	}

	v.Data = data
	return v, nil
}

// generationShift leaves room for a data_version, a small counter, below the number of its connection.
const generationShift = 32

// dataVersion reads data_version, which starts at 1, on the follower's connection or in a transaction on it.
func (f *follower) dataVersion(ctx context.Context, q sqlx.QueryerContext) (int64, error) {
	var data int64
	err := sqlx.GetContext(ctx, q, &data, "PRAGMA data_version")
	return f.generation<<generationShift + data, err
}

// statFile returns the path of a pool's SQLite file, without symbolic links, and the file that is there now.
func statFile(ctx context.Context, db *sqlx.DB) (path string, file os.FileInfo, err error) {
	if err := db.GetContext(ctx, &path, "SELECT file FROM pragma_database_list WHERE name = 'main'"); err != nil {
		return "", nil, err
	}
	if file, err = os.Stat(path); err != nil {
		return "", nil, fmt.Errorf("inspect the SQLite file: %w", err)
	}
	return path, file, nil
}

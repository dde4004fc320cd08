package run

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/mattn/go-sqlite3"

	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/snapshot"
)

func TestKindOfError(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err         error
		kind        string
		isTransient bool
	}{
		{&RefusedError{[]string{"empty"}}, "refused", false},
		{timeoutError(time.Hour), "timeout", false},
		{sqlite3.Error{Code: sqlite3.ErrFull}, "file", false},
		{sqlite3.Error{Code: sqlite3.ErrBusy}, "file", false},
		{snapshot.ErrChanged, "other", true},
		{mysql.ErrInvalidConn, "connection", true},
		{&mysql.MySQLError{Number: 1040}, "connection", true}, // too many connections
		{&mysql.MySQLError{Number: 1356}, "server", true},     // a view's table is being replaced
		{&mysql.MySQLError{Number: 1146}, "server", false},    // no such table
		{errors.New("x"), "other", false},
	} {
		err := fmt.Errorf("stage cars: %w", test.err)
		if kind := ErrorKind(err); kind != test.kind {
			t.Errorf("%v: %s, want %s", test.err, kind, test.kind)
		}
		if got := isTransient(err); got != test.isTransient {
			t.Errorf("%v: transient: %t", test.err, got)
		}
	}
}

func TestFailedStatus(t *testing.T) {
	t.Parallel()
	stopped, cancel := context.WithCancel(t.Context())
	cancel()

	for _, test := range []struct {
		ctx  context.Context
		err  error
		want string
	}{
		{t.Context(), errors.New("x"), snapshotfile.RunFailed},
		{t.Context(), fmt.Errorf("publish: %w", &RefusedError{}), snapshotfile.RunRefused},
		{stopped, context.Canceled, snapshotfile.RunStopped},
		{stopped, &RefusedError{}, snapshotfile.RunRefused},
	} {
		if got := failedStatus(test.ctx, test.err); got != test.want {
			t.Errorf("%v: %s, want %s", test.err, got, test.want)
		}
	}
}

// After a transient error the run is retried, at most SYNC_RETRIES times and until SYNC_TIMEOUT.
func TestRetryRun(t *testing.T) {
	t.Parallel()
	lost, other := mysql.ErrInvalidConn, errors.New("other")
	for name, test := range map[string]struct {
		results  []error // of the attempts; the last one repeats
		retries  int
		timeout  time.Duration
		attempts int
		want     error
	}{
		"success":              {[]error{nil}, 3, time.Hour, 1, nil},
		"success after errors": {[]error{lost, lost, nil}, 3, time.Hour, 3, nil},
		"transient for good":   {[]error{lost}, 2, time.Hour, 3, lost},
		"no retries":           {[]error{lost}, 0, time.Hour, 1, lost},
		"another error":        {[]error{lost, other}, 3, time.Hour, 2, other},
		"time-out":             {[]error{lost}, 1000, 10 * time.Second, 0, timeoutError(10 * time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := config.Config{Sync: config.SyncConfig{Retries: test.retries, Timeout: test.timeout}}
				var report Report
				retries := 0
				o := Options{Retrying: func(error, time.Duration) { retries++ }}
				err := retryRun(t.Context(), c, o, &report, func(context.Context) error {
					return test.results[min(report.Attempts, len(test.results))-1]
				})
				if !errors.Is(err, test.want) || test.attempts > 0 && report.Attempts != test.attempts {
					t.Errorf("%d attempts, %v", report.Attempts, err)
				}
				if test.attempts > 0 && retries != test.attempts-1 {
					t.Errorf("%d retries are reported for %d attempts", retries, report.Attempts)
				}
			})
		})
	}
}

func TestFormatDuration(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0.0 ms", 123 * time.Microsecond: "0.1 ms", 9940 * time.Microsecond: "9.9 ms",
		12600 * time.Microsecond: "13 ms", 2 * time.Second: "2000 ms",
	} {
		if got := formatDuration(d); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}

func TestCompressionVerdict(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		link LinkSpeed
		isOn bool
		want string
	}{
		{
			LinkSpeed{ZlibBytes: 0.2, ZlibTime: 0.5, WorthIt: true},
			false,
			"DB_COMPRESSION=zlib would send 20 % of the bytes, in 50 % of the time: worth it",
		},
		{
			LinkSpeed{ZlibBytes: 0.9, ZlibTime: 1.1},
			true,
			"DB_COMPRESSION=zlib sends 90 % of the bytes, in 110 % of the time: not worth it here",
		},
		{
			LinkSpeed{ZlibBytes: 0.5, ZlibTime: 3},
			false,
			"DB_COMPRESSION=zlib would send 50 % of the bytes, in 3.0 times the time: not worth it here",
		},
	} {
		if got := test.link.compressionVerdict(test.isOn); got != test.want {
			t.Errorf("%s, want %s", got, test.want)
		}
	}
}

// The report of a run that is not recorded, such as a dry run, has the time of its end too.
func TestUnrecordedRunHasFinished(t *testing.T) {
	t.Parallel()
	var c config.Config
	c.Sync.Views = config.ViewList{{Name: "cars", Table: "cars"}}
	report, err := MakeRun(t.Context(), c, Options{Views: []string{"dealers"}})
	if err == nil || report.Finished.Before(report.Started.Round(0)) {
		t.Errorf("from %s to %s, error %v", report.Started, report.Finished, err)
	}
}

package run

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"

	"carstock/pkg/dbconn"
	"carstock/pkg/schema"
	"carstock/services/syncer/internal/source"
)

// Bounds of each of the reads that measure the network. A row of more than sampleBytes is read whole, up to
// sampleLimit.
const (
	sampleTime  = 2 * time.Second
	sampleBytes = 2 << 20
	sampleLimit = 8 << 20
)

// minSample is the least to measure: less than that takes no noticeable time.
const minSample = 64 << 10

// maxZlibTime is the part of the time that compression may take to be worth the server's work.
const maxZlibTime = 0.8

// LinkSpeed is how fast the network between syncer and the source is, as far as a bounded read shows.
type LinkSpeed struct {
	Summary    string   `json:"summary"`
	RoundTrip  float64  `json:"round_trip_seconds"`
	Views      []string `json:"views"`                      // that were read
	Bytes      int64    `json:"bytes"`                      // received without compression
	PerSecond  float64  `json:"bytes_per_second"`           // without compression; 0 if there was too little to measure
	ZlibBytes  float64  `json:"zlib_part_of_bytes"`         // with zlib, as a part of those without; 0 if not measured
	ZlibTime   float64  `json:"zlib_part_of_time"`          // likewise for the time
	WorthIt    bool     `json:"compression_is_worth_it"`    // whether zlib is clearly faster
	Unmeasured string   `json:"not_measured_why,omitempty"` // an error
}

// measureLink reads the beginning of the first view, and of the next ones if the first is short. It reads uncompressed,
// compressed, and uncompressed again, since the first read may have waited for the server's disk. An error goes into
// the summary alone, as it does not keep a run from working.
func measureLink(ctx context.Context, c dbconn.Config, views []schema.Table) (l LinkSpeed) {
	plain, zlib := c, c
	plain.Compression, zlib.Compression = dbconn.CompressionOff, dbconn.CompressionZlib
	first, err := sampleLink(ctx, plain, views, nil)
	if err != nil {
		return notMeasured(err)
	}

	l.RoundTrip, l.Bytes = first.roundTrip.Seconds(), first.received
	for _, v := range views[:len(first.views)] {
		l.Views = append(l.Views, v.Name)
	}

	// Too slow, or too little, to compare.
	if first.stopped && first.bytes < minSample && first.views[len(first.views)-1] < 2 {
		l.Summary = fmt.Sprintf("%s round trip; nothing more was measured, as no two rows of %s came within %s or %s",
			formatDuration(first.roundTrip), l.Views[len(l.Views)-1], sampleTime, humanize.Bytes(sampleLimit))
		return l
	}
	if first.bytes < minSample && !first.stopped {
		l.Summary = fmt.Sprintf("%s round trip; with %s to measure, compression makes no difference: not worth it here",
			formatDuration(first.roundTrip), humanize.Bytes(uint64(first.received)))
		return l
	}

	// Read the same rows compressed, and then uncompressed again: the faster of the plain reads counts.
	compressed, err := sampleLink(ctx, zlib, views, &first)
	isRefused := errors.Is(err, dbconn.ErrNoCompression)
	if err != nil && !isRefused {
		return notMeasured(err)
	}

	second, err := sampleLink(ctx, plain, views, &first)
	if err != nil {
		return notMeasured(err)
	}
	if second.rowsPerSecond() > first.rowsPerSecond() {
		first = second
	}

	measured := l.setSpeed(first)
	if isRefused {
		l.Summary = measured + "; " + dbconn.ErrNoCompression.Error()
		return l
	}
	if compressed.bytes == 0 || compressed.took == 0 {
		l.Summary = measured + "; too little came compressed to compare"
		return l
	}

	l.ZlibBytes = compressed.bytesPerRow() / first.bytesPerRow()
	l.ZlibTime = first.rowsPerSecond() / compressed.rowsPerSecond()
	l.WorthIt = l.ZlibTime <= maxZlibTime
	l.Summary = measured + "; " + l.compressionVerdict(c.Compression == dbconn.CompressionZlib)
	return l
}

// setSpeed sets the speed without compression, and describes it.
func (l *LinkSpeed) setSpeed(s linkSample) string {
	l.PerSecond = float64(s.bytes) / s.took.Seconds()
	views := strings.Join(l.Views, ", ")
	if len(l.Views) > 2 {
		views = fmt.Sprintf("%d views", len(l.Views))
	}
	return fmt.Sprintf("%s round trip, %s/s over %s of %s", formatDuration(s.roundTrip),
		humanize.Bytes(uint64(l.PerSecond)), humanize.Bytes(uint64(s.received)), views)
}

// notMeasured returns the speed of a link that could not be measured, with the reason.
func notMeasured(err error) LinkSpeed {
	return LinkSpeed{Summary: "not measured: " + err.Error(), Unmeasured: err.Error()}
}

// compressionVerdict says whether compression pays, with numbers.
func (l *LinkSpeed) compressionVerdict(isOn bool) string {
	sends := "DB_COMPRESSION=zlib would send"
	if isOn {
		sends = "DB_COMPRESSION=zlib sends"
	}

	inTime := fmt.Sprintf("%.0f %% of the time", 100*l.ZlibTime)
	if l.ZlibTime >= 1.5 {
		inTime = fmt.Sprintf("%.1f times the time", l.ZlibTime)
	}

	worth := "worth it"
	if !l.WorthIt {
		worth = "not worth it here"
	}
	return fmt.Sprintf("%s %.0f %% of the bytes, in %s: %s", sends, 100*l.ZlibBytes, inTime, worth)
}

// formatDuration formats a short time in milliseconds.
func formatDuration(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	if ms < 10 {
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", math.Round(ms))
}

// linkSample is how quickly the beginning of some views arrived.
type linkSample struct {
	roundTrip time.Duration
	views     []int64 // how many rows were read of each
	stopped   bool    // the last view was not read to its end
	received  int64   // all bytes of the rows

	// Of views with two rows or more, from the first byte of the answer to the last row: before it the server is at work,
	// and not the network.
	rows, bytes int64
	took        time.Duration
}

func (s *linkSample) rowsPerSecond() float64 { return float64(s.rows) / max(s.took.Seconds(), 1e-9) }
func (s *linkSample) bytesPerRow() float64   { return float64(s.bytes) / max(float64(s.rows), 1) }

// byteMeter watches what a connection receives while a sample is read.
type byteMeter struct {
	start     time.Time
	received  atomic.Int64
	before    atomic.Int64 // received before the rows, which alone count
	firstByte atomic.Int64 // when the answer's first byte came, in nanoseconds after start; 0 until then
}

// newByteMeter returns a meter that sets no limit before beginRows is called.
func newByteMeter() *byteMeter {
	m := &byteMeter{start: time.Now()}
	m.before.Store(math.MaxInt64 - sampleLimit)
	return m
}

// add counts what has come. It reports whether the rows exceed sampleLimit.
func (m *byteMeter) add(n int) (isTooMuch bool) {
	m.firstByte.CompareAndSwap(0, int64(time.Since(m.start)))
	return m.received.Add(int64(n)) > m.before.Load()+sampleLimit
}

// beginRows begins to count bytes as those of rows.
func (m *byteMeter) beginRows() { m.before.Store(m.received.Load()) }

// rowBytes returns how many bytes have come since beginRows.
func (m *byteMeter) rowBytes() int64 { return m.received.Load() - m.before.Load() }

// sinceFirstByte returns how long ago the answer's first byte came.
func (m *byteMeter) sinceFirstByte() time.Duration {
	return time.Since(m.start) - time.Duration(m.firstByte.Load())
}

// sampleLink reads rows on its own connection: as many as the sample like has, or up to the bounds if like is nil.
func sampleLink(
	ctx context.Context, c dbconn.Config, views []schema.Table, like *linkSample,
) (s linkSample, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	// A row of many megabytes is cut off while it arrives.
	meter := newByteMeter()
	c.Received = func(n int) {
		if meter.add(n) {
			cancel()
		}
	}
	c.Warn = nil                    // checkSource reports the session's warnings
	c.QueryTimeout = 2 * sampleTime // the server does not notice at once that nobody waits any more

	db, err := dbconn.Open(ctx, c)
	if err != nil {
		return s, err
	}
	defer func() { _ = db.Close() }()

	reader, err := source.Begin(ctx, db)
	if err != nil {
		return s, err
	}
	defer func() { _ = reader.Close() }() // its connection may be closed already

	if c.Compression == dbconn.CompressionZlib {
		if err := reader.Compress(ctx); err != nil {
			return s, err
		}
	}
	if s.roundTrip, err = reader.RoundTrip(ctx); err != nil {
		return s, err
	}

	meter.beginRows()
	if err := s.readViews(ctx, reader, views, like, meter); err != nil {
		return s, err
	}

	s.received = meter.rowBytes()
	return s, nil
}

// readViews adds one view after the other to the sample. It stops at the end of what like has read or, if like is nil,
// at the bounds.
func (s *linkSample) readViews(
	ctx context.Context, reader *source.Reader, views []schema.Table, like *linkSample, meter *byteMeter,
) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()

	if like != nil {
		views = views[:len(like.views)]
	}

	for i, v := range views {
		var before, bytes int64
		var took time.Duration
		timeout := time.AfterFunc(time.Hour, stop) // begin shortens it: what Sample prepares does not count

		// Sample calls begin right before the query, and enough after each row.
		begin := func() {
			before = meter.received.Load()
			meter.firstByte.Store(0)
			timeout.Reset(sampleTime - s.took)
		}
		enough := func() bool {
			bytes, took = meter.received.Load()-before, meter.sinceFirstByte()
			s.stopped = like == nil && meter.rowBytes() >= sampleBytes
			return s.stopped
		}

		rows, err := reader.Sample(ctx, v, like.rowLimit(i), begin, enough)
		timeout.Stop()
		if err != nil {
			return err
		}

		// A single row does not show how fast rows follow each other.
		s.views = append(s.views, rows)
		if rows > 1 {
			s.rows, s.bytes, s.took = s.rows+rows, s.bytes+bytes, s.took+took
		}

		// The context ends when the time is up, or sampleLimit is exceeded.
		if s.stopped = s.stopped || ctx.Err() != nil; s.stopped {
			break
		}
	}

	return nil
}

// rowLimit returns how many rows to read of a view in order to read as much as this sample; 0 for all.
func (s *linkSample) rowLimit(view int) int64 {
	if s != nil && s.stopped && view == len(s.views)-1 {
		return s.views[view]
	}
	return 0
}

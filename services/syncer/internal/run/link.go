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

// Bounds of each of the reads that measure the network. A row that is larger than sampleBytes is read whole, up to
// sampleLimit.
const (
	sampleTime  = 2 * time.Second
	sampleBytes = 2 << 20
	sampleLimit = 8 << 20

	// leastSample is how much is to be measured: what is less is on its way in no time.
	minSample = 64 << 10

	// worthwhile is the part of the time that compression may still take, to be worth the server's.
	maxZlibTime = 0.8
)

// Link says how quick the network between syncer and the source is, as far as a bounded read shows it.
type Link struct {
	Summary    string   `json:"summary"`
	RoundTrip  float64  `json:"round_trip_seconds"`
	Views      []string `json:"views"`                      // that were read
	Bytes      int64    `json:"bytes"`                      // received without compression
	PerSecond  float64  `json:"bytes_per_second"`           // without compression; 0 if there was too little to measure
	ZlibBytes  float64  `json:"zlib_part_of_bytes"`         // with zlib, as a part of those without; 0 if not measured
	ZlibTime   float64  `json:"zlib_part_of_time"`          // the same of the time
	WorthIt    bool     `json:"compression_is_worth_it"`    // whether zlib is clearly quicker
	Unmeasured string   `json:"not_measured_why,omitempty"` // an error
}

// measureLink reads the beginning of the first of the views, and of the next ones if that is all it has: as it is, then
// compressed, and once more as it is, since the first read may have waited for the server's disk. What goes wrong is in
// the summary alone: it does not keep a run from its work.
func measureLink(ctx context.Context, c dbconn.Config, views []schema.Table) (l Link) {
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
	if first.stopped && first.bytes == 0 {
		l.Summary = fmt.Sprintf("%s round trip; nothing more was measured, as no two rows of %s came within %s or %s",
			formatDuration(first.roundTrip), l.Views[len(l.Views)-1], sampleTime, humanize.Bytes(sampleLimit))
		return l
	}
	if first.bytes < minSample && !first.stopped {
		l.Summary = fmt.Sprintf("%s round trip; with %s to measure, compression would not be felt: not worth it here",
			formatDuration(first.roundTrip), humanize.Bytes(uint64(first.received)))
		return l
	}
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

	l.PerSecond = float64(first.bytes) / first.took.Seconds()
	of := strings.Join(l.Views, ", ")
	if len(l.Views) > 2 {
		of = fmt.Sprintf("%d views", len(l.Views))
	}
	measured := fmt.Sprintf("%s round trip, %s/s over %s of %s",
		formatDuration(first.roundTrip), humanize.Bytes(uint64(l.PerSecond)), humanize.Bytes(uint64(first.received)), of)
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

func notMeasured(err error) Link {
	return Link{Summary: "not measured: " + err.Error(), Unmeasured: err.Error()}
}

// verdict says whether compression pays, with numbers.
func (l *Link) compressionVerdict(isOn bool) string {
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

// duration writes a short time as a person would.
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
	views     []source.Sample
	stopped   bool  // the last view was not read to its end
	received  int64 // all bytes of the rows

	rows, bytes int64 // after the first row of each view
	took        time.Duration
}

func (s *linkSample) rowsPerSecond() float64 { return float64(s.rows) / max(s.took.Seconds(), 1e-9) }
func (s *linkSample) bytesPerRow() float64   { return float64(s.bytes) / max(float64(s.rows), 1) }

// sampleLink reads rows on a connection of its own: as many as like has read, or within the bounds.
func sampleLink(
	ctx context.Context, c dbconn.Config, views []schema.Table, like *linkSample,
) (s linkSample, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var received, before atomic.Int64
	before.Store(math.MaxInt64 - sampleLimit) // what comes before the rows does not count
	c.Warn = nil
	c.QueryTimeout = 2 * sampleTime // on the server, which does not notice at once that nobody waits any more
	c.Received = func(n int) {
		if received.Add(int64(n)) > before.Load()+sampleLimit {
			cancel()
		}
	}
	db, err := dbconn.Open(ctx, c)
	if err != nil {
		return s, err
	}
	defer func() { _ = db.Close() }()
	reader, err := source.Begin(ctx, db)
	if err != nil {
		return s, err
	}
	defer func() { _ = reader.Close() }() // its connection may have been closed by then
	reader.Received = received.Load
	if s.roundTrip, err = reader.RoundTrip(ctx); err != nil {
		return s, err
	}

	before.Store(received.Load())
	ctx, stop := context.WithTimeout(ctx, sampleTime)
	defer stop()
	enough := func() bool {
		s.stopped = like == nil && received.Load()-before.Load() >= sampleBytes
		return s.stopped
	}
	for i, v := range views {
		var limit int64
		if like != nil {
			if i == len(like.views) {
				break
			}
			if like.stopped && i == len(like.views)-1 {
				limit = like.views[i].Rows
			}
		}
		sample, err := reader.Sample(ctx, v, limit, enough)
		if err != nil {
			return s, err
		}
		s.views = append(s.views, sample)
		s.rows += max(0, sample.Rows-1)
		s.bytes += sample.Bytes
		s.took += sample.Took
		if s.stopped = s.stopped || ctx.Err() != nil; s.stopped {
			break
		}
	}
	s.received = received.Load() - before.Load()
	return s, nil
}

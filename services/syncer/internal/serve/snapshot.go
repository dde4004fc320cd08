package serve

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"carstock/pkg/httpserver"
	"carstock/services/syncer/internal/snapshot"
)

// stallTimeout is how long a client that downloads the snapshot may read nothing.
const stallTimeout = time.Minute

// Bounds of Retry-After while there is no snapshot.
const minRetryAfter, maxRetryAfter = 5 * time.Second, time.Hour

// pullCounters counts downloads of the snapshot. A download that was resumed counts as two answers.
type pullCounters struct{ answers, bytes atomic.Int64 }

// sendSnapshot answers with a copy of the snapshot, or a part of it, in an encoding that the client accepts.
func (s *Service) sendSnapshot(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(w, r, "fetch the snapshot") {
		return
	}

	// Making a copy may take long, and so may sending it.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // fails only on a server without deadlines, which needs none
	_ = control.SetWriteDeadline(time.Time{})
	accepted := strings.Join(r.Header.Values("Accept-Encoding"), ",")
	c, encoding, err := s.copies.get(r.Context(), acceptedEncoding(accepted))
	if err != nil {
		_ = control.SetWriteDeadline(time.Now().Add(stallTimeout))
		s.sendSnapshotError(w, r, err)
		return
	}
	defer c.release()

	// Each encoding is a representation of its own, with its own ETag and digest.
	filename := map[string]string{"filename": filepath.Base(s.config.Sync.Path)}
	h := w.Header()
	h.Set("Content-Type", "application/vnd.sqlite3")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", filename))
	h.Set("Cache-Control", "private, no-cache, no-transform")
	h.Set("Vary", "Accept-Encoding")
	h.Set("ETag", c.etag())
	h.Set("Repr-Digest", c.digest())
	h.Set("Content-Length", strconv.FormatInt(c.size, 10)) // ServeContent replaces it in the answer to a range
	if encoding != notEncoded {
		h.Set("Content-Encoding", encoding)
	}

	sent := &pullWriter{ResponseWriter: w, control: control, pulls: &s.pulls}
	http.ServeContent(sent, r, "", time.Time{}, io.NewSectionReader(c.file, 0, c.size))
}

// sendSnapshotError answers a download for which there is no copy.
func (s *Service) sendSnapshotError(w http.ResponseWriter, r *http.Request, err error) {
	problem := func(status int, detail string) {
		httpserver.WriteProblem(w, r, status, detail)
	}
	log := s.log.With("request_id", httpserver.RequestID(r.Context()))

	var full *noRoomError
	switch {
	case errors.Is(err, snapshot.ErrNoSnapshot):
		// This is not a 404: a client that comes back finds a snapshot, as after a start of syncer.
		wait := minRetryAfter
		if now := s.state.status(); now.progress == nil {
			wait = min(max(time.Until(now.next), minRetryAfter), maxRetryAfter)
		}
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
		problem(http.StatusServiceUnavailable, "there is no snapshot yet: the first run has not published one")
	case errors.Is(err, context.Canceled): // the client has gone, or syncer is stopping
		w.Header().Set("Retry-After", strconv.Itoa(int(minRetryAfter.Seconds())))
		problem(http.StatusServiceUnavailable, "syncer is stopping; try again")
	case errors.As(err, &full):
		log.WarnContext(r.Context(), "the snapshot could not be sent", "error", err)
		problem(http.StatusInsufficientStorage, full.Error())
	default:
		log.ErrorContext(r.Context(), "the snapshot could not be sent", "error", err)
		problem(http.StatusInternalServerError, "the snapshot could not be copied; the log says why")
	}
}

// acceptedEncoding chooses the encoding of a copy by a header Accept-Encoding (RFC 9110, 12.5.3): zstd unless gzip has
// a higher weight, and none if the header names neither, or prefers none.
func acceptedEncoding(header string) string {
	weights := map[string]float64{}
	for part := range strings.SplitSeq(header, ",") {
		name, parameter, _ := strings.Cut(part, ";")
		weight := 1.0
		if _, q, ok := strings.Cut(parameter, "="); ok {
			weight, _ = strconv.ParseFloat(strings.TrimSpace(q), 64) // an invalid weight counts as 0
		}
		weights[strings.ToLower(strings.TrimSpace(name))] = weight
	}

	// An encoding wins over a plain copy of the same weight, and zstd, which is tried first, over gzip.
	best, highest := notEncoded, weights["identity"]
	for _, encoding := range []string{encodedZstd, encodedGzip} {
		weight, named := weights[encoding]
		if !named {
			weight = weights["*"]
		}
		if weight > highest || weight == highest && weight > 0 && best == notEncoded {
			best, highest = encoding, weight
		}
	}

	return best
}

// pullWriter counts what is sent, and extends the deadline as long as the client reads.
type pullWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	pulls   *pullCounters
	counted bool // in pulls.answers
}

// WriteHeader gives the client another stallTimeout to read.
func (p *pullWriter) WriteHeader(code int) {
	_ = p.control.SetWriteDeadline(time.Now().Add(stallTimeout))
	p.ResponseWriter.WriteHeader(code)
}

// Write counts what is sent, and gives the client another stallTimeout to read it.
func (p *pullWriter) Write(b []byte) (int, error) {
	_ = p.control.SetWriteDeadline(time.Now().Add(stallTimeout))
	n, err := p.ResponseWriter.Write(b)

	if !p.counted && n > 0 {
		p.counted = true
		p.pulls.answers.Add(1)
	}
	p.pulls.bytes.Add(int64(n))
	return n, err
}

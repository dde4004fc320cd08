package httpapi

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// How many requests wait for each one that is being answered, and for how long. A longer queue would not help: clients
// would have given up before their turn.
const (
	waitingPerRunning = 2
	maxWait           = 500 * time.Millisecond
)

// shed answers at most inFlight requests at a time. A few more wait for a short while. It refuses all others at once,
// so that the time of an answer does not grow with the load.
func shed(inFlight int) func(http.Handler) http.Handler {
	running := semaphore.NewWeighted(int64(inFlight))
	admitted := semaphore.NewWeighted(int64(inFlight * (1 + waitingPerRunning))) // running or waiting

	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !admitted.TryAcquire(1) {
				refuseOverload(w, r)
				return
			}

			response := bufferedResponse{ResponseWriter: w, body: buffers.Get().(*bytes.Buffer)}
			defer buffers.Put(response.body)
			response.body.Reset()

			// The place is free again before the answer is sent, so clients that read slowly keep no others out.
			func() {
				defer admitted.Release(1)
				if !acquireInTime(r.Context(), running) {
					refuseOverload(&response, r)
					return
				}
				defer running.Release(1)

				next.ServeHTTP(&response, r)
			}()
			response.send()
		})
	}
}

// acquireInTime waits for a place among the running requests. It reports whether one became free within maxWait.
func acquireInTime(ctx context.Context, running *semaphore.Weighted) bool {
	if running.TryAcquire(1) {
		return true
	}

	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	return running.Acquire(ctx, 1) == nil
}

// refuseOverload answers a request for which there is no place.
func refuseOverload(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "1")
	writeProblem(w, r, http.StatusServiceUnavailable, "the server has too many requests to answer; try again in a second")
}

// bufferedResponse holds an answer back until it is whole.
type bufferedResponse struct {
	http.ResponseWriter
	status int // 0 until it is known
	body   *bytes.Buffer
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// WriteHeader implements http.ResponseWriter.
func (b *bufferedResponse) WriteHeader(status int) {
	if b.status == 0 {
		b.status = status
	}
}

// Write implements http.ResponseWriter.
func (b *bufferedResponse) Write(p []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	return b.body.Write(p)
}

// send sends the answer to the client.
func (b *bufferedResponse) send() {
	if b.status != 0 {
		b.ResponseWriter.WriteHeader(b.status)
	}
	_, _ = b.ResponseWriter.Write(b.body.Bytes()) // fails only if the client has gone
}

// Package httpserver is what the HTTP servers of syncer and carapi share: listening, time-outs and shutdown, request
// ids, security headers, problems (RFC 9457), health checks and the registry of metrics. It knows no route. What
// net/http refuses before it calls a handler, such as a malformed request, gets an answer in plain text.
package httpserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"
)

// Time-outs of the server.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = 30 * time.Second // for a slow reader, in addition to the handler's own time
	idleTimeout       = 2 * time.Minute
	shutdownTimeout   = 5 * time.Second // container engines give 10 s for everything
	maxHeaderBytes    = 64 << 10
)

// Listen listens on addr, the value of a setting.
func Listen(setting, addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s: %s is taken by another program; choose another port", setting, addr)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	return l, nil
}

// Serve answers on l until ctx ends, and then gives the requests in flight some time to finish. longest is how long a
// handler may take.
func Serve(ctx context.Context, l net.Listener, h http.Handler, longest time.Duration, log *slog.Logger) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      longest + writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}

	log.Info("listening", "address", l.Addr().String())
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()

	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}

	// ctx has ended: the requests in flight get time of their own.
	log.Info("shutting down")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		log.Warn("requests in flight are cut off", "error", err)
		return srv.Close()
	}

	return nil
}

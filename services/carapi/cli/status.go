package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"carstock/pkg/program"
	"carstock/services/carapi/internal/config"
	"carstock/services/carapi/internal/search"
)

// statusTimeout is the time that carapi has to answer /readyz, which queries no database.
const statusTimeout = 3 * time.Second

func statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Print whether the carapi on this machine is ready",
		Long: `Prints whether the carapi that listens on HTTP_ADDR on this machine is ready, and which databases answer.
The exit code is 1 if it is not ready. The container's health check runs this command.`,
		Example: "  carapi status",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.LoadAddress(program.ConfigFile(cmd))
			if err != nil {
				return err
			}

			ctx, cancel := context.WithTimeout(cmd.Context(), statusTimeout)
			defer cancel()

			return printStatus(ctx, cmd.OutOrStdout(), c.HTTPAddr)
		},
	}
}

// printStatus prints the state of each source, as carapi at addr reports it. It is an error if carapi is not ready, or
// does not answer.
func printStatus(ctx context.Context, w io.Writer, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("HTTP_ADDR: %w", err)
	}

	// A carapi that listens on all addresses answers on this one too.
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}

	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}

	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("no carapi answers: %w: check HTTP_ADDR", err)
	}
	defer func() { _ = res.Body.Close() }()

	var a struct {
		Detail  string          `json:"detail"`
		Sources []search.Status `json:"sources"`
	}
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		return fmt.Errorf("%s: the answer is not from carapi; check HTTP_ADDR: %w", r.URL, err)
	}
	if res.StatusCode != http.StatusOK {
		return errors.New("not ready: " + a.Detail)
	}

	for _, s := range a.Sources {
		state := "away"
		if s.Up {
			state = "up"
		}
		if s.AsOf != nil {
			state += ", as of " + s.AsOf.Format(time.RFC3339)
		}
		if s.Problem != "" {
			state += "; " + s.Problem
		}

		fmt.Fprintf(w, "%-9s %s\n", s.Name, state)
	}

	return nil
}

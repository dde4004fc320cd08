package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"carstock/pkg/program"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/serve"
)

// serveCommand returns the command that makes runs on a schedule until its context ends.
func serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Make runs on a schedule, and serve a status page, metrics and health checks",
		Long: `Makes a run at once (unless SYNC_ON_START=false), and then on the schedule SYNC_SCHEDULE until it is
stopped. Its status page, metrics and health checks are at SYNC_HTTP_ADDR. SIGHUP starts a run now. SIGTERM and
SIGINT stop the program: a run under way is given up, and the snapshot stays as it was.`,
		Example: `  SYNC_SCHEDULE='@every 15m' syncer serve
  SYNC_SCHEDULE='30 6 * * MON-FRI' SYNC_TIMEZONE=Europe/Berlin syncer serve
  curl -X POST -H "Authorization: Bearer $SYNC_HTTP_TOKEN" http://127.0.0.1:9090/sync`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(program.ConfigFile(cmd))
			if err != nil {
				return err
			}

			service, err := serve.New(c, c.Log.Logger(cmd.ErrOrStderr()))
			if err != nil {
				return err
			}
			defer onHangup(cmd.Context(), service.Trigger)()
			return service.Run(cmd.Context())
		},
	}
}

// onHangup calls do at each SIGHUP, until ctx ends or the returned function is called.
func onHangup(ctx context.Context, do func()) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)

	go func() {
		defer signal.Stop(hangup)
		for {
			select {
			case <-hangup:
				do()
			case <-ctx.Done():
				return
			}
		}
	}()
	return stop
}

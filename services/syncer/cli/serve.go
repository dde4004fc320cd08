package cli

import (
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/serve"
)

func serveCommand(file *string) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Make passes on a schedule, and serve a status page, metrics and health checks",
		Long: `Makes a pass at once and then on the schedule SYNC_SCHEDULE, for as long as it runs. Its status
page, metrics and health checks are at SYNC_HTTP_ADDR. SIGHUP asks for a pass now; SIGTERM and
SIGINT stop it: a pass under way is given up, and the snapshot stays as it was.`,
		Example: `  SYNC_SCHEDULE='@every 15m' syncer serve
  SYNC_SCHEDULE='30 6 * * MON-FRI' SYNC_TIMEZONE=Europe/Berlin syncer serve
  curl -X POST -H "Authorization: Bearer $SYNC_HTTP_TOKEN" http://127.0.0.1:9090/sync`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(*file)
			if err != nil {
				return err
			}
			service, err := serve.New(c, slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil)))
			if err != nil {
				return err
			}
			hangup := make(chan os.Signal, 1)
			signal.Notify(hangup, syscall.SIGHUP)
			defer signal.Stop(hangup)
			go func() {
				for {
					select {
					case <-hangup:
						service.Wake()
					case <-cmd.Context().Done():
						return
					}
				}
			}()
			return service.Run(cmd.Context())
		},
	}
}

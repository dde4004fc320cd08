package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"carstock/pkg/program"
	"carstock/services/carapi/internal/auth"
)

func keyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "Make the keys of clients", Example: "  carapi key new partner"}
	cmd.AddCommand(keyNewCommand())
	return cmd
}

// newKeyText takes the key, and the line that holds its hash.
const newKeyText = `The key, which the client sends as X-API-Key. It is not shown again:

  %s

The line for the file API_KEYS_FILE, or for API_KEYS. It has a hash of the key:

  %s
`

func keyNewCommand() *cobra.Command {
	var expires string
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Print a new key, and the line that makes it valid",
		Long: `Prints a new key of 256 bits, and a line for the file that API_KEYS_FILE names, or for API_KEYS. The line
has only a hash of the key: give the key itself to the client, because it is not shown again. The log calls the
key NAME. The command reads no settings and stores nothing.`,
		Example: `  carapi key new partner
  carapi key new partner --expires 2027-01-31`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return program.UsageErrorf("expected one argument, the name of the client: carapi key new NAME")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			// An empty day is a mistake. It does not stand for a key without an end.
			var until time.Time
			if cmd.Flags().Changed("expires") {
				var err error
				if until, err = time.Parse(time.DateOnly, expires); err != nil {
					return program.UsageErrorf("--expires %q: expected a day such as 2027-01-31", expires)
				}
				if time.Now().After(until.AddDate(0, 0, 1)) {
					return program.UsageErrorf("--expires %s: the day is past; choose a later one", expires)
				}
			}

			secret, line, err := auth.NewKey(args[0], until)
			if err != nil {
				return program.UsageErrorf("%w", err)
			}

			_, err = fmt.Fprintf(cmd.OutOrStdout(), newKeyText, secret, line)
			return err
		},
	}

	cmd.Flags().StringVar(&expires, "expires", "", "last `DAY` (UTC) on which the key is valid, such as 2027-01-31")
	return cmd
}

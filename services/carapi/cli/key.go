package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"carstock/pkg/program"
	"carstock/services/carapi/internal/auth"
)

func keyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "Make keys for clients", Example: "  carapi key new partner"}
	cmd.AddCommand(keyNewCommand())
	return cmd
}

const newKeyText = `The key, for the client to send as X-API-Key; it is not shown again:

  %s

The line to add to the file of API_KEYS_FILE, or to API_KEYS; the key cannot be found from it:

  %s
`

func keyNewCommand() *cobra.Command {
	var expires string
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Print a new key, and the line to store",
		Long: `Prints a new key of 256 bits, and the line to store in the file that API_KEYS_FILE names, or in API_KEYS.
The line holds only a hash of the key: the key itself is for the client, and is shown only now. The log calls
the key by its name. Reads no settings and stores nothing.`,
		Example: `  carapi key new partner
  carapi key new partner --expires 2027-01-31`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return program.UsageErrorf("the client's name is needed, and nothing else: carapi key new NAME")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var until time.Time
			if cmd.Flags().Changed("expires") { // an empty day is a mistake; it does not mean forever
				var err error
				if until, err = time.Parse(time.DateOnly, expires); err != nil {
					return program.UsageErrorf("--expires %q: expected a day such as 2027-01-31", expires)
				}
				if time.Now().After(until.AddDate(0, 0, 1)) {
					return program.UsageErrorf("--expires %s: the day is past", expires)
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

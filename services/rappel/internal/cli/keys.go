package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/keyfile"
)

const keysLong = `Make the keys of those who send answers to the collector.

The collector asks for them where collector.keys_file names a file. The file
holds the hash of each key, so who reads it can send nothing; the key itself is
shown once, here. docs/operations.md says what callers see.`

const keysNewLong = `Make a key, and the entry to put below keys: in the collector's file.

Two entries may have one name: that is how a key is replaced. Add the new one,
start the collector again, have the sender change over, then take the old one
out.`

const keysExample = `  rappel keys new --name shop
  rappel keys new --name shop --survey apres-livraison --channel sms --until 2027-01-01
  rappel keys hash < key.txt`

// Keys is `rappel keys` with its commands.
func Keys() *cobra.Command { return keysCommand(system()) }

func keysCommand(e env) *cobra.Command {
	root := &cobra.Command{
		Use: "keys", Short: "Make the keys of those who send answers", Long: keysLong, Example: keysExample,
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(keysNew(e), keysHash())
	return root
}

func keysNew(e env) *cobra.Command {
	var entry keyfile.Entry
	var until string
	cmd := &cobra.Command{
		Use: "new --name NAME", Short: "Make a key and its entry", Long: keysNewLong, Example: keysExample,
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var errs []error
			for _, token := range append([]string{entry.Name}, entry.Surveys...) {
				if subject.CheckToken(token) != nil {
					errs = append(errs, fmt.Errorf("%q: a name, or a survey, %w", token, subject.ErrToken))
				}
			}
			var err error
			if entry.NotAfter, err = parseUntil(until, e.now()); err != nil {
				errs = append(errs, err)
			}
			if err := errors.Join(errs...); err != nil {
				return err
			}
			return newKey(cmd.OutOrStdout(), entry)
		},
	}
	f := cmd.Flags()
	f.StringVar(&entry.Name, "name", "", "whose key it is; required")
	f.StringArrayVar(&entry.Surveys, "survey", nil, "survey that it may send; again for more (default any)")
	f.StringArrayVar(&entry.Channels, "channel", nil, "channel that it may send; again for more (default any)")
	f.StringVar(&until, "until", "", "when it ends: a day, as 2027-01-01 (its beginning, UTC), or a time, as 2027-01-01T09:00:00+01:00")
	return cmd
}

func keysHash() *cobra.Command {
	return &cobra.Command{
		Use: "hash", Short: "Print the sha256 of the key on standard input", Example: "  rappel keys hash < key.txt",
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), 1<<10))
			if err != nil {
				return err
			}
			h, err := keyfile.Sum(strings.TrimSpace(string(text)))
			if err != nil {
				return fmt.Errorf("what was read %w", err)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), h)
			return err
		},
	}
}

// parseUntil reads a day or a time that is still to come; "" is for ever.
func parseUntil(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t, err = time.Parse(time.RFC3339, s)
	}
	switch {
	case err != nil:
		return t, fmt.Errorf("--until %s: must be as 2027-01-01 or 2027-01-01T09:00:00+01:00", s)
	case !t.After(now):
		return t, fmt.Errorf("--until %s: has passed", s)
	}
	return t, nil
}

// newKey shows a key. What is printed is read as the collector will read it: a channel may
// be wrong, and nobody shall find out at its start.
func newKey(out io.Writer, entry keyfile.Entry) error {
	key := keyfile.New()
	var err error
	if entry.Hash, err = keyfile.Sum(key); err != nil {
		return err
	}
	text, err := entry.YAML()
	if err != nil {
		return err
	}
	if _, err := keyfile.Load("the entry", []byte("keys:\n"+text)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "The key, for the sender; it is not shown again:\n\n%s\n\nIts entry, for collector.keys_file:\n\nkeys:\n%s", key, text)
	return err
}

// readKey is the key to send: what the file holds, or RAPPEL_KEY; "" when there is none.
func readKey(e env, file string) (string, error) {
	key, where := e.getenv("RAPPEL_KEY"), "RAPPEL_KEY"
	if file != "" {
		text, err := os.ReadFile(file) //nolint:gosec // the person names it
		if err != nil {
			return "", err
		}
		key, where = string(text), file
	}
	key = strings.TrimSpace(key)
	if key == "" && file == "" {
		return "", nil
	}
	if _, err := keyfile.Sum(key); err != nil {
		return "", fmt.Errorf("what %s holds %w", where, err)
	}
	return key, nil
}

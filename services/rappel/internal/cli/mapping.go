package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/rappel-loop/rappel/services/internal/mapping"
)

const mappingLong = `Try out the mapping of a webhook: what a body becomes, before the source sends it.

docs/connectors.md says how to write one; sample/hooks has one for each source.`

const mappingTestLong = `Show the response that a body becomes under a mapping, or why it becomes none.

A source that sends ids only is asked for the rest by the collector, and what is
mapped has parts: name them, as object=FILE. docs/connectors.md says which parts
each source has.

Exit code: 0 when the body becomes a response or is left out on purpose, else 1.`

const mappingExample = `  rappel mapping test sample/hooks/typeform.yaml body.json
  rappel mapping test sample/hooks/hubspot.yaml object=object.json
  rappel mapping paths body.json`

// Mapping is `rappel mapping` with its commands.
func Mapping() *cobra.Command {
	root := &cobra.Command{
		Use: "mapping", Short: "Try out the mapping of a webhook", Long: mappingLong, Example: mappingExample,
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	test := &cobra.Command{
		Use: "test MAPPING BODY | PART=FILE...", Short: "Show what a body becomes", Long: mappingTestLong, Example: mappingExample,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return errors.New("name a mapping and a body; rappel mapping test --help shows examples")
			}
			return testMapping(cmd.OutOrStdout(), args[0], args[1:])
		},
	}
	paths := &cobra.Command{
		Use: "paths BODY | PART=FILE...", Short: "List the paths of a body, with what stands there", Example: mappingExample,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("name a body; rappel mapping --help shows examples")
			}
			doc, err := readDocument(args)
			if err != nil {
				return err
			}
			return printPaths(cmd.OutOrStdout(), doc)
		},
	}
	root.AddCommand(test, paths)
	return root
}

func testMapping(out io.Writer, file string, bodies []string) error {
	text, err := os.ReadFile(file) //nolint:gosec // the person names it
	if err != nil {
		return err
	}
	m, err := mapping.ParseBody(file, text)
	if err != nil {
		return fmt.Errorf("the mapping is wrong:\n  %s", strings.ReplaceAll(err.Error(), "\n", "\n  "))
	}
	doc, err := readDocument(bodies)
	if err != nil {
		return err
	}
	row := m.Map(doc)
	switch {
	case row.Skip != "":
		_, err = fmt.Fprintf(out, "left out: %s\n", row.Skip)
		return err
	case row.Response == nil:
		return fmt.Errorf("it becomes no response:\n  %s\n`rappel mapping paths` lists what stands where", strings.Join(row.Problems, "\n  "))
	}
	body, err := protojson.Marshal(row.Response)
	if err != nil {
		return err
	}
	return printBody(out, body)
}

// readDocument reads one body, or the parts of one.
func readDocument(args []string) (any, error) {
	var parts []any
	for _, arg := range args {
		name, file, named := strings.Cut(arg, "=")
		if !named {
			if len(args) > 1 {
				return nil, fmt.Errorf("%q is one of several: name each, as push=FILE", arg)
			}
			return readBody(arg)
		}
		doc, err := readBody(file)
		if err != nil {
			return nil, err
		}
		parts = append(parts, name, doc)
	}
	return mapping.Object(parts...), nil
}

func readBody(file string) (any, error) {
	data, err := os.ReadFile(file) //nolint:gosec // the person names it
	if err != nil {
		return nil, err
	}
	doc, err := mapping.Document(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return doc, nil
}

func printPaths(out io.Writer, doc any) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "PATH\tHOLDS") // what fails shows at the flush
	for _, l := range mapping.Leaves(doc) {
		_, _ = fmt.Fprintf(w, "%s\t%s\n", l.Path, oneLine(l.Text))
	}
	return w.Flush()
}

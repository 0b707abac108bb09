package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
)

func (d *desk) causesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "causes", Args: d.noArguments, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			body, err := d.get(cmd, "/v1/rootCauses", nil)
			if err != nil {
				return d.failed(cmd, "", err)
			}
			if d.asJSON() {
				return printBody(cmd.OutOrStdout(), body)
			}
			resp := &callbackv1.ListRootCausesResponse{}
			if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, resp); err != nil {
				return errors.New("the answer cannot be read: is it a Rappel server?")
			}
			return d.printCauses(cmd.OutOrStdout(), resp.GetRootCauses())
		},
	}
}

// printCauses writes the tree: each dimension, and below it what --root-cause
// takes, with what it means.
func (d *desk) printCauses(w io.Writer, dimensions []*callbackv1.RootCause) error {
	if len(dimensions) == 0 {
		_, err := fmt.Fprintln(w, d.w.AnyCause)
		return err
	}
	width := 0
	each(dimensions, func(c *callbackv1.RootCause) { width = max(width, cells(c.GetName())) })
	_, terminal := d.terminal(w)
	s := style{on: terminal && d.getenv("NO_COLOR") == ""}
	var b strings.Builder
	for i, dimension := range dimensions {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(s.bold(d.label(dimension)) + "\n")
		each(dimension.GetCauses(), func(c *callbackv1.RootCause) {
			b.WriteString("  " + s.cyan(pad(oneLine(c.GetName()), width)) + "  " + d.label(c) + "\n")
		})
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (d *desk) label(c *callbackv1.RootCause) string {
	if d.w == &english {
		return oneLine(c.GetEnglish())
	}
	return oneLine(c.GetFrench())
}

// each visits a tree from the top, a branch at a time.
func each(level []*callbackv1.RootCause, visit func(*callbackv1.RootCause)) {
	for _, c := range level {
		visit(c)
		each(c.GetCauses(), visit)
	}
}

package cli

import (
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
)

func (d *rulesDesk) validate() *cobra.Command {
	return &cobra.Command{
		Use: "validate FILE", Short: "Say everything that is wrong with rules",
		Long: "Say everything that is wrong with rules, each fault with its line, and store nothing.\n\nExit code: 0 when they are right, 1 when they are not.",
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := rulesText(cmd, args)
			if err != nil {
				return err
			}
			resp, answer, err := d.check(cmd, text)
			if err != nil {
				return err
			}
			if d.output == "json" {
				err = printBody(cmd.OutOrStdout(), answer)
			} else {
				err = printFaults(cmd.OutOrStdout(), args[0], resp)
			}
			if err != nil {
				return err
			}
			return wrongRules(args[0], resp)
		},
	}
}

// check asks what is wrong with rules.
func (d *rulesDesk) check(cmd *cobra.Command, text string) (*alertingv1.ValidateRulesResponse, []byte, error) {
	answer, err := d.answer(cmd, http.MethodPost, "/v1/rules:validate", &alertingv1.ValidateRulesRequest{Text: text})
	if err != nil {
		return nil, nil, err
	}
	resp := &alertingv1.ValidateRulesResponse{}
	return resp, answer, read(answer, resp)
}

// printFaults writes each fault as compilers do, or that there is none.
func printFaults(w io.Writer, file string, resp *alertingv1.ValidateRulesResponse) error {
	for _, f := range resp.GetFaults() {
		place := clean(file)
		if f.GetLine() > 0 {
			place += fmt.Sprintf(":%d:%d", f.GetLine(), f.GetColumn())
		}
		if f.GetPath() != "" {
			place += ": " + oneLine(f.GetPath())
		}
		if _, err := fmt.Fprintf(w, "%s: %s\n", place, oneLine(f.GetMessage())); err != nil {
			return err
		}
	}
	if len(resp.GetFaults()) == 0 {
		metrics := ""
		if resp.GetMetrics() > 0 {
			metrics = fmt.Sprintf(" and %d metric rules", resp.GetMetrics())
		}
		_, err := fmt.Fprintf(w, "%s is right: %d rules%s, version %s\n", clean(file), resp.GetRules(), metrics, oneLine(resp.GetVersion()))
		return err
	}
	return nil
}

// wrongRules is the error of rules with faults; nil without.
func wrongRules(file string, resp *alertingv1.ValidateRulesResponse) error {
	n := len(resp.GetFaults()) + int(resp.GetMoreFaults())
	switch n {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%s has a fault", clean(file))
	default:
		return fmt.Errorf("%s has %d faults", clean(file), n)
	}
}

func (d *rulesDesk) put() *cobra.Command {
	req := &alertingv1.PutRulesRequest{}
	var number uint64
	cmd := &cobra.Command{
		Use: "put FILE", Short: "Put rules in force",
		Long: "Put rules in force, on every replica within seconds. Responses that were handled already are\nnot looked at again. Rehearse them first: rappel rules rehearse FILE.",
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if req.Text, err = rulesText(cmd, args); err != nil {
				return err
			}
			resp, _, err := d.check(cmd, req.GetText())
			if err != nil {
				return err
			}
			if wrong := wrongRules(args[0], resp); wrong != nil {
				_ = printFaults(cmd.ErrOrStderr(), args[0], resp) // the error says it, too
				return wrong
			}
			if cmd.Flags().Changed("number") {
				req.Number = &number
			}
			put := &alertingv1.PutRulesResponse{}
			if done, err := d.ask(cmd, http.MethodPut, "/v1/rules", req, put); done || err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "in force: %s\n", d.versionLine(put.GetVersion()))
			return err
		},
	}
	cmd.Flags().StringVar(&req.By, "by", "", "who decides: letters, digits, and . _ - @")
	cmd.Flags().Uint64Var(&number, "number", 0, "number of the version that you have seen last: refused when there was another meanwhile")
	return cmd
}

package cli

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"

	"github.com/spf13/cobra"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
)

func (d *rulesDesk) versions() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "versions", Short: "Show the versions that were in force, the latest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 || limit > 100 {
				return errors.New("--limit: must be 1 to 100")
			}
			resp := &alertingv1.ListRuleVersionsResponse{}
			if done, err := d.ask(cmd, http.MethodGet, fmt.Sprintf("/v1/rules/versions?pageSize=%d", limit), nil, resp); done || err != nil {
				return err
			}
			return d.printVersions(cmd.OutOrStdout(), resp.GetVersions())
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "how many, 1 to 100")
	return cmd
}

func (d *rulesDesk) printVersions(out io.Writer, versions []*alertingv1.RulesVersion) error {
	if len(versions) == 0 {
		_, err := fmt.Fprintln(out, "none was stored: the shipped rules run")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "NUMBER\tVERSION\tSINCE\tORIGIN") // what fails shows at the flush
	for _, v := range versions {
		_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", v.GetNumber(), oneLine(v.GetVersion()), v.GetAt().AsTime().In(d.zone).Format("2006-01-02 15:04:05"), origin(v))
	}
	return w.Flush()
}

func (d *rulesDesk) show() *cobra.Command {
	var other string
	cmd := &cobra.Command{
		Use: "show VERSION", Short: "Show a version as it was written, or what changed",
		Long: "Show a version as it was written. VERSION is its number, or what alerts carry (2026-11+1a2b3c4d).\n\n" +
			"With --diff the lines are shown that differ from another version, which are removed (-) and\nadded (+) to come from that one to this one.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("name one version; rappel rules versions lists them")
			}
			if other != "" {
				return d.diff(cmd, other, args[0])
			}
			resp := &alertingv1.GetRuleVersionResponse{}
			if done, err := d.ask(cmd, http.MethodGet, versionPath(args[0]), nil, resp); done || err != nil {
				return err
			}
			_, err := io.WriteString(cmd.OutOrStdout(), clean(resp.GetText()))
			return err
		},
	}
	cmd.Flags().StringVar(&other, "diff", "", "the version to compare it with")
	return cmd
}

func versionPath(version string) string { return "/v1/rules/versions/" + url.PathEscape(version) }

func (d *rulesDesk) diff(cmd *cobra.Command, from, to string) error {
	if d.output == "json" {
		return errors.New("--diff is text; fetch both versions with -o json instead")
	}
	var texts [2]*alertingv1.GetRuleVersionResponse
	for i, version := range []string{from, to} {
		texts[i] = &alertingv1.GetRuleVersionResponse{}
		if _, err := d.ask(cmd, http.MethodGet, versionPath(version), nil, texts[i]); err != nil {
			return err
		}
	}
	name := func(v *alertingv1.RulesVersion) string {
		return fmt.Sprintf("%s (%d)", oneLine(v.GetVersion()), v.GetNumber())
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "--- %s\n+++ %s\n%s", name(texts[0].GetVersion()), name(texts[1].GetVersion()), clean(lineDiff(texts[0].GetText(), texts[1].GetText())))
	return err
}

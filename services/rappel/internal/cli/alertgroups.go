package cli

import (
	"errors"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
)

// groupsCommand shows the groups in which people are told of alerts.
func (d *desk) groupsCommand() *cobra.Command {
	var route string
	var limit int
	cmd := &cobra.Command{
		Use: "groups [options]", Args: d.noArguments, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 || limit > 1000 {
				return errors.New(d.w.BadLimit)
			}
			return d.listGroups(cmd, route, limit)
		},
	}
	cmd.Flags().StringVar(&route, "route", "", "")
	cmd.Flags().IntVar(&limit, "limit", 50, "")
	return cmd
}

// listGroups gathers pages until it has what was asked for.
func (d *desk) listGroups(cmd *cobra.Command, route string, limit int) error {
	query := url.Values{}
	if route != "" {
		query.Set("route", route)
	}
	all := &alertingv1.ListAlertGroupsResponse{}
	if err := d.gather(cmd, "/v1/alertGroups", query, limit, all, func() int { return len(all.GetGroups()) }); err != nil {
		return err
	}
	if d.asJSON() {
		return printMessage(cmd.OutOrStdout(), all)
	}
	return d.printGroups(cmd.OutOrStdout(), all.GetGroups())
}

// groupTable lists groups: when people were told goes first, what is common stays.
var groupTable = layout{drop: []int{6, 5, 4, 7}, most: map[int]int{2: 20}}

func (d *desk) printGroups(w io.Writer, all []*alertingv1.AlertGroup) error {
	width, terminal := d.terminal(w)
	words := silenceWordsOf(d.w)
	rows := [][]string{words.GroupColumns}
	for _, g := range all {
		told, next := words.Never, words.Never
		if g.GetTold().GetNotifiedAt() != nil {
			told = d.date(g.GetTold().GetNotifiedAt())
		}
		switch {
		case g.GetNextAt() == nil:
		case !g.GetNextAt().AsTime().After(d.now()):
			next = words.DueNow
		default:
			next = d.date(g.GetNextAt())
		}
		var common []string
		for _, name := range slices.Sorted(maps.Keys(g.GetLabels())) {
			common = append(common, name+"="+g.GetLabels()[name])
		}
		rows = append(rows, []string{
			oneLine(g.GetKey()), alertWordsOf(d.w).Severities[g.GetSeverity()], oneLine(g.GetRoute()), strconv.FormatUint(uint64(g.GetFiring()), 10),
			strconv.FormatUint(uint64(g.GetAcknowledged()), 10), strconv.FormatUint(uint64(g.GetHeldBack()), 10), told, next, oneLine(strings.Join(common, " ")),
		})
	}
	var b strings.Builder
	d.rows(&b, groupTable, rows, words.NoGroup, width, terminal)
	_, err := io.WriteString(w, b.String())
	return err
}

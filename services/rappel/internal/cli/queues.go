package cli

import (
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
)

// queuesTable lists queues: what waits for its moment goes first, then who is there
// and what is in hand. What nobody takes and what was missed stays.
var queuesTable = layout{drop: []int{2, 10, 7, 3, 5, 9, 8}, optional: []int{5, 6, 8}, most: map[int]int{0: 32}}

func (d *desk) queuesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "queues", Args: d.noArguments, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			body, err := d.get(cmd, "/v1/queues", nil)
			if err != nil {
				return d.failed(cmd, "", err)
			}
			if d.asJSON() {
				return printBody(cmd.OutOrStdout(), body)
			}
			resp := &callbackv1.GetQueueStatsResponse{}
			if err := read(body, resp); err != nil {
				return err
			}
			return d.printQueues(cmd.OutOrStdout(), resp.GetQueues())
		},
	}
}

// printQueues says what waits in each queue, and who is there for it.
func (d *desk) printQueues(w io.Writer, queues []*callbackv1.QueueStats) error {
	width, terminal := d.terminal(w)
	rows := [][]string{d.w.QueueColumns}
	unattended, pressing := false, false
	for _, q := range queues {
		oldest := ""
		if q.GetOldestReady() != nil {
			oldest = d.age(q.GetOldestReady())
		}
		row := []string{oneLine(q.GetQueue())}
		for _, n := range []int64{q.GetReady(), q.GetDelayed(), q.GetHeld(), q.GetUnattended(), q.GetAtRisk(), q.GetBreached()} {
			row = append(row, strconv.FormatInt(n, 10))
		}
		wait := ""
		if q.GetPredictedWait() != nil {
			wait = d.span(q.GetPredictedWait().AsDuration())
		}
		rows = append(rows, append(row, oldest, wait, strconv.FormatInt(q.GetAgentsFree(), 10), strconv.FormatInt(q.GetAgents(), 10)))
		unattended = unattended || q.GetUnattended() > 0
		pressing = pressing || q.GetAtRisk()+q.GetBreached() > 0
	}
	var b strings.Builder
	d.rows(&b, queuesTable, rows, d.w.NoQueues, width, terminal)
	var notes []string
	if unattended {
		notes = append(notes, fill(d.w.Unattended, d.commandLine("routing", "ID")))
	}
	if pressing {
		notes = append(notes, fill(d.w.Pressing, d.commandLine("list", "--sla", "at-risk,breached")))
	}
	if terminal && len(notes) > 0 {
		b.WriteString("\n" + strings.Join(notes, "\n") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

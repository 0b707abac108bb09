package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"

	scorerv1 "github.com/rappel-loop/rappel/proto/gen/go/api/scorer/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

func modelsCommand(d *scorerDesk, _ *scorerWords) *cobra.Command {
	return &cobra.Command{Use: "models", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		resp := &scorerv1.ListModelsResponse{}
		done, err := d.ask(cmd, http.MethodGet, "/v1/models", nil, resp)
		if done || err != nil {
			return err
		}
		return d.printModels(cmd.OutOrStdout(), resp.GetModels())
	}}
}

func promoteCommand(d *scorerDesk, h *scorerWords) *cobra.Command {
	cmd := &cobra.Command{Use: "promote VERSION", RunE: func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return errors.New(d.s.NeedVersion)
		}
		resp := &scorerv1.PromoteModelResponse{}
		done, err := d.ask(cmd, http.MethodPost, "/v1/models/"+url.PathEscape(args[0])+":promote", &scorerv1.PromoteModelRequest{By: d.by}, resp)
		if done || err != nil {
			return err
		}
		return d.printModels(cmd.OutOrStdout(), []*scorerv1.Model{resp.GetModel()})
	}}
	cmd.Flags().StringVar(&d.by, "by", "", h.Flags["by"])
	return cmd
}

func (d *scorerDesk) printModels(out io.Writer, models []*scorerv1.Model) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, strings.Join(d.s.ModelColumns, "\t")) // what fails shows at the flush
	for _, m := range models {
		inUse, trained := "", d.s.Carried
		if m.GetCurrent() {
			inUse = d.s.InUse
		}
		row := []string{"", "-", "-", "-"}
		if m.GetTrainedAt() != nil {
			trained = m.GetTrainedAt().AsTime().In(d.zone).Format(d.w.DateTime)
			e := m.GetEvaluation()
			row = []string{grouped(int64(m.GetTrainedOn())), d.measure(e.GetAuc()), d.measure(e.GetMacroF1()), d.measure(e.GetMacroF1Three())}
		}
		_, _ = fmt.Fprintln(w, strings.Join(append([]string{oneLine(m.GetVersion()), inUse, trained}, row...), "\t"))
	}
	return w.Flush()
}

func (d *scorerDesk) measure(v float64) string {
	return strings.Replace(strconv.FormatFloat(v, 'f', 3, 64), ".", d.w.Decimal, 1)
}

func trainCommand(d *scorerDesk, h *scorerWords) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{Use: "train [FILE...]", RunE: func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return errors.New(d.s.NoFiles)
		}
		ctx, stop := interruptible(cmd)
		defer stop()
		body, err := protojson.Marshal(&scorerv1.TrainModelRequest{By: d.by, DryRun: dryRun})
		if err != nil {
			return err
		}
		client := *d.client
		client.Timeout = 0 // it goes on for as long as it takes
		api, err := httpapi.New(d.server, &client)
		if err != nil {
			return err
		}
		resp, err := api.StreamOf(ctx, "/v1/models:train", body)
		if err != nil {
			return d.failed(err)
		}
		defer func() { _ = resp.Body.Close() }() // read to its end below
		m, err := d.follow(cmd, resp.Body)
		if err != nil {
			return err
		}
		if d.output == "json" {
			return printMessage(cmd.OutOrStdout(), m)
		}
		return d.printTrained(cmd.OutOrStdout(), m, dryRun)
	}}
	cmd.Flags().StringVar(&d.by, "by", "", h.Flags["by"])
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, h.Flags["dry-run"])
	return cmd
}

// follow shows how far a training is, and returns its model.
func (d *scorerDesk) follow(cmd *cobra.Command, body io.Reader) (*scorerv1.Model, error) {
	_, terminal := d.terminal(cmd.ErrOrStderr())
	var shown time.Time
	lines := json.NewDecoder(body)
	for {
		var line struct {
			Result json.RawMessage `json:"result"`
			Error  json.RawMessage `json:"error"`
		}
		if err := lines.Decode(&line); err != nil {
			return nil, errors.New(d.s.NotStored)
		}
		if line.Error != nil {
			return nil, d.failed(httpapi.InStream(line.Error))
		}
		p := &scorerv1.TrainModelResponse{}
		if err := read(line.Result, p); err != nil {
			return nil, err
		}
		every := lineEvery
		if terminal {
			every = redrawEvery
		}
		if last := p.GetModel() != nil; last || d.now().Sub(shown) >= every {
			shown = d.now()
			d.draw(cmd.ErrOrStderr(), terminal, p)
			if last && terminal {
				_, _ = io.WriteString(cmd.ErrOrStderr(), "\n") // a lost line of progress is no loss
			}
		}
		if p.GetModel() != nil {
			return p.GetModel(), nil
		}
	}
}

func (d *scorerDesk) draw(w io.Writer, terminal bool, p *scorerv1.TrainModelResponse) {
	text := fill(d.s.Reading, grouped(int64(p.GetRead())), grouped(int64(p.GetToRead())), grouped(int64(p.GetLabelled())))
	if p.GetPass() > 0 {
		text = fill(d.s.Learning, p.GetPass(), p.GetPasses())
	}
	if terminal {
		text = "\r\x1b[K" + text
	} else {
		text += "\n"
	}
	_, _ = io.WriteString(w, text) // a lost line of progress is no loss
}

func (d *scorerDesk) printTrained(out io.Writer, m *scorerv1.Model, dryRun bool) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, fill(d.s.HeldOut, grouped(int64(m.GetEvaluation().GetAnswers())))) // what fails shows at the flush
	_, _ = fmt.Fprintln(w, strings.Join(d.s.MeasureColumns, "\t"))
	for _, row := range []struct {
		version string
		e       *eventsv1.ModelEvaluation
	}{{m.GetBeforeVersion(), m.GetBefore()}, {m.GetVersion(), m.GetEvaluation()}} {
		_, _ = fmt.Fprintln(w, strings.Join([]string{
			oneLine(row.version), d.measure(row.e.GetAuc()), d.measure(row.e.GetMacroF1()), d.measure(row.e.GetMacroF1Three()), d.measure(row.e.GetAccuracy()),
		}, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	d.confusion(out, m.GetEvaluation().GetConfusion())
	if m.GetSentimentKept() {
		_, _ = fmt.Fprintln(out, d.s.SentimentKept) // what fails shows at the last line
	}
	if topics := d.topicsTrained(m); topics != "" {
		_, _ = fmt.Fprintln(out, topics)
	}
	said := fill(d.s.Kept, oneLine(m.GetVersion()), oneLine(m.GetBeforeVersion()))
	switch {
	case dryRun:
		said = fill(d.s.DryRun, oneLine(m.GetVersion()))
	case m.GetCurrent():
		said = fill(d.s.Promoted, oneLine(m.GetVersion()))
	}
	_, err := fmt.Fprintln(out, said)
	return err
}

// topicsTrained is a line on what corrections have taught of themes and intents; empty where
// there are none.
func (d *scorerDesk) topicsTrained(m *scorerv1.Model) string {
	after, before := m.GetEvaluation(), m.GetBefore()
	held := after.GetThemesCorrected() + after.GetIntentsCorrected()
	if m.GetTopicsKept() && held == 0 || !m.GetTopicsKept() && m.GetCorrections() == 0 { // or a scorer of an earlier version
		return ""
	}
	said := fill(d.s.TopicsTaught, grouped(int64(m.GetCorrections())))
	if m.GetTopicsKept() {
		said = d.s.TopicsKept
	}
	var parts []string
	if n := after.GetThemesCorrected(); n > 0 {
		parts = append(parts, fill(d.s.DimensionsF1, d.measure(before.GetDimensionsF1()), d.measure(after.GetDimensionsF1()), grouped(int64(n))))
	}
	if n := after.GetIntentsCorrected(); n > 0 {
		parts = append(parts, fill(d.s.IntentsF1, d.measure(before.GetIntentsF1()), d.measure(after.GetIntentsF1()), grouped(int64(n))))
	}
	if len(parts) == 0 {
		parts = append(parts, d.s.NoTopicsHeld)
	}
	return said + d.s.Colon + strings.Join(parts, ", ") + "."
}

// confusion is the table of what the words were and what was found.
func (d *scorerDesk) confusion(out io.Writer, counts []uint32) {
	const classes = 3
	if len(counts) != classes*classes {
		return
	}
	t := d.w.topics()
	names := []string{t.Sentiments[eventsv1.Sentiment_NEGATIVE], t.Sentiments[eventsv1.Sentiment_NEUTRAL], t.Sentiments[eventsv1.Sentiment_POSITIVE]}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(w, "\n\t"+strings.Join(names, "\t")+"\t") // what fails shows at the next print
	for i, name := range names {
		_, _ = fmt.Fprintf(w, "%s\t%d\t%d\t%d\t\n", name, counts[classes*i], counts[classes*i+1], counts[classes*i+2])
	}
	_, _ = fmt.Fprintln(w)
	_ = w.Flush()
}

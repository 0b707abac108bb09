package cli

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/durationpb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
)

// fallbackWords are what is said of fallbacks, in one language.
type fallbackWords struct {
	Columns                 []string
	Applies, Rests, Unknown string
	Since                   string
	None                    string
	Measures                map[string]string
}

var fallbackFrench = fallbackWords{
	Columns: []string{"REPLI", "ÉTAT", "FILE", "ATTENTE", "COMMENCE AU-DELÀ DE", "FINIT EN DEÇÀ DE", "CE QU'IL FAIT"},
	Applies: "actif", Rests: "au repos", Unknown: "inconnue", Since: " depuis le %s", None: "Les règles ne déclarent aucun repli (docs/rules.md).",
	Measures: map[string]string{
		"raise_bar": "moins de rappels", "call_afterwards": "rappelle ensuite", "widen": "autre file", "drop_skills": "sans compétences exigées", "first_attempt_within": "délai plus long",
		"tell": "prévient les responsables", "acknowledge_customer": "écrit au client",
	},
}

var fallbackEnglish = fallbackWords{
	Columns: []string{"FALLBACK", "STATE", "QUEUE", "WAIT", "BEGINS ABOVE", "ENDS BELOW", "WHAT IT DOES"},
	Applies: "active", Rests: "at rest", Unknown: "unknown", Since: " since %s", None: "The rules declare no fallback (docs/rules.md).",
	Measures: map[string]string{
		"raise_bar": "fewer callbacks", "call_afterwards": "calls afterwards", "widen": "another queue", "drop_skills": "no skills asked for", "first_attempt_within": "a later promise",
		"tell": "tells those in charge", "acknowledge_customer": "writes to the customer",
	},
}

func fallbackWordsOf(w *words) *fallbackWords {
	if w == &english {
		return &fallbackEnglish
	}
	return &fallbackFrench
}

func (d *rulesDesk) fallbacks() *cobra.Command {
	var lang string
	cmd := &cobra.Command{
		Use: "fallbacks", Short: "Show which fallbacks apply, and how long the waits are", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, ok := language(lang, d.getenv)
			if !ok {
				return fmt.Errorf("--lang: must be fr or en, not %q", lang)
			}
			resp := &alertingv1.ListFallbacksResponse{}
			if done, err := d.ask(cmd, http.MethodGet, "/v1/fallbacks", nil, resp); done || err != nil {
				return err
			}
			return d.printFallbacks(cmd.OutOrStdout(), fallbackWordsOf(w), resp)
		},
	}
	cmd.Flags().StringVar(&lang, "lang", "", "fr or en (default RAPPEL_LANG, else that of the machine)")
	return cmd
}

func (d *rulesDesk) printFallbacks(out io.Writer, fw *fallbackWords, resp *alertingv1.ListFallbacksResponse) error {
	if len(resp.GetFallbacks()) == 0 {
		_, err := fmt.Fprintln(out, fw.None)
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, strings.Join(fw.Columns, "\t")) // what fails shows at the flush
	for _, f := range resp.GetFallbacks() {
		state := fw.Rests
		if f.GetActive() {
			state = fw.Applies
		}
		if f.GetSince() != nil {
			state += fmt.Sprintf(fw.Since, f.GetSince().AsTime().In(d.zone).Format("2006-01-02 15:04"))
		}
		wait := fw.Unknown
		if f.GetWait() != nil {
			wait = spanText(f.GetWait())
		}
		measures := make([]string, len(f.GetMeasures()))
		for i, m := range f.GetMeasures() {
			if measures[i] = fw.Measures[m]; measures[i] == "" {
				measures[i] = oneLine(m) // one that came after this program
			}
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", oneLine(f.GetName()), state, oneLine(f.GetQueue()), wait,
			spanText(f.GetBeginsAbove()), spanText(f.GetEndsBelow()), strings.Join(measures, ", "))
	}
	return w.Flush()
}

func spanText(d *durationpb.Duration) string { return waitText(d.AsDuration()) }

// waitText is a wait to the minute, as 4h, 4h15m or 30m; to the second below a minute.
func waitText(d time.Duration) string {
	if d > time.Minute {
		d = d.Round(time.Minute)
	}
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return strings.TrimSuffix(d.String(), "0s")
	default:
		return d.Round(time.Second).String()
	}
}

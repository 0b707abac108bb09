package cli

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	scorerv1 "github.com/rappel-loop/rappel/proto/gen/go/api/scorer/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// maxInput bounds a text on standard input, in bytes; the server's own bound is lower.
const maxInput = 1 << 20

func analyseCommand(d *scorerDesk, _ *scorerWords) *cobra.Command {
	return &cobra.Command{Use: "analyse [TEXT]", RunE: func(cmd *cobra.Command, args []string) error {
		text := strings.Join(args, " ")
		if len(args) == 0 {
			in, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxInput))
			if err != nil {
				return err
			}
			text = strings.TrimSpace(string(in))
		}
		if text == "" {
			return errors.New(d.s.NeedText)
		}
		resp := &scorerv1.AnalyseTextResponse{}
		done, err := d.ask(cmd, http.MethodPost, "/v1/verbatims:analyse", &scorerv1.AnalyseTextRequest{Text: text}, resp)
		if done || err != nil {
			return err
		}
		_, err = io.WriteString(cmd.OutOrStdout(), d.analysis(resp.GetAnalysis(), text))
		return err
	}}
}

// analysis is what was found, each with the words of the text that are its evidence.
func (d *scorerDesk) analysis(a *eventsv1.VerbatimAnalysis, text string) string {
	t := d.w.topics()
	var b strings.Builder
	field := func(label, value string) { b.WriteString(pad(label, 12) + " " + value + "\n") }
	field(d.s.Language, oneLine(a.GetLanguage()))
	s := a.GetSentiment()
	field(d.s.Sentiment, fmt.Sprintf("%s (− %.2f, = %.2f, + %.2f)%s", t.Sentiments[s.GetLabel()], s.GetNegative(), s.GetNeutral(), s.GetPositive(), quotes(d.w, s.GetEvidence(), text)))
	for i, m := range a.GetThemes() {
		label := ""
		if i == 0 {
			label = d.s.Themes
		}
		field(label, t.theme(m)+" ("+t.Dimensions[m.GetDimension()]+")"+quotes(d.w, m.GetEvidence(), text))
	}
	for i, m := range a.GetIntents() {
		label := ""
		if i == 0 {
			label = d.s.Intents
		}
		field(label, t.Intents[m.GetIntent()]+quotes(d.w, m.GetEvidence(), text))
	}
	if len(a.GetThemes()) == 0 {
		field(d.s.Themes, d.s.None)
	}
	if len(a.GetIntents()) == 0 {
		field(d.s.Intents, d.s.None)
	}
	field(d.s.Version, oneLine(a.GetVersion()))
	if a.GetCut() {
		b.WriteString(d.s.Cut + "\n")
	}
	return b.String()
}

// quotes are the words that are evidence, each once.
func quotes(w *words, evidence []*eventsv1.Evidence, text string) string {
	var all []string
	for _, e := range evidence {
		if e.GetStart() < e.GetEnd() && int(e.GetEnd()) <= len(text) {
			if q := w.Open + oneLine(text[e.GetStart():e.GetEnd()]) + w.Close; !slices.Contains(all, q) {
				all = append(all, q)
			}
		}
	}
	if len(all) == 0 {
		return ""
	}
	return w.Colon + strings.Join(all, ", ")
}

// correcting is the command correct being put together.
type correcting struct {
	req                 scorerv1.CorrectAnalysisRequest
	sentiment           string
	themes, intents     []string
	noThemes, noIntents bool
	number              uint32
}

func correctCommand(d *scorerDesk, h *scorerWords) *cobra.Command {
	c := &correcting{}
	cmd := &cobra.Command{Use: "correct SURVEY RESPONSE", RunE: func(cmd *cobra.Command, args []string) error {
		if len(args) != 2 {
			return errors.New(d.s.NeedCorrection)
		}
		c.req.Survey, c.req.ResponseId, c.req.By = args[0], args[1], d.by
		if cmd.Flags().Changed("number") {
			c.req.Number = proto.Uint32(c.number)
		}
		if err := c.read(d.s); err != nil {
			return err
		}
		resp := &scorerv1.CorrectAnalysisResponse{}
		done, err := d.ask(cmd, http.MethodPost, "/v1/verbatims:correct", &c.req, resp)
		if done || err != nil {
			return err
		}
		_, err = io.WriteString(cmd.OutOrStdout(), fill(d.s.CorrectedAs, resp.GetNumber())+"\n"+d.analysis(resp.GetAnalysis(), ""))
		return err
	}}
	f := cmd.Flags()
	f.StringVar(&d.by, "by", "", h.Flags["by"])
	f.StringVar(&c.req.CustomerKey, "customer", "", h.Flags["customer"])
	f.Uint32Var(&c.req.Verbatim, "verbatim", 0, h.Flags["verbatim"])
	f.StringVar(&c.sentiment, "sentiment", "", h.Flags["sentiment"])
	f.StringSliceVar(&c.themes, "theme", nil, h.Flags["theme"])
	f.StringSliceVar(&c.intents, "intent", nil, h.Flags["intent"])
	f.BoolVar(&c.noThemes, "no-themes", false, h.Flags["no-themes"])
	f.BoolVar(&c.noIntents, "no-intents", false, h.Flags["no-intents"])
	f.Uint32Var(&c.number, "number", 0, h.Flags["number"])
	return cmd
}

var dimensionLetters = map[string]eventsv1.Dimension{
	"P": eventsv1.Dimension_PRODUCT_SERVICE_QUALITY, "C": eventsv1.Dimension_COMMUNICATION_RELATIONSHIP,
	"R": eventsv1.Dimension_RESPONSIVENESS_AFTER_SALES, "G": eventsv1.Dimension_OVERALL_EXPERIENCE,
}

// read makes a correction of the flags.
func (c *correcting) read(w *scorerWords) error {
	out := &eventsv1.Correction{}
	var err error
	if c.sentiment != "" {
		if out.Sentiment, err = labelOf(w, "--sentiment", c.sentiment); err != nil {
			return err
		}
	}
	if len(c.themes) > 0 || c.noThemes {
		out.Themes = &eventsv1.Correction_Themes{}
		for _, text := range c.themes {
			m, err := themeOf(w, text)
			if err != nil {
				return err
			}
			out.Themes.Themes = append(out.Themes.Themes, m)
		}
	}
	if len(c.intents) > 0 || c.noIntents {
		out.Intents = &eventsv1.Correction_Intents{}
		for _, name := range c.intents {
			i := eventsv1.Intent_value[strings.ToUpper(strings.TrimSpace(name))]
			if i == 0 {
				return errors.New(fill(w.BadWord, "--intent", name, enumWords(eventsv1.Intent_name)))
			}
			out.Intents.Intents = append(out.Intents.Intents, eventsv1.Intent(i))
		}
	}
	if proto.Equal(out, &eventsv1.Correction{}) {
		return errors.New(w.NeedCorrection)
	}
	c.req.Correction = out
	return nil
}

func labelOf(w *scorerWords, flag, name string) (eventsv1.Sentiment_Label, error) {
	l := eventsv1.Sentiment_Label_value[strings.ToUpper(name)]
	if l == 0 {
		return 0, errors.New(fill(w.BadWord, flag, name, enumWords(eventsv1.Sentiment_Label_name)))
	}
	return eventsv1.Sentiment_Label(l), nil
}

// themeOf reads delivery_time:R:negative; how it is spoken of may be left out.
func themeOf(w *scorerWords, text string) (*eventsv1.ThemeFound, error) {
	parts := strings.SplitN(text, ":", 3)
	m := &eventsv1.ThemeFound{Theme: parts[0]}
	if len(parts) < 2 || dimensionLetters[strings.ToUpper(parts[1])] == 0 {
		return nil, errors.New(fill(w.BadWord, "--theme", text, "NAME:P, NAME:C, NAME:R, NAME:G"))
	}
	m.Dimension = dimensionLetters[strings.ToUpper(parts[1])]
	if len(parts) == 3 {
		label, err := labelOf(w, "--theme", parts[2])
		if err != nil {
			return nil, err
		}
		m.Polarity = label
	}
	return m, nil
}

// enumWords are an enum's values in small letters, but for the one that says nothing.
func enumWords(names map[int32]string) string {
	var all []string
	for i := range int32(len(names)) {
		if i > 0 {
			all = append(all, strings.ToLower(names[i]))
		}
	}
	return strings.Join(all, ", ")
}

package cli

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Silences is `rappel silences` with its commands.
func Silences() *cobra.Command { return silencesCommand(system()) }

func silencesCommand(e env) *cobra.Command {
	d := newDesk(e, "silences")
	d.root.AddCommand(d.listSilencesCommand(), d.addSilenceCommand(), d.expireSilenceCommand())
	d.localise()
	return d.root
}

func (d *desk) listSilencesCommand() *cobra.Command {
	var ended bool
	cmd := &cobra.Command{
		Use: "list [options]", Args: d.noArguments, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			query := url.Values{}
			if ended {
				query.Set("ended", "true")
			}
			body, err := d.get(cmd, "/v1/silences", query)
			if err != nil {
				return d.failed(cmd, "", err)
			}
			all := &alertingv1.ListSilencesResponse{}
			if err := read(body, all); err != nil {
				return err
			}
			if d.asJSON() {
				return printMessage(cmd.OutOrStdout(), all)
			}
			return d.printSilences(cmd.OutOrStdout(), all.GetSilences())
		},
	}
	cmd.Flags().BoolVar(&ended, "ended", false, "")
	return cmd
}

// silenceTable lists silences: why goes first, then who, and what is silenced stays.
var silenceTable = layout{drop: []int{6, 5, 2}, optional: []int{6}, most: map[int]int{5: 16, 6: 30}}

func (d *desk) printSilences(w io.Writer, all []*alertingv1.SilenceView) error {
	width, terminal := d.terminal(w)
	words := silenceWordsOf(d.w)
	rows := [][]string{words.Columns}
	for _, v := range all {
		one := v.GetSilence()
		state := words.States[v.GetState()]
		if v.GetState() == alertingv1.SilenceView_ACTIVE && !v.GetNow() {
			state = words.NotNow
		}
		rows = append(rows, []string{
			oneLine(one.GetId()), state, d.date(one.GetStartsAt()), d.until(one), d.number(float64(v.GetAlerts())),
			oneLine(one.GetAuthor()), oneLine(one.GetComment()), oneLine(silenced(one)),
		})
	}
	var b strings.Builder
	d.rows(&b, silenceTable, rows, words.None, width, terminal)
	_, err := io.WriteString(w, b.String())
	return err
}

// until is when a silence ends, and when it holds every week.
func (d *desk) until(one *eventsv1.Silence) string {
	text := d.date(one.GetEndsAt())
	r := one.GetRecurrence()
	if r == nil {
		return text
	}
	parts := nonEmpty([]string{strings.Join(r.GetDays(), ","), strings.Join(r.GetPeriods(), ","), r.GetZone()})
	return text + " (" + oneLine(strings.Join(parts, " ")) + ")"
}

// silenced is what a silence matches, as it is written.
func silenced(one *eventsv1.Silence) string {
	signs := map[eventsv1.Matcher_Operator]string{
		eventsv1.Matcher_EQUAL: "=", eventsv1.Matcher_NOT_EQUAL: "!=", eventsv1.Matcher_MATCHES: "=~", eventsv1.Matcher_NOT_MATCHES: "!~",
	}
	var parts []string
	for _, m := range one.GetMatchers() {
		parts = append(parts, m.GetLabel()+signs[m.GetOperator()]+shellWord(m.GetValue()))
	}
	return strings.Join(parts, " ")
}

type newSilence struct {
	matchers                          []string
	hold                              time.Duration
	from, until, every, zone, comment string
	request                           string
}

func (d *desk) addSilenceCommand() *cobra.Command {
	var o newSilence
	cmd := &cobra.Command{
		Use: "add [options]", Args: d.noArguments, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			draft, err := d.silenceDraft(o)
			if err != nil {
				return err
			}
			body, err := d.send(cmd, http.MethodPost, "/v1/silences", nil, &alertingv1.CreateSilenceRequest{Silence: draft, RequestId: o.request})
			if err != nil {
				return d.failed(cmd, "", err)
			}
			made := &alertingv1.CreateSilenceResponse{}
			if err := read(body, made); err != nil {
				return err
			}
			if d.asJSON() {
				return printMessage(cmd.OutOrStdout(), made)
			}
			one := made.GetSilence()
			_, err = io.WriteString(cmd.OutOrStdout(), fill(silenceWordsOf(d.w).Added, oneLine(one.GetId()), d.date(one.GetStartsAt()), d.until(one), int(made.GetAlerts()))+"\n")
			return err
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.matchers, "match", nil, "")
	annotate(cmd, "match", "silence-match")
	f.DurationVar(&o.hold, "for", 0, "")
	annotate(cmd, "for", "silence-for")
	f.StringVar(&o.from, "from", "", "")
	annotate(cmd, "from", "silence-from")
	f.StringVar(&o.until, "until", "", "")
	annotate(cmd, "until", "silence-until")
	f.StringVar(&o.every, "every", "", "")
	f.StringVar(&o.zone, "zone", "", "")
	annotate(cmd, "zone", "silence-zone")
	f.StringVar(&o.comment, "comment", "", "")
	annotate(cmd, "comment", "silence-comment")
	f.StringVar(&d.agent, "by", "", "")
	f.StringVar(&o.request, "request-id", "", "")
	annotate(cmd, "request-id", "silence-request")
	return cmd
}

// silenceDraft reads what was asked for, or says what is missing; the server checks the
// rest.
func (d *desk) silenceDraft(o newSilence) (*alertingv1.SilenceDraft, error) {
	w := silenceWordsOf(d.w)
	switch {
	case len(o.matchers) == 0:
		return nil, errors.New(w.NeedMatch)
	case d.agent == "":
		return nil, errors.New(alertWordsOf(d.w).NeedBy)
	case o.comment == "":
		return nil, errors.New(w.NeedComment)
	case (o.hold > 0) == (o.until != ""):
		return nil, errors.New(w.NeedEnd)
	}
	now := d.now().In(d.zone)
	from := now
	draft := &alertingv1.SilenceDraft{Matchers: o.matchers, Author: d.agent, Comment: o.comment}
	if o.from != "" {
		var ok bool
		if from, ok = parseMoment(o.from, now); !ok {
			return nil, errors.New(fill(w.BadTime, "--from", o.from))
		}
		draft.StartsAt = timestamppb.New(from)
	}
	end := from.Add(o.hold)
	if o.until != "" {
		var ok bool
		if end, ok = parseMoment(o.until, from); !ok {
			return nil, errors.New(fill(w.BadTime, "--until", o.until))
		}
	}
	draft.EndsAt = timestamppb.New(end)
	if o.every == "" {
		if o.zone != "" {
			return nil, errors.New(w.NeedEvery)
		}
		return draft, nil
	}
	draft.Recurrence = weekly(o.every, o.zone, d.zone)
	return draft, nil
}

// weekly reads days and periods, as mon-fri 18:00-24:00, or only one of both. Without a zone
// it is the machine's, where that has a name.
func weekly(text, zone string, here *time.Location) *eventsv1.Recurrence {
	r := &eventsv1.Recurrence{Zone: zone}
	if zone == "" && here != time.Local {
		r.Zone = here.String()
	}
	for _, word := range strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == ',' }) {
		if strings.ContainsRune(word, ':') {
			r.Periods = append(r.Periods, word)
		} else {
			r.Days = append(r.Days, word)
		}
	}
	return r
}

func (d *desk) expireSilenceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "expire ID... [options]", Args: d.silenceArguments, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if d.agent == "" {
				return errors.New(alertWordsOf(d.w).NeedBy)
			}
			for _, id := range args {
				body, err := d.send(cmd, http.MethodPost, "/v1/silences/"+url.PathEscape(id)+":expire", nil, &alertingv1.ExpireSilenceRequest{By: d.agent})
				if err != nil {
					return d.failed(cmd, "", err)
				}
				ended := &alertingv1.ExpireSilenceResponse{}
				if err := read(body, ended); err != nil {
					return err
				}
				if d.asJSON() {
					err = printMessage(cmd.OutOrStdout(), ended)
				} else {
					_, err = io.WriteString(cmd.OutOrStdout(), fill(silenceWordsOf(d.w).Expired, oneLine(id), d.date(ended.GetSilence().GetEndsAt()))+"\n")
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&d.agent, "by", "", "")
	return cmd
}

func (d *desk) silenceArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return nil
	}
	w, _ := language(d.lang, d.getenv)
	return errors.New(fill(silenceWordsOf(w).NeedID, d.program))
}

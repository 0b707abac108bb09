package cli

import (
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// choice is one word of an --outcome and what it stands for.
type choice[T any] struct {
	word  string
	value T
}

var attemptOutcomes = []choice[eventsv1.Attempt_Outcome]{
	{"reached", eventsv1.Attempt_REACHED},
	{"no-answer", eventsv1.Attempt_NO_ANSWER},
	{"busy", eventsv1.Attempt_BUSY},
	{"voicemail", eventsv1.Attempt_VOICEMAIL_LEFT},
	{"wrong-number", eventsv1.Attempt_WRONG_NUMBER},
	{"refused", eventsv1.Attempt_REFUSED},
	{"call-later", eventsv1.Attempt_CALL_LATER},
	{"technical-failure", eventsv1.Attempt_TECHNICAL_FAILURE},
}

var wrapOutcomes = []choice[eventsv1.WrapUp_Outcome]{
	{"resolved", eventsv1.WrapUp_RESOLVED},
	{"partly-resolved", eventsv1.WrapUp_PARTLY_RESOLVED},
	{"unresolved", eventsv1.WrapUp_UNRESOLVED},
	{"no-action-needed", eventsv1.WrapUp_NO_ACTION_NEEDED},
}

// choose finds a word, also in the API's spelling.
func choose[T any](all []choice[T], word string) (T, bool) {
	word = strings.ReplaceAll(strings.ToLower(word), "_", "-")
	for _, c := range all {
		if c.word == word || word == "voicemail-left" && c.word == "voicemail" {
			return c.value, true
		}
	}
	var none T
	return none, false
}

func wordsOf[T any](all []choice[T]) string {
	list := make([]string, len(all))
	for i, c := range all {
		list[i] = c.word
	}
	return strings.Join(list, ", ")
}

// holderFlags are those of every command on a callback in hand.
func (d *desk) holderFlags(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&d.agent, "agent", "", "")
	cmd.Flags().Uint64Var(&d.token, "token", 0, "")
	return cmd
}

func (d *desk) showCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Args: d.idArgument, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			cb, body, err := d.fetch(cmd, args[0])
			if err != nil {
				return d.failed(cmd, args[0], err)
			}
			return d.result(cmd, "", cb, body, true)
		},
	}
}

func (d *desk) claimCommand() *cobra.Command {
	var request string
	var queues []string
	cmd := &cobra.Command{
		Use: "claim [options]", Args: d.noArguments, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if request == "" {
				request = rand.Text() // one claim, however often it has to be sent
			}
			body, err := d.post(cmd, "/v1/callbacks:claim", &callbackv1.ClaimCallbackRequest{AgentId: d.agent, RequestId: request, Queues: queues})
			if err != nil {
				return d.failed(cmd, "", err)
			}
			cb, err := one(body)
			if err != nil {
				return err
			}
			return d.result(cmd, d.w.Claimed, cb, body, true)
		},
	}
	cmd.Flags().StringVar(&d.agent, "agent", "", "")
	cmd.Flags().StringVar(&request, "request-id", "", "")
	cmd.Flags().StringSliceVar(&queues, "queue", nil, "")
	return cmd
}

func (d *desk) startCommand() *cobra.Command {
	return d.holderFlags(&cobra.Command{
		Use: "start ID [options]", Args: d.idArgument, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			cb, body, err := d.start(cmd, args[0])
			if err != nil {
				return d.failed(cmd, args[0], err)
			}
			return d.result(cmd, d.w.Started, cb, body, false)
		},
	})
}

func (d *desk) start(cmd *cobra.Command, id string) (*eventsv1.Callback, []byte, error) {
	body, err := d.post(cmd, pathOf(id)+":startAttempt", &callbackv1.StartAttemptRequest{Id: id, AgentId: d.agent, Token: d.token})
	if err != nil {
		return nil, nil, err
	}
	cb, err := one(body)
	return cb, body, err
}

func (d *desk) endCommand() *cobra.Command {
	var outcome, at, note string
	cmd := d.holderFlags(&cobra.Command{Use: "end ID [options]", Args: d.idArgument, SilenceUsage: true, SilenceErrors: true})
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o, ok := choose(attemptOutcomes, outcome)
		if outcome == "" {
			return errors.New(fill(d.w.NeedOutcome, wordsOf(attemptOutcomes)))
		}
		if !ok {
			return errors.New(fill(d.w.BadOutcome, outcome, wordsOf(attemptOutcomes)))
		}
		req := &callbackv1.EndAttemptRequest{Id: args[0], AgentId: d.agent, Token: d.token, Outcome: o, Note: note}
		if at == "" && o == eventsv1.Attempt_CALL_LATER {
			return errors.New(d.w.NeedTime)
		}
		if at != "" {
			t, ok := parseMoment(at, d.now().In(d.zone))
			if !ok {
				return errors.New(fill(d.w.BadTime, at))
			}
			req.CallAgainAt = timestamppb.New(t)
		}
		cb, body, err := d.end(cmd, req)
		if err != nil {
			return d.failed(cmd, args[0], err)
		}
		return d.result(cmd, fill(d.w.Ended, d.w.Attempts[o]), cb, body, false)
	}
	cmd.Flags().StringVar(&outcome, "outcome", "", "")
	annotate(cmd, "outcome", "attempt-outcome")
	cmd.Flags().StringVar(&at, "call-again-at", "", "")
	cmd.Flags().StringVar(&note, "note", "", "")
	return cmd
}

func (d *desk) end(cmd *cobra.Command, req *callbackv1.EndAttemptRequest) (*eventsv1.Callback, []byte, error) {
	body, err := d.post(cmd, pathOf(req.GetId())+":endAttempt", req)
	if err != nil {
		return nil, nil, err
	}
	cb, err := one(body)
	return cb, body, err
}

func (d *desk) completeCommand() *cobra.Command {
	var outcome, given string
	var reached bool
	req := &callbackv1.CompleteCallbackRequest{}
	cmd := d.holderFlags(&cobra.Command{Use: "complete ID [options]", Args: d.idArgument, SilenceUsage: true, SilenceErrors: true})
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if missing := missingFlags("--outcome", outcome, "--root-cause", req.GetRootCause(), "--note", req.GetNote()); missing != "" {
			return errors.New(fill(d.w.NeedWrapUp, missing) + "\n  " + d.completeLine(args[0]))
		}
		o, ok := choose(wrapOutcomes, outcome)
		if !ok {
			return errors.New(fill(d.w.BadOutcome, outcome, wordsOf(wrapOutcomes)))
		}
		req.Id, req.AgentId, req.Token, req.Outcome = args[0], d.agent, d.token, o
		if cmd.Flags().Changed("gesture") {
			if req.Gesture, ok = parseGesture(given); !ok {
				return errors.New(fill(d.w.BadGesture, given))
			}
		}
		if reached {
			if err := d.catchUp(cmd, args[0]); err != nil {
				return d.failed(cmd, args[0], err)
			}
		}
		body, err := d.post(cmd, pathOf(args[0])+":complete", req)
		if err != nil {
			return d.failed(cmd, args[0], err)
		}
		cb, err := one(body)
		if err != nil {
			return err
		}
		done := []string{fill(d.w.Completed, d.w.Wraps[o]), d.gesture(cb.GetWrapUp().GetGesture())}
		return d.result(cmd, strings.Join(nonEmpty(done), "\n"), cb, body, false)
	}
	cmd.Flags().StringVar(&outcome, "outcome", "", "")
	annotate(cmd, "outcome", "wrap-outcome")
	cmd.Flags().StringVar(&req.RootCause, "root-cause", "", "")
	cmd.Flags().StringVar(&req.Note, "note", "", "")
	cmd.Flags().StringVar(&given, "gesture", "", "")
	cmd.Flags().BoolVar(&reached, "reached", false, "")
	return cmd
}

// catchUp makes the steps between a claim and the wrap-up, for a call that has
// taken place already.
func (d *desk) catchUp(cmd *cobra.Command, id string) error {
	cb, _, err := d.fetch(cmd, id)
	if err != nil {
		return err
	}
	state := cb.GetState()
	if state == eventsv1.Callback_ASSIGNED {
		if cb, _, err = d.start(cmd, id); err != nil {
			return err
		}
		state = cb.GetState()
	}
	if state == eventsv1.Callback_ATTEMPTING {
		_, _, err = d.end(cmd, &callbackv1.EndAttemptRequest{Id: id, AgentId: d.agent, Token: d.token, Outcome: eventsv1.Attempt_REACHED})
	}
	return err
}

func (d *desk) releaseCommand() *cobra.Command {
	var reason string
	cmd := d.holderFlags(&cobra.Command{
		Use: "release ID [options]", Args: d.idArgument, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := d.post(cmd, pathOf(args[0])+":release",
				&callbackv1.ReleaseCallbackRequest{Id: args[0], AgentId: d.agent, Token: d.token, Reason: reason})
			if err != nil {
				return d.failed(cmd, args[0], err)
			}
			cb, err := one(body)
			if err != nil {
				return err
			}
			return d.result(cmd, d.w.Released, cb, body, false)
		},
	})
	cmd.Flags().StringVar(&reason, "reason", "", "")
	return cmd
}

func missingFlags(pairs ...string) string {
	var missing []string
	for p := range slices.Chunk(pairs, 2) {
		if strings.TrimSpace(p[1]) == "" {
			missing = append(missing, p[0])
		}
	}
	return strings.Join(missing, ", ")
}

// parseMoment reads when a customer wants to be called, from now on: a time of
// day is today's, or tomorrow's once it is past.
func parseMoment(s string, now time.Time) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if after, err := time.ParseDuration(strings.TrimPrefix(s, "+")); err == nil && after > 0 {
		return now.Add(after).Truncate(time.Second), true
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, true
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02T15:04", "2/1/2006 15:04", "2/1/2006 15h04"} {
		if t, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return t, true
		}
	}
	for _, layout := range []string{"15:04", "15h04"} {
		clock, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		t := time.Date(now.Year(), now.Month(), now.Day(), clock.Hour(), clock.Minute(), 0, 0, now.Location())
		if !t.After(now) {
			t = time.Date(now.Year(), now.Month(), now.Day()+1, clock.Hour(), clock.Minute(), 0, 0, now.Location())
		}
		return t, true
	}
	return time.Time{}, false
}

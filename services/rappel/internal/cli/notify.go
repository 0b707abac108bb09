package cli

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting"
)

// Notify is `rappel notify` with its commands.
func Notify() *cobra.Command { return notifyCommand(system()) }

func notifyCommand(e env) *cobra.Command {
	d := newDesk(e, "notify")
	d.root.AddCommand(d.receiversCommand(), d.testReceiverCommand(), d.deliveriesCommand(), d.showDeliveryCommand(), d.replayCommand(),
		d.setReceiverCommand("enable", false), d.setReceiverCommand("disable", true))
	d.localise()
	return d.root
}

func receiverPath(name string) string { return "/v1/receivers/" + url.PathEscape(name) }

func deliveryPath(id string) string { return "/v1/deliveries/" + url.PathEscape(id) }

// oneNotifyArgument takes exactly one, and says what is missing.
func (d *desk) oneNotifyArgument(missing func(*notifyWords) string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			w, _ := language(d.lang, d.getenv)
			return errors.New(fill(missing(notifyWordsOf(w)), d.program, cmd.Name()))
		}
		return d.noArguments(cmd, args[1:])
	}
}

func needName(w *notifyWords) string { return w.NeedName }

func needDelivery(w *notifyWords) string { return w.NeedID }

func (d *desk) receiversCommand() *cobra.Command {
	return &cobra.Command{
		Use: "receivers [options]", Args: d.noArguments, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			body, err := d.get(cmd, "/v1/receivers", nil)
			if err != nil {
				return d.failed(cmd, "", err)
			}
			if d.asJSON() {
				return printBody(cmd.OutOrStdout(), body)
			}
			resp := &alertingv1.ListReceiversResponse{}
			if err := read(body, resp); err != nil {
				return err
			}
			return d.printReceivers(cmd.OutOrStdout(), resp)
		},
	}
}

// receiverTable lists receivers: what went wrong takes what is left.
var receiverTable = layout{drop: []int{1, 4}, most: map[int]int{2: 40}}

func (d *desk) printReceivers(out io.Writer, resp *alertingv1.ListReceiversResponse) error {
	w := notifyWordsOf(d.w)
	width, terminal := d.terminal(out)
	rows := [][]string{w.ReceiverColumns}
	for _, r := range resp.GetReceivers() {
		delivered, failed := w.Never, ""
		if r.GetDeliveredAt() != nil {
			delivered = d.age(r.GetDeliveredAt())
		}
		if r.GetFailedAt() != nil {
			failed = d.age(r.GetFailedAt()) + ", " + d.failure(r)
		}
		rows = append(rows, []string{oneLine(r.GetName()), r.GetKind(), d.receiverState(r), strconv.Itoa(int(r.GetPending())), delivered, failed})
	}
	var b strings.Builder
	d.rows(&b, receiverTable, rows, w.NoReceivers, width, terminal)
	_, err := io.WriteString(out, b.String())
	return err
}

func (d *desk) receiverState(r *alertingv1.Receiver) string {
	w := notifyWordsOf(d.w)
	if !r.GetDisabled() {
		return w.Enabled
	}
	by := w.ByItself
	if r.GetDisabledBy() != "" {
		by = fill(w.By, oneLine(r.GetDisabledBy()))
	}
	text := w.Disabled + " " + by
	if reason := d.disabledReason(r); reason != "" {
		text += " (" + reason + ")"
	}
	return text
}

type tryOut struct {
	kind, file, receiver, public string
	dry                          bool
}

func (d *desk) testReceiverCommand() *cobra.Command {
	var o tryOut
	cmd := &cobra.Command{
		Use: "test NAME [options]", SilenceUsage: true, SilenceErrors: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.file != "" {
				return d.noArguments(cmd, args)
			}
			return d.oneNotifyArgument(needName)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			kind, err := d.kind(o.kind)
			if err != nil {
				return err
			}
			if o.file != "" {
				return d.testOffline(cmd, o, kind)
			}
			return d.testReceiver(cmd, args[0], o, kind)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.kind, "kind", "new", "")
	annotate(cmd, "kind", "notify-kind")
	f.BoolVar(&o.dry, "dry-run", false, "")
	annotate(cmd, "dry-run", "notify-dry-run")
	f.StringVar(&o.file, "file", "", "")
	annotate(cmd, "file", "notify-file")
	f.StringVar(&o.receiver, "receiver", "", "")
	annotate(cmd, "receiver", "notify-file-receiver")
	f.StringVar(&o.public, "public-url", "", "")
	f.StringVar(&d.agent, "by", "", "")
	return cmd
}

func (d *desk) kind(name string) (eventsv1.Notification_Kind, error) {
	v, ok := eventsv1.Notification_Kind_value[strings.ToUpper(strings.TrimSpace(name))]
	if !ok || v == 0 {
		return 0, errors.New(fill(notifyWordsOf(d.w).BadKind, oneLine(name)))
	}
	return eventsv1.Notification_Kind(v), nil
}

// testOffline shows what a receiver of a file would get.
func (d *desk) testOffline(cmd *cobra.Command, o tryOut, kind eventsv1.Notification_Kind) error {
	w := notifyWordsOf(d.w)
	switch {
	case o.receiver == "":
		return errors.New(w.NeedFile)
	case !o.dry:
		return errors.New(w.OfflineSends)
	}
	text, err := os.ReadFile(o.file) //nolint:gosec // the person names it
	if err != nil {
		return err
	}
	shown, err := alerting.ShowNotification(o.file, text, o.receiver, kind, o.public, d.now())
	if err != nil {
		return err
	}
	if d.asJSON() {
		return printMessage(cmd.OutOrStdout(), &alertingv1.TestReceiverResponse{Message: shown})
	}
	_, err = io.WriteString(cmd.OutOrStdout(), clean(shown))
	return err
}

func (d *desk) testReceiver(cmd *cobra.Command, name string, o tryOut, kind eventsv1.Notification_Kind) error {
	w := notifyWordsOf(d.w)
	if d.agent == "" && !o.dry {
		return errors.New(alertWordsOf(d.w).NeedBy)
	}
	body, err := d.post(cmd, receiverPath(name)+":test", &alertingv1.TestReceiverRequest{Kind: kind, DryRun: o.dry, By: d.agent})
	if err != nil {
		return d.failed(cmd, "", err)
	}
	resp := &alertingv1.TestReceiverResponse{}
	if err := read(body, resp); err != nil {
		return err
	}
	if d.asJSON() {
		if err := printBody(cmd.OutOrStdout(), body); err != nil {
			return err
		}
	}
	a := resp.GetAttempt()
	switch {
	case !o.dry && !resp.GetDelivered():
		return errors.New(fill(w.NotDelivered, oneLine(name), d.problem(a)))
	case d.asJSON():
		return nil
	case o.dry:
		_, err = io.WriteString(cmd.OutOrStdout(), clean(resp.GetMessage()))
	default:
		_, err = io.WriteString(cmd.OutOrStdout(), fill(w.Delivered, oneLine(name), a.GetTookMs())+"\n")
	}
	return err
}

func (d *desk) setReceiverCommand(name string, disabled bool) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: name + " NAME [options]", Args: d.oneNotifyArgument(needName), SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if d.agent == "" {
				return errors.New(alertWordsOf(d.w).NeedBy)
			}
			body, err := d.send(cmd, http.MethodPut, receiverPath(args[0]), nil, &alertingv1.SetReceiverRequest{Disabled: disabled, Reason: reason, By: d.agent})
			if err != nil {
				return d.failed(cmd, "", err)
			}
			if d.asJSON() {
				return printBody(cmd.OutOrStdout(), body)
			}
			text := notifyWordsOf(d.w).EnabledNow
			if disabled {
				text = notifyWordsOf(d.w).DisabledNow
			}
			_, err = io.WriteString(cmd.OutOrStdout(), fill(text, oneLine(args[0]))+"\n")
			return err
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "")
	annotate(cmd, "reason", "notify-reason")
	cmd.Flags().StringVar(&d.agent, "by", "", "")
	return cmd
}

type replaying struct{ failed, since string }

func (d *desk) replayCommand() *cobra.Command {
	var o replaying
	cmd := &cobra.Command{
		Use: "replay ID... [options]", SilenceUsage: true, SilenceErrors: true,
		Args: func(_ *cobra.Command, args []string) error {
			if (len(args) == 0) == (o.failed == "") {
				w, _ := language(d.lang, d.getenv)
				return errors.New(notifyWordsOf(w).NeedFailed)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if d.agent == "" {
				return errors.New(alertWordsOf(d.w).NeedBy)
			}
			if o.failed != "" {
				return d.replayFailed(cmd, o)
			}
			return d.replayEach(cmd, args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.failed, "failed", "", "")
	annotate(cmd, "failed", "notify-failed")
	f.StringVar(&o.since, "since", "", "")
	annotate(cmd, "since", "notify-since")
	f.StringVar(&d.agent, "by", "", "")
	return cmd
}

func (d *desk) replayFailed(cmd *cobra.Command, o replaying) error {
	w := notifyWordsOf(d.w)
	req := &alertingv1.ReplayFailedRequest{By: d.agent}
	if o.since != "" {
		at, err := parseAgo(o.since, d.now())
		if err != nil {
			return errors.New(w.BadSince)
		}
		req.Since = timestamppb.New(at)
	}
	all, err := d.replayAll(cmd, o.failed, req)
	if err != nil && all.GetReplayed() == 0 {
		return d.failed(cmd, "", err)
	}
	if d.asJSON() {
		body, merr := protojson.Marshal(all)
		if merr != nil {
			return merr
		}
		return errors.Join(printBody(cmd.OutOrStdout(), body), err)
	}
	if _, werr := io.WriteString(cmd.OutOrStdout(), fill(w.AgainAll, all.GetReplayed(), oneLine(o.failed))+"\n"); werr != nil || err == nil {
		return werr
	}
	return d.failed(cmd, "", err)
}

// mostReplayed is how many deliveries a server orders again at once, at most.
const mostReplayed = 500

// replayAll asks again until nothing remains of what there was at first: what fails anew
// meanwhile is left.
func (d *desk) replayAll(cmd *cobra.Command, name string, req *alertingv1.ReplayFailedRequest) (*alertingv1.ReplayFailedResponse, error) {
	bar := newBar(cmd.ErrOrStderr(), d.env, "/s", reportWordsOf(d.w).Left)
	defer bar.end()
	all, of := &alertingv1.ReplayFailedResponse{}, uint32(0)
	for {
		body, err := d.post(cmd, receiverPath(name)+":replay", req)
		if err != nil {
			return all, err
		}
		resp := &alertingv1.ReplayFailedResponse{}
		if err := read(body, resp); err != nil {
			return all, err
		}
		if of == 0 {
			of = resp.GetReplayed() + resp.GetRemaining()
		}
		all.Replayed, all.Remaining = all.GetReplayed()+resp.GetReplayed(), resp.GetRemaining()
		bar.update(uint64(all.GetReplayed()), uint64(of))
		if resp.GetRemaining() == 0 || resp.GetReplayed() == 0 || all.GetReplayed() >= of {
			return all, nil
		}
		req.Limit = min(of-all.GetReplayed(), mostReplayed) // what fails anew comes after what there was
	}
}

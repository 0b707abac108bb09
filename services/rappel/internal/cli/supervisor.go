package cli

import (
	"errors"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
)

// supervising are the commands of who looks after the queues: they say who
// decided, and most say why.
var supervising = map[string]bool{"transfer": true, "requeue": true, "escalate": true, "reschedule": true, "cancel": true, "reopen": true, "do-not-call": true}

// decision is a supervisor's command being put together.
type decision struct {
	*desk
	reason string
	// verb is the command's word in the API's path.
	verb string
	// request is what is sent, once the flags are read.
	request func(id string) (proto.Message, error)
	// needs are the flags, with what they hold, that must be there beside --by.
	needs func() []string
	// done is the sentence when it worked.
	done func() string
}

func (d *decision) command() *cobra.Command {
	cmd := &cobra.Command{Use: d.verb + " ID... [options]", Args: d.idArguments, SilenceUsage: true, SilenceErrors: true}
	cmd.Flags().StringVar(&d.agent, "by", "", "")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if missing := missingFlags(append(d.needs(), "--by", d.agent)...); missing != "" {
			return errors.New(fill(d.w.NeedDecision, missing))
		}
		if len(args) > 1 {
			req, err := d.request("")
			if err != nil {
				return err
			}
			return d.many(cmd, args, req)
		}
		req, err := d.request(args[0])
		if err != nil {
			return err
		}
		body, err := d.post(cmd, pathOf(args[0])+":"+d.verb, req)
		if err != nil {
			return d.failed(cmd, args[0], err)
		}
		cb, err := one(body)
		if err != nil {
			return err
		}
		return d.result(cmd, d.done(), cb, body, false)
	}
	return cmd
}

// why adds the option for the reason.
func (d *decision) why(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&d.reason, "reason", "", "")
	annotate(cmd, "reason", "decision-reason")
	return cmd
}

func (d *decision) reasoned() []string { return []string{"--reason", d.reason} }

func (d *desk) transferCommand() *cobra.Command {
	var to string
	c := &decision{desk: d, verb: "transfer"}
	c.needs = func() []string { return append([]string{"--to", to}, c.reasoned()...) }
	c.done = func() string { return fill(d.w.Transferred, oneLine(to)) }
	c.request = func(id string) (proto.Message, error) {
		return &callbackv1.TransferCallbackRequest{Id: id, Queue: to, Reason: c.reason, By: d.agent}, nil
	}
	cmd := c.why(c.command())
	cmd.Flags().StringVar(&to, "to", "", "")
	return cmd
}

func (d *desk) requeueCommand() *cobra.Command {
	c := &decision{desk: d, verb: "requeue"}
	c.needs = c.reasoned
	c.done = func() string { return d.w.Requeued }
	c.request = func(id string) (proto.Message, error) {
		return &callbackv1.RequeueCallbackRequest{Id: id, Reason: c.reason, By: d.agent}, nil
	}
	return c.why(c.command())
}

func (d *desk) escalateCommand() *cobra.Command {
	var points uint32
	var role string
	c := &decision{desk: d, verb: "escalate"}
	c.needs = c.reasoned
	c.done = func() string { return d.w.Escalated }
	c.request = func(id string) (proto.Message, error) {
		return &callbackv1.EscalateCallbackRequest{Id: id, Points: points, Role: role, Reason: c.reason, By: d.agent}, nil
	}
	cmd := c.why(c.command())
	cmd.Flags().Uint32Var(&points, "points", 0, "")
	cmd.Flags().StringVar(&role, "role", "", "")
	return cmd
}

func (d *desk) rescheduleCommand() *cobra.Command {
	var at string
	var asked bool
	c := &decision{desk: d, verb: "reschedule"}
	c.needs = func() []string { return []string{"--at", at} }
	c.done = func() string { return d.w.Rescheduled }
	c.request = func(id string) (proto.Message, error) {
		req := &callbackv1.RescheduleCallbackRequest{Id: id, By: d.agent, CustomerAsked: asked}
		if at == "now" {
			return req, nil
		}
		t, ok := parseMoment(at, d.now().In(d.zone))
		if !ok {
			return nil, errors.New(fill(d.w.BadMoment, at))
		}
		req.NotBefore = timestamppb.New(t)
		return req, nil
	}
	cmd := c.command()
	cmd.Flags().StringVar(&at, "at", "", "")
	cmd.Flags().BoolVar(&asked, "customer-asked", false, "")
	return cmd
}

func (d *desk) cancelCommand() *cobra.Command {
	c := &decision{desk: d, verb: "cancel"}
	c.needs = c.reasoned
	c.done = func() string { return d.w.CanceledNow }
	c.request = func(id string) (proto.Message, error) {
		return &callbackv1.CancelCallbackRequest{Id: id, Reason: c.reason, By: d.agent}, nil
	}
	return c.why(c.command())
}

func (d *desk) reopenCommand() *cobra.Command {
	c := &decision{desk: d, verb: "reopen"}
	c.needs = c.reasoned
	c.done = func() string { return d.w.Reopened }
	c.request = func(id string) (proto.Message, error) {
		return &callbackv1.ReopenCallbackRequest{Id: id, Reason: c.reason, By: d.agent}, nil
	}
	return c.why(c.command())
}

func (d *desk) doNotCallCommand() *cobra.Command {
	c := &decision{desk: d, verb: "doNotCall"}
	c.needs = func() []string { return nil }
	c.done = func() string { return d.w.NeverCalled }
	c.request = func(id string) (proto.Message, error) {
		return &callbackv1.DoNotCallRequest{Id: id, By: d.agent}, nil
	}
	cmd := c.command()
	cmd.Use, cmd.Args = "do-not-call ID [options]", d.idArgument
	return cmd
}

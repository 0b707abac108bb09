package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

const (
	// defaultGRPC is where `rappel run` is reached by gRPC.
	defaultGRPC = "127.0.0.1:9090"
	// Between two streams it is waited for ever longer, and less than an agent's
	// seat is kept for.
	firstPause   = 500 * time.Millisecond
	longestPause = 10 * time.Second
	// leaveWithin bounds how long the server has to let an agent go.
	leaveWithin = 3 * time.Second
)

// shift is one agent at work at a terminal.
type shift struct {
	*desk
	cmd *cobra.Command
	// address is the gRPC server's.
	address  string
	capacity uint32
	// away says that the agent wants nothing now: the next stream begins so.
	away bool
	// hand is what the agent has in hand, as last told; open offers are among it.
	hand []*eventsv1.Callback
	// answered are the tokens of offers that were answered, by callback.
	answered map[string]uint64
	// greeted says that a server has welcomed the agent, pause how long was waited
	// for since.
	greeted bool
	pause   time.Duration
}

// Work is `rappel work`.
func Work() *cobra.Command { return workCommand(system()) }

func workCommand(e env) *cobra.Command {
	s := &shift{desk: newDesk(e, "work")}
	s.group = "callbacks" // what it proposes are the commands of an agent's desk
	cmd := s.root
	cmd.Use = "work AGENT [options]"
	cmd.RunE = s.begin
	f := cmd.Flags()
	f.Uint32Var(&s.capacity, "capacity", 0, "")
	f.StringVar(&s.address, "grpc", "", "")
	s.localise()
	return cmd
}

func (s *shift) begin(cmd *cobra.Command, args []string) error {
	s.cmd, s.agent = cmd, s.getenv("RAPPEL_AGENT")
	if len(args) > 0 {
		s.agent = args[0]
		if err := s.noArguments(cmd, args[1:]); err != nil {
			return err
		}
	}
	if s.agent == "" {
		return errors.New(fill(s.w.NeedWorker, s.program))
	}
	if s.address == "" {
		s.address = s.orElse(s.getenv("RAPPEL_GRPC"), defaultGRPC)
	}
	ctx, stop := interruptible(cmd)
	defer stop()
	// A stream outlives the interrupt: it is over which the agent says goodbye.
	streams, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	defer hangUp()
	return s.work(ctx, streams, linesOf(streams, cmd.InOrStdin()))
}

// linesOf reads lines until there are no more, and closes the channel then.
func linesOf(ctx context.Context, r io.Reader) <-chan string {
	lines := make(chan string)
	go func() { // a read of a terminal can't be ended: it ends with the process
		defer close(lines)
		for in := bufio.NewScanner(r); in.Scan(); {
			select {
			case lines <- in.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}

// errLeft says that the agent leaves.
var errLeft = errors.New("the agent leaves")

// work goes from stream to stream until the agent leaves, ctx ends, or a server
// says that there is no use.
func (s *shift) work(ctx, streams context.Context, lines <-chan string) error {
	for {
		err := s.once(ctx, streams, lines)
		if errors.Is(err, errLeft) {
			return s.notice(s.w.Left)
		}
		if err = s.fate(err); err != nil {
			return err
		}
		if err := s.rest(ctx, lines); errors.Is(err, errLeft) {
			return s.notice(s.w.Left)
		} else if err != nil {
			return err
		}
	}
}

// once opens a stream and works on it until it ends, with its error, or the agent
// leaves.
func (s *shift) once(ctx, streams context.Context, lines <-chan string) error {
	l, err := openLink(ctx, streams, s.address, s.hello())
	switch {
	case ctx.Err() != nil && err != nil:
		return errLeft
	case err != nil:
		return err
	}
	defer l.close()
	for {
		select {
		case m, more := <-l.said:
			if !more {
				return l.err
			}
			if err := s.hear(m); err != nil {
				return &deadScreen{err}
			}
		case line, more := <-lines:
			err := errLeft
			if more {
				err = s.obey(l, line)
			}
			switch {
			case errors.Is(err, errLeft):
				l.leave(leaveWithin)
				return errLeft
			case err != nil:
				return &deadScreen{err}
			}
		case <-ctx.Done():
			l.leave(leaveWithin)
			return errLeft
		}
	}
}

func (s *shift) hello() *callbackv1.WorkCallbacksRequest_Hello {
	h := &callbackv1.WorkCallbacksRequest_Hello{AgentId: s.agent, Capacity: s.capacity}
	if s.away {
		h.Status = callbackv1.AgentStatus_AWAY
	}
	return h
}

// deadScreen says that nothing can be shown any more.
type deadScreen struct{ err error }

// Error is the cause.
func (e *deadScreen) Error() string { return e.err.Error() }

// Unwrap is the cause.
func (e *deadScreen) Unwrap() error { return e.err }

// fate is nil when another stream may do better than the one that ended so, and
// says that it is tried.
func (s *shift) fate(err error) error {
	var dead *deadScreen
	if errors.As(err, &dead) {
		return dead.err
	}
	st, reason := status.Convert(err), rpc.Reason(err)
	if !s.greeted && reason == "" && st.Code() == codes.Unavailable {
		return &exitError{1, errors.New(fill(s.w.NoGRPC, s.address, s.program))}
	}
	switch st.Code() {
	case codes.InvalidArgument, codes.NotFound, codes.FailedPrecondition, codes.PermissionDenied, codes.Unauthenticated, codes.Unimplemented:
		return errors.New(s.because(reason, st.Message()))
	default:
	}
	if reason == "REPLACED" {
		return errors.New(s.because(reason, st.Message()))
	}
	s.pause = min(max(2*s.pause, firstPause), longestPause)
	why := s.w.Broken
	if reason != "" {
		why = s.because(reason, st.Message())
	}
	return s.notice(fill(s.w.OnceMore, why, duration(s.pause)))
}

// because is what a server's reason means, or its own words.
func (s *shift) because(reason, message string) string {
	text := s.w.Reasons[reason]
	if text == "" || reason == "INVALID_FIELDS" {
		return fill(s.w.Refused, oneLine(message))
	}
	return text
}

// rest waits until the next stream, and listens to the agent meanwhile.
func (s *shift) rest(ctx context.Context, lines <-chan string) error {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = s.wait(waiting, s.pause) // it fails when ctx ends, which is looked at below
	}()
	for {
		select {
		case <-over:
			if ctx.Err() != nil {
				return errLeft
			}
			return nil
		case line, more := <-lines:
			if !more {
				return errLeft
			}
			if err := s.obey(nil, line); err != nil {
				return err
			}
		}
	}
}

// notice tells the agent something that no server said: beside the messages when
// those are for another program.
func (s *shift) notice(text string) error {
	w := s.cmd.OutOrStdout()
	if s.asJSON() {
		w = s.cmd.ErrOrStderr()
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

package contender

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"

	"github.com/rappel-loop/rappel/bench/internal/load"
)

const (
	// CommitsPerJob is how many durable commits a worked callback is: claimed,
	// attempt started, attempt ended, completed. Each is kept as history.
	CommitsPerJob = 4
	// askEvery is how soon an agent who got nothing asks again.
	askEvery = time.Millisecond
	// waitingAgents is how many are at work while nothing is there, and eachTakes how
	// many callbacks each has in hand at most: one is always free.
	waitingAgents, eachTakes = 4, 50
)

// agent is one person's client.
type agent struct {
	id     string
	queue  callbackv1.CallbackServiceClient
	claims int
}

func (r *Rappel) agent(series string, no int) *agent {
	return &agent{id: fmt.Sprintf("%s-%d", series, no), queue: r.queue}
}

// claim takes the best callback; nil when none is ready.
func (a *agent) claim(ctx context.Context) (*eventsv1.Callback, error) {
	a.claims++
	resp, err := a.queue.ClaimCallback(ctx, &callbackv1.ClaimCallbackRequest{AgentId: a.id, RequestId: strconv.Itoa(a.claims)})
	switch {
	case err == nil:
		return resp.GetCallback(), nil
	case status.Code(err) == codes.NotFound:
		return nil, nil //nolint:nilnil // nothing is ready, and nothing is wrong
	default:
		return nil, fmt.Errorf("rappel: ClaimCallback: %w", err)
	}
}

// next waits until the agent has a callback, asking again and again.
func (a *agent) next(ctx context.Context) (*eventsv1.Callback, error) {
	again := time.NewTicker(askEvery)
	defer again.Stop()
	for {
		cb, err := a.claim(ctx)
		if cb != nil || err != nil {
			return cb, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// accept takes an offer.
func (a *agent) accept(ctx context.Context, cb *eventsv1.Callback) error {
	_, err := a.queue.AcceptCallback(ctx, &callbackv1.AcceptCallbackRequest{Id: cb.GetId(), AgentId: a.id, Token: cb.GetHolder().GetToken()})
	if err != nil {
		return fmt.Errorf("rappel: AcceptCallback: %w", err)
	}
	return nil
}

// finish calls the customer, reaches them, and closes the callback.
func (a *agent) finish(ctx context.Context, cb *eventsv1.Callback) error {
	id, token := cb.GetId(), cb.GetHolder().GetToken()
	_, err := a.queue.StartAttempt(ctx, &callbackv1.StartAttemptRequest{Id: id, AgentId: a.id, Token: token})
	if err != nil {
		return fmt.Errorf("rappel: StartAttempt: %w", err)
	}
	_, err = a.queue.EndAttempt(ctx, &callbackv1.EndAttemptRequest{Id: id, AgentId: a.id, Token: token, Outcome: eventsv1.Attempt_REACHED})
	if err != nil {
		return fmt.Errorf("rappel: EndAttempt: %w", err)
	}
	_, err = a.queue.CompleteCallback(ctx, &callbackv1.CompleteCallbackRequest{
		Id: id, AgentId: a.id, Token: token, Outcome: eventsv1.WrapUp_RESOLVED, RootCause: "late", Note: "Colis retrouvé, geste commercial.",
	})
	if err != nil {
		return fmt.Errorf("rappel: CompleteCallback: %w", err)
	}
	return nil
}

// Work has agents claim callbacks and see each through to its end.
func (r *Rappel) Work(ctx context.Context, workers int, b load.Bound) (load.Done, error) {
	agents := make([]*agent, workers)
	for w := range agents {
		agents[w] = r.agent("agent", w)
	}
	worked := load.NewTally(r.stored)
	defer r.say.Watch("Rappel: worked", r.stored, worked.Count)()
	// A callback that cannot be claimed must not keep its agent for ever.
	ctx, cancel := context.WithTimeout(ctx, b.For+deliverWait)
	defer cancel()
	return load.Spread(ctx, workers, load.Bound{Jobs: r.stored, For: b.For}, func(ctx context.Context, w, _ int) error {
		cb, err := agents[w].next(ctx)
		if err != nil {
			return err
		}
		defer worked.Add()
		return agents[w].finish(ctx, cb)
	})
}

// Deliver times from SubmitResponse to the callback's being offered on the stream
// of an agent at work: Rappel has no polling to set.
func (r *Rappel) Deliver(ctx context.Context, o Offer, p Polling) (load.Times, error) {
	series := fmt.Sprintf("deliver%d", p)
	numbers := make(map[string]int, o.Jobs)
	for i := range o.Jobs {
		numbers[newJob(series, i).Response] = i
	}
	watch := load.NewStopwatch(o.Jobs)
	group, ctx := errgroup.WithContext(ctx)
	shift, over := context.WithCancel(ctx)
	defer over()
	for no := range waitingAgents {
		a := r.agent(series, no)
		group.Go(func() error {
			return a.takeAll(shift, func(cb *eventsv1.Callback) {
				if i, ok := numbers[cb.GetReasons()[0].GetResponseId()]; ok {
					watch.Stop(i)
				}
				// Beside the next claim, as the peers acknowledge their jobs.
				group.Go(func() error {
					if err := a.accept(ctx, cb); err != nil {
						return err
					}
					return a.finish(ctx, cb)
				})
			})
		})
	}
	times, err := offer(ctx, o, r.say, "Rappel: delivered", watch, func(ctx context.Context, i int) error { return r.send(ctx, series, i) })
	over()
	return times, errors.Join(err, group.Wait())
}

// takeAll is at work until the shift is over, and takes whatever is offered.
func (a *agent) takeAll(shift context.Context, got func(*eventsv1.Callback)) error {
	stream, err := a.queue.WorkCallbacks(shift)
	if err == nil {
		err = stream.Send(&callbackv1.WorkCallbacksRequest{Message: &callbackv1.WorkCallbacksRequest_Hello_{
			Hello: &callbackv1.WorkCallbacksRequest_Hello{AgentId: a.id, Capacity: eachTakes},
		}})
	}
	for err == nil {
		var m *callbackv1.WorkCallbacksResponse
		if m, err = stream.Recv(); err == nil && m.GetOffer() != nil {
			got(m.GetOffer().GetCallback())
		}
	}
	if shift.Err() != nil {
		return nil //nolint:nilerr // a stream that the end of the shift cut off is no error
	}
	return fmt.Errorf("rappel: WorkCallbacks: %w", err)
}

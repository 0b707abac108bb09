package e2e

import (
	"context"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// streams is an agent with a stream at some replica, and at another when it breaks.
func (o *office) streams(agent string, from int) {
	for n := from; !o.over(); n++ {
		p := o.replicas[n%len(o.replicas)]
		p.mu.Lock()
		addr := p.grpc
		p.mu.Unlock()
		if addr != "" {
			o.sit(agent, n, addr)
		}
		pause()
	}
}

// sit works at one replica until the stream ends.
func (o *office) sit(agent string, n int, addr string) {
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		o.t.Error(err)
		return
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(o.t.Context())
	defer cancel()
	go func() {
		select {
		case <-o.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	stream, err := callbackv1.NewCallbackServiceClient(conn).WorkCallbacks(ctx)
	if err != nil {
		return
	}
	hello := &callbackv1.WorkCallbacksRequest{Message: &callbackv1.WorkCallbacksRequest_Hello_{
		Hello: &callbackv1.WorkCallbacksRequest_Hello{AgentId: agent},
	}}
	if stream.Send(hello) != nil {
		return
	}
	for {
		m, err := stream.Recv()
		if err != nil {
			return
		}
		inHand := m.GetWelcome().GetCallbacks()
		if cb := m.GetOffer().GetCallback(); cb != nil {
			inHand = append(inHand, cb)
		}
		for _, cb := range inHand {
			o.serve(agent, n, cb)
		}
	}
}

// serve accepts what is offered, and calls.
func (o *office) serve(agent string, n int, cb *eventsv1.Callback) {
	token := strconv.FormatUint(cb.GetHolder().GetToken(), 10)
	if cb.GetState() == eventsv1.Callback_RESERVED {
		var resp struct{ Callback callback }
		if o.sure(n, "/v1/callbacks/"+cb.GetId()+":accept", object{"agentId": agent, "token": token}, &resp) != 200 {
			return
		}
		token = resp.Callback.Holder.Token
	}
	o.call(agent, n, cb.GetId(), token)
}

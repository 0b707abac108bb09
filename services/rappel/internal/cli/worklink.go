package cli

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
)

// link is one stream of an agent's, on a connection of its own: the next one may
// lead to another server.
type link struct {
	conn   *grpc.ClientConn
	stream grpc.BidiStreamingClient[callbackv1.WorkCallbacksRequest, callbackv1.WorkCallbacksResponse]
	// said is what the server says; it is closed when that is over, and err says why.
	said   chan *callbackv1.WorkCallbacksResponse
	err    error
	hangUp context.CancelFunc
}

// openLink opens a stream that lasts as long as streams does, and says hello. Until
// it is open ctx ends it, too.
func openLink(ctx, streams context.Context, address string, hello *callbackv1.WorkCallbacksRequest_Hello) (*link, error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 15 * time.Second, Timeout: 5 * time.Second}),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.DefaultConfig, MinConnectTimeout: 5 * time.Second}))
	if err != nil {
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	l := &link{conn: conn, said: make(chan *callbackv1.WorkCallbacksResponse)}
	streams, l.hangUp = context.WithCancel(streams)
	open := context.AfterFunc(ctx, l.hangUp)
	l.stream, err = callbackv1.NewCallbackServiceClient(conn).WorkCallbacks(streams)
	open()
	if err != nil {
		l.hangUp()
		_ = conn.Close() // it was of no use
		return nil, err
	}
	go l.listen(streams)
	l.say(&callbackv1.WorkCallbacksRequest{Message: &callbackv1.WorkCallbacksRequest_Hello_{Hello: hello}})
	return l, nil
}

func (l *link) listen(ctx context.Context) {
	defer close(l.said)
	for {
		m, err := l.stream.Recv()
		if errors.Is(err, io.EOF) {
			err = errors.New("the server ended the stream")
		}
		if err != nil {
			l.err = err
			return
		}
		select {
		case l.said <- m:
		case <-ctx.Done():
			l.err = ctx.Err()
			return
		}
	}
}

// say sends a message. Why it could not be sent is what the stream ends with.
func (l *link) say(m *callbackv1.WorkCallbacksRequest) { _ = l.stream.Send(m) }

// leave says goodbye, and waits until the server has heard it.
func (l *link) leave(within time.Duration) {
	l.say(&callbackv1.WorkCallbacksRequest{Message: &callbackv1.WorkCallbacksRequest_Status{Status: callbackv1.AgentStatus_OFFLINE}})
	late := time.NewTimer(within)
	defer late.Stop()
	for {
		select {
		case _, more := <-l.said:
			if !more {
				return
			}
		case <-late.C:
			return
		}
	}
}

func (l *link) close() {
	l.hangUp()
	for range l.said { // until the listener has ended
	}
	_ = l.conn.Close() // there is nothing left to lose
}

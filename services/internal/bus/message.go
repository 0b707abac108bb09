package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/protobuf/proto"

	"github.com/rappel-loop/rappel/proto/subject"
)

var errNoBody = errors.New("bus: an event needs a subject, an id and a body")

var schemaVersion = []string{subject.SchemaVersion}

// tracer carries the trace context from publisher to handler.
var tracer = propagation.TraceContext{}

// carrier keeps header names as they are: NATS tells capitals apart, and the
// contract says "traceparent".
type carrier nats.Header

func (c carrier) Get(key string) string { return nats.Header(c).Get(key) }
func (c carrier) Set(key, value string) { c[key] = []string{value} }
func (c carrier) Keys() []string {
	keys := make([]string, 0, len(c))
	for k := range c {
		keys = append(keys, k)
	}
	return keys
}

func (e Event) message(ctx context.Context) (*nats.Msg, error) {
	foreign := e.Body == nil && e.Type != "" && e.Encoded != nil
	if e.Body == nil && !foreign || e.ID == "" || e.Subject == "" {
		return nil, errNoBody
	}
	kind, data := e.Type, e.Encoded
	if !foreign {
		kind = string(e.Body.ProtoReflect().Descriptor().FullName())
	}
	if data == nil {
		var err error
		if data, err = proto.Marshal(e.Body); err != nil {
			return nil, fmt.Errorf("encode event: %w", err)
		}
	}
	own := [2]string{e.ID, kind}
	h := make(nats.Header, 5+len(e.Headers))
	h[nats.MsgIdHdr] = own[0:1:1]
	h[subject.HeaderType] = own[1:2:2]
	h[subject.HeaderSchema] = schemaVersion
	tracer.Inject(ctx, carrier(h))
	for k, v := range e.Headers {
		h[k] = []string{v}
	}
	return &nats.Msg{Subject: e.Subject, Header: h, Data: data}, nil
}

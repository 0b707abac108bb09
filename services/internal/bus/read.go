package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/rappel-loop/rappel/proto/subject"
)

// Delivery is one stored event.
type Delivery struct {
	// Stream, Subject and Sequence say where it is stored.
	Stream, Subject string
	Sequence        uint64
	// ID is the event id, Type the protobuf message's full name.
	ID, Type string
	// Time is when the server stored it.
	Time time.Time
	// Deliveries counts how often this consumer was given it; 1 is the first.
	Deliveries uint64
	// Headers and Data are the message's; read only.
	Headers nats.Header
	Data    []byte
}

// Decode reads the body into m and checks that the type header agrees.
func (d Delivery) Decode(m proto.Message) error {
	if want := string(m.ProtoReflect().Descriptor().FullName()); d.Type != want {
		return Terminate("unexpected_type", fmt.Errorf("event type %q, expected %s", d.Type, want))
	}
	if err := proto.Unmarshal(d.Data, m); err != nil {
		return Terminate("undecodable", fmt.Errorf("decode %s: %w", d.Type, err))
	}
	return nil
}

// Last returns the last event of a subject, or ErrNotFound. On a replicated
// stream it may be stale: good for reading, and as the base of a decision only
// under a compare-and-set.
func (b *Bus) Last(ctx context.Context, subj string) (Delivery, error) {
	stream, err := b.streamOf(ctx, subj)
	if err != nil {
		return Delivery{}, err
	}
	ctx, cancel := b.question(ctx)
	defer cancel()
	m, err := stream.GetLastMsgForSubject(ctx, subj)
	return fromRaw(stream, m, err)
}

// question bounds one question to the server, as the acknowledgement of a publish
// is: a node that dies with the answer lets it be waited for as long as ctx lasts.
func (b *Bus) question(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, b.timeout)
}

// At returns the event at a sequence of a stream, or ErrNotFound.
func (b *Bus) At(ctx context.Context, stream string, seq uint64) (Delivery, error) {
	s, err := b.stream(ctx, stream)
	if err != nil {
		return Delivery{}, err
	}
	ctx, cancel := b.question(ctx)
	defer cancel()
	m, err := s.GetMsg(ctx, seq)
	return fromRaw(s, m, err)
}

func fromRaw(s jetstream.Stream, m *jetstream.RawStreamMsg, err error) (Delivery, error) {
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Delivery{}, ErrNotFound
	}
	if err != nil {
		return Delivery{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return Delivery{
		Stream: s.CachedInfo().Config.Name, Subject: m.Subject, Sequence: m.Sequence, Time: m.Time,
		ID: m.Header.Get(nats.MsgIdHdr), Type: m.Header.Get(subject.HeaderType),
		Headers: m.Header, Data: m.Data,
	}, nil
}

// streamsByPrefix maps the start of a subject to its stream.
var streamsByPrefix = []struct{ prefix, stream string }{
	{strings.TrimSuffix(subject.AllPushes, ">"), subject.Pushes},
	{strings.TrimSuffix(subject.AllImports, ">"), subject.Imports},
	{strings.TrimSuffix(subject.AllImportFiles, ">"), subject.ImportFiles},
	{strings.TrimSuffix(subject.AllImportRejects, ">"), subject.ImportFiles},
	{strings.TrimSuffix(subject.AllCallKeys, ">"), subject.CallKeys},
	{strings.TrimSuffix(subject.AllDoNotCall, ">"), subject.DoNotCall},
	{strings.TrimSuffix(subject.AllResponses, ">"), subject.Responses},
	{strings.TrimSuffix(subject.AllScores, ">"), subject.Scores},
	{strings.TrimSuffix(subject.AllCorrections, ">"), subject.Corrections},
	{strings.TrimSuffix(subject.AllModels, ">"), subject.Models},
	{strings.TrimSuffix(subject.AllAlertStates, ">"), subject.AlertStates},
	{strings.TrimSuffix(subject.AllSilences, ">"), subject.Silences},
	{strings.TrimSuffix(subject.AllNotifications, ">"), subject.Notifications},
	{strings.TrimSuffix(subject.AllDeliveries, ">"), subject.Deliveries},
	{strings.TrimSuffix(subject.AllReceivers, ">"), subject.Receivers},
	{strings.TrimSuffix(subject.AllFallbacks, ">"), subject.Fallbacks},
	{strings.TrimSuffix(subject.AllQueueStats, ">"), subject.QueueStats},
	{subject.AllRules, subject.Rules},
	{strings.TrimSuffix(subject.AllAlerts, ">"), subject.Alerts},
	{strings.TrimSuffix(subject.AllCallbacks, ">"), subject.Callbacks},
	{strings.TrimSuffix(subject.AllAgents, ">"), subject.Agents},
	{strings.TrimSuffix(subject.AllFeedKeys, ">"), subject.FeedKeys},
	{strings.TrimSuffix(subject.AllFeed, ">"), subject.Feed},
	{strings.TrimSuffix(subject.AllDeadLetters, ">"), subject.DeadLetters},
	{strings.TrimSuffix(subject.AllRedrives, ">"), subject.DeadLetters},
}

func streamNameOf(subj string) (string, error) {
	for _, s := range streamsByPrefix {
		if strings.HasPrefix(subj, s.prefix) {
			return s.stream, nil
		}
	}
	return "", errNoStream
}

var errNoStream = errors.New("bus: no stream holds subjects of this kind")

func (b *Bus) streamOf(ctx context.Context, subj string) (jetstream.Stream, error) {
	name, err := streamNameOf(subj)
	if err != nil {
		return nil, err
	}
	return b.stream(ctx, name)
}

func (b *Bus) stream(ctx context.Context, name string) (jetstream.Stream, error) {
	if s, ok := b.streams.Load(name); ok {
		return s.(jetstream.Stream), nil
	}
	ctx, cancel := b.question(ctx)
	defer cancel()
	s, err := b.js.Stream(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("%w: stream %s: %w", ErrUnavailable, name, err)
	}
	b.streams.Store(name, s)
	return s, nil
}

// History hands over every event of one subject, oldest first. It reads them one
// by one: right for a customer's events, not for a bucket's.
func (b *Bus) History(ctx context.Context, subj string, each func(Delivery) error) error {
	s, err := b.streamOf(ctx, subj)
	if err != nil {
		return err
	}
	for seq := uint64(1); ; {
		d, err := b.nextOf(ctx, s, subj, seq)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := each(d); err != nil {
			return err
		}
		seq = d.Sequence + 1
	}
}

// nextOf is the first event of a subject from a sequence on.
func (b *Bus) nextOf(ctx context.Context, s jetstream.Stream, subj string, seq uint64) (Delivery, error) {
	ctx, cancel := b.question(ctx)
	defer cancel()
	m, err := s.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(subj))
	return fromRaw(s, m, err)
}

func fromMsg(m jetstream.Msg) (Delivery, error) {
	meta, err := m.Metadata()
	if err != nil {
		return Delivery{}, err
	}
	return delivery(m, meta), nil
}

func delivery(m jetstream.Msg, meta *jetstream.MsgMetadata) Delivery {
	h := m.Headers()
	return Delivery{
		Stream: meta.Stream, Subject: m.Subject(), Sequence: meta.Sequence.Stream, Time: meta.Timestamp,
		ID: h.Get(nats.MsgIdHdr), Type: h.Get(subject.HeaderType),
		Deliveries: meta.NumDelivered, Headers: h, Data: m.Data(),
	}
}

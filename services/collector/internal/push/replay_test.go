package push_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector/internal/hook"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// replayed stores a body as it is stored when the stream no longer knows its id: another
// event, of a later day.
func (l *loop) replayed(source, body string, at time.Time) {
	l.Helper()
	p := hook.Push{Body: []byte(body)}
	_, err := l.bus.Publish(l.Context(), bus.Event{
		Subject: subject.Push(source, "e", p.Lane()), ID: "later",
		Body: &eventsv1.PushReceived{EventId: "later", ReceivedAt: timestamppb.New(at), Source: source, Endpoint: "e", Body: p.Body},
	})
	require.NoError(l, err)
}

// Whoever overheard a call plays it again the day after, when its id is forgotten: it is
// as old as it was, also where the mapping does not say when an answer was given.
func TestACallThatIsPlayedAgainIsNoNewerForIt(t *testing.T) {
	t.Parallel()
	for source, c := range map[string]struct{ file, body, want string }{
		"typeform":   {file: "typeform_form_response.json", want: "2026-09-14T08:02:47Z"},
		"zendesk":    {file: "zendesk_ticket_csat_received.json", want: "2026-09-14T08:02:47Z"},
		"formbricks": {file: "formbricks_response_finished.json", want: "2026-09-14T08:02:47.116Z"},
		"generic":    {body: `{"a":1}`, want: "2026-11-20T12:00:00Z"}, // it does not say
	} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			body := c.body
			if c.file != "" {
				body = fixture(t, c.file)
			}
			config := open(source)
			config.Mapping = mappingFile(t, "survey: s\nanswers: [{verbatim: {text: bonjour}}]")
			l := setup(t, config)
			l.told(body)
			l.eventually(func() bool { return len(l.stored()) == 1 })
			l.replayed(source, body, noon.AddDate(0, 0, 1))
			l.eventually(func() bool { return len(l.stored()) == 2 })
			for _, r := range l.stored() {
				if source == "generic" && r == l.stored()[1] {
					require.Equal(t, noon.AddDate(0, 0, 1), r.GetSubmittedAt().AsTime())
					continue
				}
				require.Equal(t, c.want, r.GetSubmittedAt().AsTime().Format(time.RFC3339Nano))
			}
		})
	}
}

// Where nothing says when an answer was given, the operator is told what that means.
func TestAnEndpointThatCannotTellWhenIsSaid(t *testing.T) {
	t.Parallel()
	const undated, dated = "survey: s\nanswers: [{verbatim: t}]", "survey: s\nsubmittedAt: at\nanswers: [{verbatim: t}]"
	signature := hook.Signature{Header: "X", Algorithm: "sha256", Encoding: "hex"}
	for name, c := range map[string]struct {
		config  hook.Config
		mapping string
		warned  int
	}{
		"signed without a time": {hook.Config{Source: "generic", Secret: "s", Signature: signature}, undated, 1},
		"unsigned":              {hook.Config{Source: "generic", AllowUnsigned: true}, undated, 1},
		"dated by the mapping":  {hook.Config{Source: "generic", Secret: "s", Signature: signature}, dated, 0},
		"signed with its time":  {hook.Config{Source: "generic", Secret: "s"}, undated, 0},
		"dated by the source":   {hook.Config{Source: "typeform", Secret: "s"}, undated, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.config.Mapping = mappingFile(t, c.mapping)
			l := setup(t, c.config)
			require.Len(t, l.logs.FilterField(zap.String("endpoint", "e")).All(), c.warned)
		})
	}
}

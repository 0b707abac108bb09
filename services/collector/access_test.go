package collector_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	grpcstatus "google.golang.org/grpc/status"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector"
	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/internal/keyfile"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// ring is a file of keys in the making.
type ring struct {
	testing.TB
	entries string
}

// add makes a key.
func (r *ring) add(e keyfile.Entry) string {
	r.Helper()
	key := keyfile.New()
	var err error
	e.Hash, err = keyfile.Sum(key)
	require.NoError(r, err)
	text, err := e.YAML()
	require.NoError(r, err)
	r.entries += text
	return key
}

// use has a collector ask for the keys.
func (r *ring) use(c *collector.Config) {
	c.KeysFile = filepath.Join(r.TempDir(), "keys.yaml")
	require.NoError(r, os.WriteFile(c.KeysFile, []byte("keys:\n"+r.entries), 0o600))
}

func bearer(key string) []string { return []string{"Authorization", "Bearer " + key} }

func with(ctx context.Context, key string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+key)
}

// from is a response of a survey and a channel.
func from(survey, channel, id string) *eventsv1.Response {
	return &eventsv1.Response{Id: id, Survey: survey, Channel: channel, Answers: []*eventsv1.Answer{nps(2)}}
}

func TestAKeyIsAskedForAtEachWayIn(t *testing.T) {
	t.Parallel()
	r := &ring{TB: t}
	old := r.add(keyfile.Entry{Name: "shop", NotAfter: noon.Add(time.Hour)})
	next := r.add(keyfile.Entry{Name: "shop"})
	l := setup(t, r.use)
	require.Equal(t, 202, l.post("/v1/responses", good, bearer(old)...).code, "a rotation overlaps")
	require.Equal(t, 202, l.post("/v1/responses", good, bearer(next)...).code)
	stored := len(l.deliveries())
	l.clock.Advance(2 * time.Hour)
	for _, c := range []struct {
		key, reason string
		header      []string
	}{
		{"", "KEY_REQUIRED", nil},
		{keyfile.New(), "KEY_UNKNOWN", nil},
		{"nonsense", "KEY_UNKNOWN", nil},
		{old, "KEY_EXPIRED", nil},
	} {
		var header []string
		ctx := t.Context()
		if c.key != "" {
			header, ctx = bearer(c.key), with(ctx, c.key)
		}
		for path, body := range map[string]string{"/v1/responses": "no JSON", "/v1/responses:batch": `{"responses":[` + good + `]}`} {
			a := l.post(path, body, header...)
			require.Equal(t, 401, a.code, a.body)
			require.Equal(t, c.reason, a.status(t).reason())
			require.Equal(t, "Bearer", a.header.Get("WWW-Authenticate"))
		}
		_, err := l.grpc.SubmitResponse(ctx, request(piece("r", "C", nps(2))))
		require.Equal(t, codes.Unauthenticated, grpcstatus.Code(err))
		require.Equal(t, c.reason, rpc.Reason(err))
		_, err = l.grpc.SubmitResponses(ctx, &collectorv1.SubmitResponsesRequest{Responses: []*eventsv1.Response{piece("r", "C", nps(2))}})
		require.Equal(t, c.reason, rpc.Reason(err))
		s, err := l.grpc.StreamResponses(ctx)
		require.NoError(t, err)
		_, err = s.Recv()
		require.Equal(t, c.reason, rpc.Reason(err))
	}
	require.Len(t, l.deliveries(), stored, "nothing of it was stored")
	require.Equal(t, map[string]float64{"KEY_REQUIRED": 5, "KEY_UNKNOWN": 10, "KEY_EXPIRED": 5, "KEY_SCOPE": 0, "RATE_LIMITED": 0}, l.refusals())

	l.submitted(with(t.Context(), next), piece("r-2", "C", nps(2)))
	require.Len(t, l.deliveries(), stored+1)
}

func (l *loop) submitted(ctx context.Context, r *eventsv1.Response) {
	l.Helper()
	_, err := l.grpc.SubmitResponse(ctx, request(r))
	require.NoError(l, err)
}

// refusals are how many there were, by reason.
func (l *loop) refusals() map[string]float64 {
	l.Helper()
	families, err := l.metrics.Gather()
	require.NoError(l, err)
	out := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "calls_refused_total" {
				out[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
			}
		}
	}
	return out
}

func TestWithoutAFileOfKeysAllIsOpen(t *testing.T) {
	t.Parallel()
	l := setup(t)
	require.Equal(t, 202, l.post("/v1/responses", good).code)
	require.Equal(t, 202, l.post("/v1/responses", good, bearer("anything")...).code)
}

func TestAKeySendsWhatIsItsOwn(t *testing.T) {
	t.Parallel()
	r := &ring{TB: t}
	key := r.add(keyfile.Entry{Name: "shop", Surveys: []string{"magasin", "apres-livraison"}, Channels: []string{"sms", "e-mail"}})
	l := setup(t, r.use)
	ctx := with(t.Context(), key)
	cases := []struct {
		survey, channel string
		fields          []string
	}{
		{"magasin", "sms", nil},
		{" magasin ", "\tsms ", nil}, // as it will be stored
		{"magasin", "SMS", []string{"channel"}},
		{"magasin", "", []string{"channel"}},
		{"magasin", "  ", []string{"channel"}},
		{"other", "sms", []string{"survey"}},
		{"Magasin", "web", []string{"survey", "channel"}},
		{"apres-livraison", "e-mail", nil},
	}
	var batch []*eventsv1.Response
	var json []string
	stored := 0
	for i, c := range cases {
		batch = append(batch, from(c.survey, c.channel, fmt.Sprint("batch-", i)))
		json = append(json, fmt.Sprintf(`{"id":"json-%d","survey":%q,"channel":%q,"answers":[{"metric":"NPS","value":2}]}`, i, c.survey, c.channel))
		_, err := l.grpc.SubmitResponse(ctx, request(from(c.survey, c.channel, fmt.Sprint("one-", i))))
		a := l.post("/v1/responses", strings.Replace(json[i], "json-", "http-", 1), bearer(key)...)
		if c.fields == nil {
			stored += 5
			require.NoError(t, err)
			require.Equal(t, 202, a.code, a.body)
			continue
		}
		require.Equal(t, codes.PermissionDenied, grpcstatus.Code(err))
		require.Equal(t, "KEY_SCOPE", rpc.Reason(err))
		require.Equal(t, c.fields, violations(err))
		require.Equal(t, 403, a.code)
		require.Equal(t, "KEY_SCOPE", a.status(t).reason())
		require.Equal(t, c.fields, a.status(t).fields())
	}
	check := func(i int, e *collectorv1.RowError) {
		t.Helper()
		var fields []string
		for _, f := range e.GetFields() {
			fields = append(fields, f.GetField())
		}
		require.Equal(t, cases[i].fields, fields)
		require.Equal(t, cases[i].fields != nil, e.GetCode() == "PERMISSION_DENIED")
	}
	resp, err := l.grpc.SubmitResponses(ctx, &collectorv1.SubmitResponsesRequest{Responses: batch})
	require.NoError(t, err)
	for i, row := range resp.GetResults() {
		check(i, row.GetError())
	}
	a := l.post("/v1/responses:batch", `{"responses":[`+strings.Join(json, ",")+`]}`, bearer(key)...)
	require.Equal(t, 200, a.code)
	require.Equal(t, 5, strings.Count(a.body, "PERMISSION_DENIED"))
	for i, e := range l.streamed(ctx, batch, "stream") {
		check(i, e)
	}
	require.Len(t, l.deliveries(), stored)

	// A batch of which nothing may be sent is answered row by row, too.
	resp, err = l.grpc.SubmitResponses(ctx, &collectorv1.SubmitResponsesRequest{Responses: []*eventsv1.Response{from("other", "sms", "x")}})
	require.NoError(t, err)
	require.Equal(t, "PERMISSION_DENIED", resp.GetResults()[0].GetError().GetCode())
	require.Len(t, l.deliveries(), stored)
}

// streamed sends responses in one stream and returns what was wrong with each.
func (l *loop) streamed(ctx context.Context, responses []*eventsv1.Response, id string) map[int]*collectorv1.RowError {
	l.Helper()
	s, err := l.grpc.StreamResponses(ctx)
	require.NoError(l, err)
	for i, r := range responses {
		r.Id = fmt.Sprint(id, "-", i)
		require.NoError(l, s.Send(&collectorv1.StreamResponsesRequest{RequestNo: uint64(i), Response: r}))
	}
	require.NoError(l, s.CloseSend())
	out := map[int]*collectorv1.RowError{}
	for {
		res, err := s.Recv()
		if errors.Is(err, io.EOF) {
			require.Len(l, out, len(responses))
			return out
		}
		require.NoError(l, err)
		out[int(res.GetRequestNo())] = res.GetResult().GetError() //nolint:gosec // small
	}
}

// A correction must not change what its sender might not have sent.
func TestAKeyCorrectsNoOthersResponses(t *testing.T) {
	t.Parallel()
	r := &ring{TB: t}
	sms := r.add(keyfile.Entry{Name: "sms", Channels: []string{"sms"}})
	all := r.add(keyfile.Entry{Name: "all"})
	l := setup(t, r.use)
	l.submitted(with(t.Context(), all), from("s", "e-mail", "theirs"))
	l.submitted(with(t.Context(), all), from("s", "", "nobody's"))
	l.submitted(with(t.Context(), sms), from("s", "sms", "own"))
	l.submitted(with(t.Context(), sms), from("s", "sms", "nobody's"))
	correction := from("s", "sms", "theirs")
	correction.Answers[0] = nps(9)
	_, err := l.grpc.SubmitResponse(with(t.Context(), sms), request(correction))
	require.Equal(t, "KEY_SCOPE", rpc.Reason(err))
	require.Equal(t, []string{"channel"}, violations(err))
	require.Len(t, l.deliveries(), 4)
	correction.Id = "own"
	l.submitted(with(t.Context(), sms), correction)
	correction.Channel = "e-mail"
	correction.Answers[0] = nps(3)
	l.submitted(with(t.Context(), all), correction)
}

func TestAStreamOutlivesNoKey(t *testing.T) {
	t.Parallel()
	r := &ring{TB: t}
	key := r.add(keyfile.Entry{Name: "shop", NotAfter: noon.Add(time.Hour)})
	l := setup(t, r.use)
	s, err := l.grpc.StreamResponses(with(t.Context(), key))
	require.NoError(t, err)
	send := func(id string) *collectorv1.SubmitResult {
		t.Helper()
		require.NoError(t, s.Send(&collectorv1.StreamResponsesRequest{Response: from("s", "", id)}))
		res, err := s.Recv()
		require.NoError(t, err)
		return res.GetResult()
	}
	require.Nil(t, send("a").GetError())
	l.clock.Advance(time.Hour + 1)
	require.Equal(t, "UNAUTHENTICATED", send("b").GetError().GetCode())
	require.NoError(t, s.CloseSend())
	_, err = s.Recv()
	require.ErrorIs(t, err, io.EOF)
	require.Len(t, l.deliveries(), 1)
}

func TestAWrongFileOfKeysIsNoStart(t *testing.T) {
	t.Parallel()
	key := keyfile.New()
	c := config()
	c.KeysFile = filepath.Join(t.TempDir(), "keys.yaml")
	require.ErrorContains(t, c.Validate(), "keys_file: open ")
	require.NoError(t, os.WriteFile(c.KeysFile, []byte("keys:\n  - name: a b\n    sha256: "+key+"\n"), 0o600))
	c.Limits = collector.LimitsConfig{PerAddress: access.Limit{Rate: 50}, TrustedProxies: []string{"proxy"}}
	err := c.Validate()
	for _, want := range []string{"keys.yaml:2: name: ", "keys.yaml:3: sha256: ", "limits.per_address: burst: ", "limits.trusted_proxies: "} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), key)
}

// Neither a right key nor a wrong one is in a log, a metric, an answer, or the stream.
func TestAKeyIsShownNowhere(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.DebugLevel)
	r := &ring{TB: t}
	right := r.add(keyfile.Entry{Name: "shop-of-lille", Surveys: []string{"s"}, Rate: 1, Burst: 3})
	expired := r.add(keyfile.Entry{Name: "old", NotAfter: noon.Add(-time.Hour)})
	l := start(t, testkit.Bus(t), zap.New(core), hooked, r.use)
	wrong := keyfile.New()
	shown := ""
	for _, key := range []string{right, expired, wrong, wrong + "x"} {
		for range 4 {
			shown += l.post("/v1/responses", good, bearer(key)...).body + l.post("/v1/responses", `{"`+"survey"+`":"s","answers":[{"verbatim":"x"}]}`, bearer(key)...).body
		}
		shown += l.post(typeformPath, typeformBody(t), append(bearer(key), "Typeform-Signature", typeformSignature)...).body
		_, err := l.grpc.SubmitResponse(with(t.Context(), key), request(piece("r", "C", nps(2))))
		require.Error(t, err)
		shown += fmt.Sprint(err, grpcstatus.Convert(err).Details())
	}
	for _, d := range l.deliveries() {
		shown += d.Subject + d.ID + fmt.Sprint(d.Headers) + string(d.Data)
	}
	for _, entry := range logs.All() {
		shown += entry.Message + fmt.Sprint(entry.ContextMap())
	}
	families, err := l.metrics.Gather()
	require.NoError(t, err)
	for _, f := range families {
		shown += f.String()
	}
	for _, reason := range access.Reasons[1:] {
		require.Contains(t, shown, string(reason))
	}
	require.Contains(t, shown, "shop-of-lille", "the key's name may be told")
	for _, key := range []string{right, expired, wrong} {
		h, err := keyfile.Sum(key)
		require.NoError(t, err)
		for _, secret := range []string{key, key[3:], key[3:20], h.String()} {
			require.NotContains(t, shown, secret)
		}
	}
}

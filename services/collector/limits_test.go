package collector_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector"
	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/internal/keyfile"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func perAddress(rate float64, burst int, proxies ...string) func(*collector.Config) {
	return func(c *collector.Config) {
		c.Limits = collector.LimitsConfig{PerAddress: access.Limit{Rate: rate, Burst: burst}, TrustedProxies: proxies}
	}
}

func batchOf(prefix string, n int) string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"id":"%s-%d","survey":"s","answers":[{"metric":"NPS","value":2}]}`, prefix, i)
	}
	return `{"responses":[` + strings.Join(rows, ",") + `]}`
}

func TestAnswersBeyondTheRateAreRefused(t *testing.T) {
	t.Parallel()
	l := setup(t, hooked, perAddress(10, 20))
	require.Equal(t, 200, l.post("/v1/responses:batch", batchOf("a", 20)).code)
	a := l.post("/v1/responses", good)
	require.Equal(t, 429, a.code, a.body)
	require.Equal(t, "RATE_LIMITED", a.status(t).reason())
	require.Equal(t, "1", a.header.Get("Retry-After"))
	_, err := l.grpc.SubmitResponse(t.Context(), request(piece("r", "C", nps(2))))
	require.Equal(t, codes.ResourceExhausted, grpcstatus.Code(err))
	require.Equal(t, "RATE_LIMITED", rpc.Reason(err))
	require.Equal(t, 429, l.post("/v1/hooks/none/such", typeformBody(t), "Typeform-Signature", typeformSignature).code)
	require.Len(t, l.deliveries(), 20)

	// A batch costs its rows, and one that is larger than the burst costs the burst.
	l.clock.Advance(1100 * time.Millisecond)
	a = l.post("/v1/responses:batch", batchOf("b", 500))
	require.Equal(t, 429, a.code)
	after, err := strconv.Atoi(a.header.Get("Retry-After"))
	require.NoError(t, err)
	l.clock.Advance(time.Duration(after) * time.Second)
	require.Equal(t, 200, l.post("/v1/responses:batch", batchOf("b", 500)).code, "at the time that it was told")
	require.Len(t, l.deliveries(), 520)

	// A stream's answers count one by one; the others of it are stored.
	l.clock.Advance(300 * time.Millisecond)
	var refused int
	for i, e := range l.streamed(t.Context(), []*eventsv1.Response{from("s", "", ""), from("s", "", ""), from("s", "", ""), from("s", "", ""), from("s", "", "")}, "c") {
		require.Equal(t, i >= 3, e != nil, i)
		if e != nil {
			require.Equal(t, "RESOURCE_EXHAUSTED", e.GetCode())
			refused++
		}
	}
	require.Equal(t, 2, refused)
	require.Len(t, l.deliveries(), 523)
	require.EqualValues(t, 6, l.refusals()["RATE_LIMITED"])
	l.clock.Advance(2 * time.Second)
	require.Equal(t, 200, l.post(typeformPath, typeformBody(t), "Typeform-Signature", typeformSignature).code, "webhooks need no key")
}

func TestAWebhookNeedsNoKey(t *testing.T) {
	t.Parallel()
	r := &ring{TB: t}
	r.add(keyfile.Entry{Name: "shop", Surveys: []string{"another"}})
	l := setup(t, hooked, r.use)
	require.Equal(t, 200, l.post(typeformPath, typeformBody(t), "Typeform-Signature", typeformSignature).code)
	l.eventually(func() bool { return len(l.events()) == 1 })
}

func TestEachKeyHasItsRate(t *testing.T) {
	t.Parallel()
	r := &ring{TB: t}
	slow := r.add(keyfile.Entry{Name: "slow", Rate: 0.5, Burst: 2})
	free := r.add(keyfile.Entry{Name: "free"})
	l := setup(t, r.use)
	require.Equal(t, 200, l.post("/v1/responses:batch", batchOf("a", 2), bearer(slow)...).code)
	a := l.post("/v1/responses", good, bearer(slow)...)
	require.Equal(t, 429, a.code)
	require.Equal(t, "2", a.header.Get("Retry-After"))
	require.Equal(t, 200, l.post("/v1/responses:batch", batchOf("b", 100), bearer(free)...).code)
}

// Collectors that have a Redis share their limits; without it each has its own, and takes
// answers all the same.
func TestCollectorsShareTheirLimitsInRedis(t *testing.T) {
	t.Parallel()
	testkit.NeedRealRedis(t)
	server := testkit.RedisServer(t)
	options := *server.Client(t).Options()
	options.ContextTimeoutEnabled, options.DialerRetries = true, 1 // as host.OpenRedis has them
	client := redis.NewClient(&options)
	t.Cleanup(func() { _ = client.Close() })
	b := testkit.Bus(t)
	core, logs := observer.New(zap.WarnLevel)
	deps := collector.Deps{Bus: b, Log: zap.New(core), Redis: client, RedisPrefix: testkit.RedisPrefix(t), RedisPatience: 5 * time.Second}
	one := startWith(t, deps, perAddress(0.001, 4))
	other := startWith(t, deps, perAddress(0.001, 4))
	for i, l := range []*loop{one, other, one, other, one, other} {
		want := 202
		if i >= 4 {
			want = 429
		}
		require.Equal(t, want, l.post("/v1/responses", good).code, i)
	}
	server.Kill(t)
	for _, l := range []*loop{one, other} {
		require.Equal(t, 202, l.post("/v1/responses", good).code)
		require.Equal(t, 200, l.post("/v1/responses:batch", batchOf("a", 3)).code, "and not for long")
		require.Equal(t, 429, l.post("/v1/responses", good).code)
		require.Empty(t, l.rpc.Health().Ready(), "it is no condition of readiness")
	}
	require.Equal(t, 2, logs.FilterMessageSnippet("redis does not answer").Len(), "each says so once")
}

// What a caller writes into X-Forwarded-For is nothing, unless a trusted proxy wrote it.
func TestAForwardedAddressIsTakenFromProxiesOnly(t *testing.T) {
	t.Parallel()
	stranger := setup(t, perAddress(1, 1, "10.0.0.0/8"))
	require.Equal(t, 202, stranger.post("/v1/responses", good).code)
	for i := range 5 {
		a := stranger.post("/v1/responses", good, "X-Forwarded-For", fmt.Sprintf("198.51.100.%d", i), "Forwarded", fmt.Sprintf("for=198.51.100.%d", i))
		require.Equal(t, 429, a.code, "it is the connection's address")
	}
	behind := setup(t, perAddress(1, 1, "127.0.0.0/8"))
	for i, c := range []struct {
		forwarded string
		want      int
	}{
		{"198.51.100.1", 202},
		{"198.51.100.2", 202},
		{"198.51.100.1", 429},
		{"203.0.113.1, 198.51.100.1", 429},
		{"198.51.100.77, 198.51.100.2, 127.0.0.9", 429},
		{"198.51.100.1, 198.51.100.3", 202},
	} {
		require.Equal(t, c.want, behind.post("/v1/responses", good, "X-Forwarded-For", c.forwarded).code, i)
	}
}

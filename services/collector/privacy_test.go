package collector_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// Personal data stands in the body of an event, and nowhere else: not in a
// subject, a header, a log, a metric, or an error. So do the slots.
func TestPersonalDataStaysInTheBody(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zapcore.DebugLevel)
	l := start(t, testkit.Bus(t), zap.New(core))
	const id, name, phone, email, verbatim = "CUST-77", "Quenouille", "+33639982011", "zoe@example.org", "intimate"
	const slot, slotUTC, slotSeconds = "2031-05-06T17:13", "2031-05-06T15:13", "1935846780"
	body := func(metric string) string {
		return fmt.Sprintf(`{"id":"r","survey":"s","customer":{"id":%q,"name":%q,"phone":%q,"email":%q},"answers":[%s,{"verbatim":%q}],`+
			`"callbackSlots":[{"from":"2031-05-06T17:13:00+02:00","to":"2031-05-06T19:13:00+02:00"}]}`,
			id, name, phone, email, metric, verbatim)
	}
	require.Equal(t, 202, l.post("/v1/responses", body(`{"metric":"NPS","value":1}`)).code)
	require.Equal(t, 202, l.post("/v1/responses", body(`{"metric":"NPS","value":2}`)).code)
	shown := l.post("/v1/responses", body(`{"metric":"NPS","value":22}`)).body +
		l.post("/v1/responses", strings.ReplaceAll(body(`7`), `"email"`, `"e-mail"`)).body +
		l.post("/v1/responses", strings.ReplaceAll(body(`{"metric":"NPS","value":2}`), `T19`, `T07`)).body +
		l.post("/v1/responses", body(`7`)[:150]).body
	for _, d := range l.deliveries() {
		shown += d.Subject + d.ID + fmt.Sprint(d.Headers)
	}
	for _, entry := range logs.All() {
		shown += entry.Message + fmt.Sprint(entry.ContextMap())
	}
	families, err := l.metrics.Gather()
	require.NoError(t, err)
	for _, f := range families {
		shown += f.String()
	}
	require.Contains(t, shown, `value:"revised"`)
	for _, secret := range []string{id, name, phone, email, verbatim, slot, slotUTC, slotSeconds} {
		require.NotContains(t, shown, secret)
	}
}

func TestResponsesAreCountedByWhatCameOfThem(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.post("/v1/responses", good)
	l.post("/v1/responses", good)
	l.post("/v1/responses", strings.Replace(good, `"value":2`, `"value":3`, 1))
	l.post("/v1/responses", "{}")
	l.post("/v1/responses", "{")
	l.post("/v1/responses:batch", `{"responses":[{},`+good+`]}`)
	families, err := l.metrics.Gather()
	require.NoError(t, err)
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			switch f.GetName() {
			case "responses_total":
				got[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
			case "ledger_responses":
				got["ledger"] = m.GetGauge().GetValue()
			}
		}
	}
	// The same whole again, without a newer time, is the correction taken back.
	require.Equal(t, map[string]float64{"accepted": 1, "duplicate": 1, "revised": 2, "refused": 3, "unavailable": 0, "ledger": 1}, got)
}

package collector_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/keyfile"
)

// barred is every pseudonym that was ever listed, or taken off.
func (l *loop) barred() map[string]bool {
	l.Helper()
	all := map[string]bool{}
	for _, d := range l.stored(subject.DoNotCall) {
		var m eventsv1.DoNotCallChanged
		require.NoError(l, d.Decode(&m))
		all[strings.TrimPrefix(d.Subject, "rappel.v1.do_not_call.")] = m.GetListed()
	}
	return all
}

func (l *loop) check(person string, header ...string) *collectorv1.CheckDoNotCallResponse {
	l.Helper()
	a := l.post("/v1/doNotCall:check", `{"person":`+person+`}`, header...)
	require.Equal(l, 200, a.code, a.body)
	resp := &collectorv1.CheckDoNotCallResponse{}
	require.NoError(l, protojson.Unmarshal([]byte(a.body), resp))
	return resp
}

// What is listed is the pseudonym that responses carry, of whatever they know.
func TestTheListHoldsThePseudonymsOfResponses(t *testing.T) {
	t.Parallel()
	l := setup(t)
	a := l.post("/v1/doNotCall:add", `{"people":[{"phone":"06 39 98 20 21","email":"Zoe@Example.org"},{"customerId":"C-7"},{"email":"zoe@example.org"}]}`)
	require.Equal(t, []any{200, `{"added":3}`}, []any{a.code, strings.ReplaceAll(a.body, " ", "")})
	a = l.post("/v1/doNotCall:add", `{"people":[{"phone":"+33639982021"}]}`)
	require.Equal(t, []any{200, `{}`}, []any{a.code, strings.ReplaceAll(a.body, " ", "")})
	for i, customer := range []string{
		`{"id":"C-1","phone":"+33 6 39 98 20 21"}`, `{"id":"C-2","email":"zoe@example.org"}`, `{"id":"C-7"}`, `{"phone":"0639982021"}`, `{"id":"C-8","email":"other@example.org","phone":"0639982022"}`,
	} {
		a := l.post("/v1/responses", fmt.Sprintf(`{"id":"r-%d","survey":"s","customer":%s,"answers":[{"metric":"NPS","value":1}]}`, i, customer))
		require.Equal(t, 202, a.code, a.body)
	}
	barred := l.barred()
	require.Len(t, barred, 3)
	for i, e := range l.events() {
		hit := barred[e.GetCustomerKey()]
		for _, alias := range e.GetAliasKeys() {
			require.NoError(t, subject.CheckCustomerKey(alias))
			require.NotEqual(t, e.GetCustomerKey(), alias)
			hit = hit || barred[alias]
		}
		require.Equal(t, i < 4, hit, i)
		require.Len(t, e.GetAliasKeys(), []int{1, 1, 0, 0, 2}[i])
	}
	resp := l.check(`{"customerId":"C-9","phone":"06.39.98.20.21"}`)
	require.True(t, resp.GetListed())
	require.Equal(t, l.clock.Now().UTC(), resp.GetSince().AsTime())
	require.False(t, l.check(`{"customerId":"C-1"}`).GetListed(), "the number is listed, and not who has it")

	a = l.post("/v1/doNotCall:remove", `{"people":[{"phone":"0639982021","customerId":"C-9"}]}`)
	require.Equal(t, []any{200, `{"removed":1}`}, []any{a.code, strings.ReplaceAll(a.body, " ", "")})
	require.False(t, l.check(`{"phone":"0639982021"}`).GetListed())
	require.True(t, l.check(`{"email":"zoe@example.org"}`).GetListed())
}

// A response that began without knowing who answers keeps its key, and learns the rest.
func TestAliasesComeWithTheirRevision(t *testing.T) {
	t.Parallel()
	l := setup(t)
	for _, customer := range []string{`{"language":"fr"}`, `{"phone":"0639982023"}`, `{"email":"a@example.org"}`} {
		require.Equal(t, 202, l.post("/v1/responses", `{"id":"r","survey":"s","customer":`+customer+`,"answers":[{"metric":"NPS","value":1}]}`).code)
	}
	events := l.events()
	require.Len(t, events, 3)
	for i, e := range events {
		require.Len(t, e.GetAliasKeys(), i)
		require.Equal(t, events[0].GetCustomerKey(), e.GetCustomerKey())
	}
}

func TestWrongPeopleAreNamedAndNobodyIsListed(t *testing.T) {
	t.Parallel()
	l := setup(t)
	a := l.post("/v1/doNotCall:add", `{"people":[{"customerId":"C-1"},{"phone":"12","email":"zoe@"},{}]}`)
	require.Equal(t, 400, a.code)
	for _, want := range []string{"people[1].phone", "people[1].email", "people[2]", "needs a customerId, a phone or an email"} {
		require.Contains(t, a.body, want)
	}
	require.NotContains(t, a.body, "zoe")
	for _, body := range []string{`{}`, `{"people":[` + strings.Repeat(`{"customerId":"C"},`, 1000) + `{}]}`} {
		require.Contains(t, l.post("/v1/doNotCall:add", body).body, "must be 1 to 1000")
	}
	require.Contains(t, l.post("/v1/doNotCall:check", `{}`).body, "person")
	require.Equal(t, 400, l.post("/v1/doNotCall:remove", `{"people":[{"name":"x"}]}`).code)
	require.Empty(t, l.barred())
}

// The list is for every survey and channel: so are the keys that may change it.
func TestWhoMayKeepTheList(t *testing.T) {
	t.Parallel()
	r := &ring{TB: t}
	whole := r.add(keyfile.Entry{Name: "desk"})
	shop := r.add(keyfile.Entry{Name: "shop", Surveys: []string{"s"}})
	l := setup(t, r.use)
	const body = `{"people":[{"customerId":"C-1"}]}`
	for verb, body := range map[string]string{"add": body, "remove": body, "check": `{"person":{"customerId":"C-1"}}`} {
		require.Equal(t, 401, l.post("/v1/doNotCall:"+verb, body).code)
		require.Equal(t, 403, l.post("/v1/doNotCall:"+verb, body, bearer(shop)...).code)
	}
	require.Empty(t, l.barred())
	require.Equal(t, 200, l.post("/v1/doNotCall:add", body, bearer(whole)...).code)
	require.Equal(t, "desk", l.check(`{"customerId":"C-1"}`, bearer(whole)...).GetBy())
}

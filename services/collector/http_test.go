package collector_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

const good = `{"id":"r-1001","survey":"apres-livraison","channel":"email","touchpoint":"delivery",
 "customer":{"id":"C-1042","name":"Zoé","phone":"06 39 98 20 11","email":"Z@Example.org","language":"fr","timeZone":"Europe/Paris"},
 "answers":[{"metric":"NPS","value":2},{"metric":"CSAT","value":3,"scale":{"min":1,"max":10}},
            {"verbatim":"Livré en retard, et personne au téléphone."}],
 "callbackRequested":true,"attributes":{"segment":"pro","region":"IDF"},
 "consent":{"callback":true},"submittedAt":"2026-11-20T09:30:00Z"}`

func TestOneResponseOverHTTP(t *testing.T) {
	t.Parallel()
	l := setup(t)
	a := l.post("/v1/responses", good)
	require.Equal(t, http.StatusAccepted, a.code)
	a.spells(t, `{"id":"r-1001","revision":1,"duplicate":false}`)
	require.Equal(t, "application/json", a.header.Get("Content-Type"))
	a = l.post("/v1/responses", good, "Content-Type", "application/x-www-form-urlencoded") // what curl -d sends
	a.spells(t, `{"id":"r-1001","revision":1,"duplicate":true}`)

	events := l.events()
	require.Len(t, events, 1)
	e := events[0]
	require.Equal(t, "+33639982011", e.GetResponse().GetCustomer().GetPhone())
	require.Equal(t, "z@example.org", e.GetResponse().GetCustomer().GetEmail())
	require.Equal(t, noon, e.GetReceivedAt().AsTime())
	require.Nil(t, e.GetPrevious())
	require.Len(t, e.GetCustomerKey(), 26)
}

func TestSlotsOverHTTP(t *testing.T) {
	t.Parallel()
	l := setup(t)
	const first = `{"from":"2026-11-24T17:00:00+01:00","to":"2026-11-24T19:00:00+01:00"}`
	const second = `{"from":"2026-11-25T08:00:00Z","to":"2026-11-25T09:00:00Z"}`
	body := func(slots string) string {
		return `{"id":"r","survey":"s","answers":[{"metric":"NPS","value":2}],"callbackSlots":[` + slots + `]}`
	}
	l.post("/v1/responses", body(second+","+first)).spells(t, `{"id":"r","revision":1,"duplicate":false}`)
	l.post("/v1/responses", body(first+","+second)).spells(t, `{"id":"r","revision":1,"duplicate":true}`)
	l.post("/v1/responses", body("")).spells(t, `{"id":"r","revision":1,"duplicate":true}`)
	l.post("/v1/responses", body(second)).spells(t, `{"id":"r","revision":2,"duplicate":false}`)

	events := l.events()
	require.Len(t, events, 2)
	slots := events[0].GetResponse().GetCallbackSlots()
	require.Len(t, slots, 2)
	require.Equal(t, time.Date(2026, 11, 24, 16, 0, 0, 0, time.UTC), slots[0].GetFrom().AsTime())
	require.Equal(t, time.Date(2026, 11, 24, 18, 0, 0, 0, time.UTC), slots[0].GetTo().AsTime())
	require.Len(t, events[1].GetResponse().GetCallbackSlots(), 1)
	require.True(t, proto.Equal(slots[1], events[1].GetResponse().GetCallbackSlots()[0]))
}

func TestAnIdIsMadeWhenAbsent(t *testing.T) {
	t.Parallel()
	l := setup(t)
	for range 2 {
		a := l.post("/v1/responses", `{"survey":"s","answers":[{"metric":"FCR","value":1}]}`)
		require.Equal(t, http.StatusAccepted, a.code)
		require.Regexp(t, `^{"id":"[0-9A-Z]{26}","revision":1,"duplicate":false}\n$`, a.body)
	}
	events := l.events()
	require.Len(t, events, 2)
	require.Equal(t, noon, events[0].GetResponse().GetSubmittedAt().AsTime(), "submitted when received, unless it says")
}

// What is wrong with the JSON and what is wrong with its meaning stand in one
// answer, each place once.
func TestEverythingWrongIsNamedInOneAnswer(t *testing.T) {
	t.Parallel()
	l := setup(t)
	a := l.post("/v1/responses", `{"id":5,"survey":"not a token!","surprise":1,"chanel":"x",
		"customer":{"phone":"12","email":"nobody","timeZone":"Mars/Olympus","language":["fr"],"name":"a\u0000"},
		"answers":[{"metric":"NPS","value":11},{"metric":"GLOOM","value":1},{},7,{"verbatim":"x","value":3},{"metric":"CSAT","value":"much"}],
		"submittedAt":"2026-02-31T00:00:00Z","attributes":{"k":1,"l":"`+strings.Repeat("v", 513)+`"},"consent":{"callback":"yes"},
		"callbackSlots":[{"from":"2026-11-24T17:00:00+01:00","to":"2026-11-24T19:00:00+01:00"},{"from":"2026-11-24T17:00:00+01:00"},
			{"from":"tomorrow","to":"2026-11-24T19:00:00Z"},"evening",{"from":"2026-11-24T19:00:00Z","to":"2026-11-24T19:30:00+01:00"},{}]}`)
	require.Equal(t, http.StatusBadRequest, a.code)
	s := a.status(t)
	require.Equal(t, 3, s.Code)
	require.Equal(t, "INVALID_FIELDS", s.reason())
	require.Equal(t, []string{
		"id", "surprise", "chanel", "customer.language", "customer.name", "answers[1].metric", "answers[3]", "answers[5].value",
		"submittedAt", "attributes.k", "consent.callback", "callbackSlots[2].from", "callbackSlots[3]",
		"survey", "customer.email", "customer.timeZone", "customer.phone", "answers[0].value", "answers[2]", "answers[4]", "attributes.l",
		"callbackSlots[1].to", "callbackSlots[4].to", "callbackSlots[5].from", "callbackSlots[5].to",
	}, s.fields())
	for _, want := range []string{"chanel: unknown field; did you mean channel?", "answers[0].value: 11 is outside the scale 0 to 10", "submittedAt: must be a time"} {
		require.Contains(t, s.Message, want)
	}
	for _, personal := range []string{"nobody", "Mars", "not a token"} {
		require.NotContains(t, a.body, personal)
	}
	require.Empty(t, l.deliveries())
}

func TestBadInputCostsLittleAndStoresNothing(t *testing.T) {
	t.Parallel()
	l := setup(t)
	response := func(verbatim string) string { return `{"survey":"s","answers":[{"verbatim":"` + verbatim + `"}]}` }
	for name, c := range map[string]struct {
		body   string
		header []string
		code   int
		field  string
		says   string
	}{
		"nothing":          {"", nil, 400, "body", "the text is empty"},
		"not JSON":         {"{", nil, 400, "body", "not valid JSON"},
		"a form":           {"survey=s", []string{"Content-Type", "application/x-www-form-urlencoded"}, 400, "body", "not valid JSON"},
		"gzip":             {"\x1f\x8b", []string{"Content-Encoding", "gzip"}, 400, "Content-Encoding", "as it is"},
		"an array":         {"[]", nil, 400, "body", "must be an object"},
		"two values":       {good + good, nil, 400, "body", "something follows"},
		"empty object":     {"{}", nil, 400, "survey", "is required"},
		"NUL":              {response(`a\u0000b`), nil, 400, "answers[0].verbatim", "NUL"},
		"raw NUL":          {response("a\x00b"), nil, 400, "body", "not valid JSON"},
		"invalid UTF-8":    {response("a\xff"), nil, 400, "answers[0].verbatim", "UTF-8"},
		"brackets":         {strings.Repeat("[", 1_000_000), nil, 400, "body", "must be an object"},
		"nested fields":    {`{"x":` + strings.Repeat(`{"x":`, 1_000_000), nil, 400, "x", "unknown field"},
		"1 MB verbatim":    {response(strings.Repeat("v", 1<<20)), nil, 400, "answers[0].verbatim", "longer than 20000"},
		"10 MB verbatim":   {response(strings.Repeat("v", 10<<20)), nil, 413, "", "larger than"},
		"huge number":      {`{"survey":"s","answers":[{"metric":"NPS","value":1e999}]}`, nil, 400, "answers[0].value", "out of range"},
		"impossible date":  {`{"survey":"s","answers":[{"metric":"NPS","value":1}],"submittedAt":"2026-11-31T00:00:00Z"}`, nil, 400, "submittedAt", "RFC 3339"},
		"date of tomorrow": {`{"survey":"s","answers":[{"metric":"NPS","value":1}],"submittedAt":"2026-11-22T00:00:00Z"}`, nil, 400, "submittedAt", "in the future"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &loop{T: t, url: l.url}
			a := l.post("/v1/responses", c.body, c.header...)
			require.Equal(t, c.code, a.code, a.body)
			s := a.status(t)
			require.Contains(t, s.Message, c.says)
			require.Less(t, len(a.body), 4096)
			if c.field != "" {
				require.Contains(t, s.fields(), c.field)
			}
			a = l.post("/v1/responses:batch", strings.ReplaceAll(c.body, "{\"survey", "{\"surveys"), c.header...)
			require.Equal(t, c.code, a.code, a.body)
		})
	}
	t.Cleanup(func() { l.empty() }) // once the cases are through
	require.Equal(t, http.StatusNotFound, l.post("/v1/responses/r-1", good).code)
}

func TestABatchOverHTTP(t *testing.T) {
	t.Parallel()
	l := setup(t)
	a := l.post("/v1/responses:batch", `{"responses":[
		{"id":"a","survey":"s","answers":[{"metric":"NPS","value":0}]},
		{"id":"b","survey":"s","answers":[{"metric":"NPS","value":99}],"foo":1},
		{"survey":5},
		{"id":"a","survey":"s","answers":[{"metric":"NPS","value":0}]},
		{"id":"a","survey":"s","answers":[{"verbatim":"\"zéro\""}]}]}`)
	require.Equal(t, http.StatusOK, a.code)
	a.spells(t, `{"results":[{"id":"a","revision":1,"duplicate":false},`+
		`{"error":{"code":"INVALID_ARGUMENT","message":"the request has wrong fields: foo: unknown field; answers[0].value: 99 is outside the scale 0 to 10",`+
		`"fields":[{"field":"foo","description":"unknown field"},{"field":"answers[0].value","description":"99 is outside the scale 0 to 10"}]}},`+
		`{"error":{"code":"INVALID_ARGUMENT","message":"the request has wrong fields: survey: must be a string, not a number; answers: is required: at least one answer",`+
		`"fields":[{"field":"survey","description":"must be a string, not a number"},{"field":"answers","description":"is required: at least one answer"}]}},`+
		`{"id":"a","revision":1,"duplicate":true},{"id":"a","revision":2,"duplicate":false}]}`)
	require.Len(t, l.events(), 2)

	a = l.post("/v1/responses:batch", `{"responses":[{}]}`)
	require.Equal(t, http.StatusOK, a.code, "also when every row is bad")
	a = l.post("/v1/responses:batch", `{"responses":[`+strings.TrimSuffix(strings.Repeat("{},", 1001), ",")+`]}`)
	require.Equal(t, http.StatusBadRequest, a.code)
	require.Equal(t, []string{"responses"}, a.status(t).fields())
	a = l.post("/v1/responses:batch", `{"responses":[{"id":"c","survey":"s","answers":[{"metric":"NPS","value":0}]},{]}`)
	require.Equal(t, http.StatusBadRequest, a.code)
	require.Len(t, l.events(), 2, "broken JSON stores no row")
}

// Rows of one response are taken in the order they stand in, whatever runs beside
// them.
func TestRowsOfOneResponseKeepTheirOrder(t *testing.T) {
	t.Parallel()
	l := setup(t)
	var rows []string
	for i := range 10 {
		for _, id := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
			rows = append(rows, `{"id":"`+id+`","survey":"s","answers":[{"metric":"NPS","value":`+string(rune('0'+i))+`}]}`)
		}
	}
	require.Equal(t, http.StatusOK, l.post("/v1/responses:batch", `{"responses":[`+strings.Join(rows, ",")+`]}`).code)
	last := map[string]*eventsv1.ResponseReceived{}
	for _, e := range l.events() {
		last[e.GetResponse().GetId()] = e
	}
	require.Len(t, last, 8)
	for _, e := range last {
		require.EqualValues(t, 10, e.GetRevision())
		require.InDelta(t, 9, e.GetResponse().GetAnswers()[0].GetValue(), 0)
	}
}

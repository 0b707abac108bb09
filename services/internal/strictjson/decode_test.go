package strictjson

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

const whole = `{"id":"r-1001","survey":"apres-livraison","channel":"email","touchpoint":"delivery",
 "customer":{"id":"C-1042","name":"Zoé","phone":"+33612345678","email":"z@example.org","language":"fr","timeZone":"Europe/Paris"},
 "answers":[{"metric":"NPS","value":2},
            {"metric":"CSAT","value":3,"scale":{"min":1,"max":10}},
            {"verbatim":"Livré en retard, et personne au téléphone."}],
 "callbackRequested":true,"attributes":{"segment":"pro","region":"IDF"},
 "consent":{"callback":true},"submittedAt":"2026-11-20T09:30:00Z"}`

func TestAWholeResponseIsReadAsProtojsonReadsIt(t *testing.T) {
	t.Parallel()
	var got, want eventsv1.Response
	require.Empty(t, Decode([]byte(whole), &got, Options{}))
	require.NoError(t, protojson.Unmarshal([]byte(whole), &want))
	require.True(t, proto.Equal(&want, &got), "got %v", &got)
}

func TestEachProblemHasItsPathAndSentence(t *testing.T) {
	t.Parallel()
	metrics := "NPS, CSAT, CES, FCR"
	cases := map[string]struct {
		json string
		want []Violation
	}{
		"empty":            {"", []Violation{{"", "the text is empty, a JSON object is expected"}}},
		"blank":            {" \n", []Violation{{"", "the text is empty, a JSON object is expected"}}},
		"no JSON":          {"hello", []Violation{{"", "not valid JSON at byte 0"}}},
		"no null either":   {"not json", []Violation{{"", "not valid JSON at byte 1"}}},
		"cut short":        {`{"id":"a`, []Violation{{"", "not valid JSON: the text ends too early"}}},
		"raw NUL":          {"{\"id\":\"a\x00\"}", []Violation{{"", "not valid JSON at byte 8"}}},
		"no object":        {`[1]`, []Violation{{"", "must be an object, not an array"}}},
		"trailing":         {`{} {}`, []Violation{{"", "something follows the JSON value, at byte 4"}}},
		"trailing garbage": {`{} x`, []Violation{{"", "not valid JSON at byte 3"}}},
		"unknown":          {`{"foo":{"bar":[1,{"x":null}]}}`, []Violation{{"foo", "unknown field"}}},
		"near":             {`{"answer":[],"submited_at":"x"}`, []Violation{{"answer", "unknown field; did you mean answers?"}, {"submited_at", "unknown field; did you mean submittedAt?"}}},
		"shy name":         {`{"jean@example.org":1}`, []Violation{{"?", "unknown field"}}},
		"twice":            {`{"id":"a","id":"b"}`, []Violation{{"id", "is given more than once"}}},
		"both names":       {`{"callbackRequested":true,"callback_requested":true}`, []Violation{{"callbackRequested", "is given more than once"}}},
		"wrong types": {`{"id":5,"callbackRequested":"yes","answers":{},"customer":[],"attributes":"a"}`, []Violation{
			{"id", "must be a string, not a number"},
			{"callbackRequested", "must be true or false, not a string"},
			{"answers", "must be an array, not an object"},
			{"customer", "must be an object, not an array"},
			{"attributes", "must be an object, not a string"},
		}},
		"list": {`{"answers":[{"metric":"NPS"},null,{"value":"much"},7]}`, []Violation{
			{"answers[1]", "must be an object, not null"}, {"answers[2].value", "must be a number"}, {"answers[3]", "must be an object, not a number"},
		}},
		"enum name":   {`{"answers":[{"metric":"nps"}]}`, []Violation{{"answers[0].metric", "must be one of " + metrics}}},
		"enum number": {`{"answers":[{"metric":9}]}`, []Violation{{"answers[0].metric", "must be one of " + metrics}}},
		"enum type":   {`{"answers":[{"metric":true}]}`, []Violation{{"answers[0].metric", "must be one of " + metrics + ", not true"}}},
		"infinite":    {`{"answers":[{"value":1e999}]}`, []Violation{{"answers[0].value", "is a number out of range"}}},
		"NaN":         {`{"answers":[{"value":"NaN"}]}`, []Violation{{"answers[0].value", "must be a number"}}},
		"date": {`{"submittedAt":"2026-11-31T09:30:00Z"}`, []Violation{
			{"submittedAt", "must be a time in RFC 3339, as 2026-11-20T09:30:00Z"},
		}},
		"date type": {`{"submittedAt":1763631000}`, []Violation{
			{"submittedAt", "must be a time in RFC 3339, as 2026-11-20T09:30:00Z, not a number"},
		}},
		"UTF-8":      {"{\"id\":\"a\xff\",\"survey\":\"\\ud800\"}", []Violation{{"id", "is not valid UTF-8"}, {"survey", "is not valid UTF-8"}}},
		"NUL":        {`{"id":"a\u0000b","attributes":{"k\u0000":"v","l":"\u0000"}}`, []Violation{{"id", "contains a NUL character"}, {"attributes.?", "its name contains a NUL character"}, {"attributes.l", "contains a NUL character"}}},
		"map twice":  {`{"attributes":{"k":"v","k":"w"}}`, []Violation{{"attributes.k", "is given more than once"}}},
		"map null":   {`{"attributes":{"k":null}}`, []Violation{{"attributes.k", "must be a string, not null"}}},
		"map number": {`{"attributes":{"+33612345678":1}}`, []Violation{{"attributes.?", "must be a string, not a number"}}},
		"known after broken": {`{"id":5,"survey":`, []Violation{
			{"id", "must be a string, not a number"}, {"", "not valid JSON: the text ends too early"},
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, Decode([]byte(c.json), &eventsv1.Response{}, Options{}))
		})
	}
}

func TestWhatIsRightStaysBesideWhatIsWrong(t *testing.T) {
	t.Parallel()
	var m eventsv1.Response
	found := Decode([]byte(`{"survey":"s","id":3,"answers":["x",{"metric":"CES","value":4}]}`), &m, Options{})
	require.Len(t, found, 2)
	require.Equal(t, "s", m.GetSurvey())
	require.Len(t, m.GetAnswers(), 2)
	require.Equal(t, eventsv1.Metric_CES, m.GetAnswers()[1].GetMetric())
}

func TestFormsThatAreAccepted(t *testing.T) {
	t.Parallel()
	for name, json := range map[string]string{
		"proto names":    `{"submitted_at":"2026-11-20T09:30:00.5+01:00","callback_requested":true,"customer":{"time_zone":"UTC"}}`,
		"null":           `{"id":null,"answers":null,"customer":null,"submittedAt":null,"attributes":null}`,
		"escaped name":   `{"\u0069d":"a\n\"\u00e9\ud83d\ude00"}`,
		"enum number":    `{"answers":[{"metric":1,"value":0},{"metric":"CSAT","value":-0.0},{"value":1.5e1},{"value":"7"}]}`,
		"no consent":     `{"consent":{"callback":false}}`,
		"empty":          `{}`,
		"empty within":   `{"customer":{},"answers":[{}],"attributes":{},"consent":{}}`,
		"white space":    " {\t\"id\" :\r\n\"a\" } \n",
		"early and late": `{"submittedAt":"0001-01-01T00:00:00Z"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got, want eventsv1.Response
			require.Empty(t, Decode([]byte(json), &got, Options{}))
			require.NoError(t, protojson.Unmarshal([]byte(json), &want))
			require.True(t, proto.Equal(&want, &got))
		})
	}
}

func TestEveryKindOfFieldOfOtherMessages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		m        proto.Message
		good     []string
		bad      []string
		problems string
	}{
		{&eventsv1.CallbackPlan{}, []string{
			`{"firstAttemptWithin":"1.5s","priority":3,"skills":["a","b"]}`, `{"firstAttemptWithin":"-0.000000001s","priority":"-2147483648"}`,
			`{"priority":1e2}`, `{"priority":5.0,"firstAttemptWithin":"0s"}`,
		}, []string{
			`{"firstAttemptWithin":"1m"}`, `{"firstAttemptWithin":"1.s"}`, `{"firstAttemptWithin":"315576000000.1s"}`, `{"firstAttemptWithin":"1.0000000001s"}`,
			`{"priority":2147483648}`, `{"priority":1.5}`, `{"priority":"0x1"}`, `{"priority":""}`, `{"priority":" 1"}`, `{"priority":1e400}`, `{"skills":["a",1]}`,
		}, ""},
		{&eventsv1.CallbackEvent{}, []string{
			`{"eventNo":"18446744073709551615","previousHash":"aGk=","takenAlerts":[{"revision":4294967295}]}`, `{"eventNo":7,"previousHash":"-_8"}`,
		}, []string{`{"eventNo":-1}`, `{"eventNo":"18446744073709551616"}`, `{"previousHash":"?"}`, `{"takenAlerts":[{"revision":4294967296}]}`}, ""},
		{&wrapperspb.Int64Value{}, []string{`5`, `"-9223372036854775808"`}, []string{`9223372036854775808`, `1.5`, `9007199254740993.0`}, ""},
		{&wrapperspb.FloatValue{}, []string{`1.5`}, []string{`1e39`, `"Infinity"`}, ""},
		{&wrapperspb.BoolValue{}, []string{`true`}, []string{`1`}, ""},
		{&structpb.Struct{}, nil, []string{`{"a":1}`}, "cannot be given in JSON"},
	} {
		for _, json := range c.good {
			got, want := proto.Clone(c.m), proto.Clone(c.m)
			require.Empty(t, Decode([]byte(json), got, Options{}), json)
			require.NoError(t, protojson.Unmarshal([]byte(json), want), json)
			require.True(t, proto.Equal(want, got), json)
		}
		for _, json := range c.bad {
			found := Decode([]byte(json), proto.Clone(c.m), Options{})
			require.Len(t, found, 1, json)
			require.Contains(t, found[0].Problem, c.problems)
		}
	}
}

func TestTimesThatOnlyResembleRFC3339(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"2026-11-20", "2026-11-20T9:30:00Z", "2026-11-20T09:30:00", "2026-11-20 09:30:00Z", "2026-11-20T09:30:00,5Z", "2026-11-20t09:30:00z",
		"2026-11-20T24:00:00Z", "2026-11-20T09:30:60Z", "2026-02-30T00:00:00Z", "2026-11-20T09:30:00.1234567890Z", "0000-01-01T00:00:00Z",
		"9999-12-31T23:59:59-01:00", "2026-11-20T09:30:00+25:00", "2026-11-20T09:30Z",
	} {
		_, _, ok := parseTime(s)
		require.False(t, ok, s)
	}
	sec, nanos, ok := parseTime("2026-11-20T09:30:00.000000001-02:00")
	require.True(t, ok)
	require.Equal(t, time.Date(2026, 11, 20, 11, 30, 0, 1, time.UTC), time.Unix(sec, int64(nanos)).UTC())
}

func TestManyProblemsEndWithANote(t *testing.T) {
	t.Parallel()
	json := "{" + strings.Repeat(`"zzzz":1,`, 200) + `"id":1}`
	found := Decode([]byte(json), &eventsv1.Response{}, Options{})
	require.Len(t, found, DefaultLimit+1)
	require.Equal(t, Violation{Problem: "there are more problems; only the first 50 are listed"}, found[DefaultLimit])
}

func TestValuesAreNeverRepeated(t *testing.T) {
	t.Parallel()
	const secret = "jeanne.martin"
	json := `{"id":{"jeanne.martin":1},"survey":["jeanne.martin"],"submittedAt":"jeanne.martin","callbackRequested":"jeanne.martin",
		"answers":[{"metric":"jeanne.martin","value":"jeanne.martin","verbatim":{"a":"jeanne.martin"}},"jeanne.martin"],
		"attributes":{"k":["jeanne.martin"],"jeanne.martin@example.org":1},"customer":"jeanne.martin"} jeanne.martin`
	for _, v := range Decode([]byte(json), &eventsv1.Response{}, Options{}) {
		require.NotContains(t, v.Path+v.Problem, secret)
	}
}

func TestHostileInputCostsLittle(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 1_000_000)
	cases := map[string]struct{ json, problem string }{
		"brackets":         {`{"x":` + deep, "is nested deeper than 32 levels"},
		"objects":          {strings.Repeat(`{"customer":`, 500_000), "is nested deeper than 32 levels"},
		"brackets at once": {deep, "is nested deeper than 32 levels"},
		"digits":           {`{"answers":[{"value":` + strings.Repeat("9", 1_000_000) + `}]}`, outOfRange},
		"unknown fields":   {`{"a":1` + strings.Repeat(`,"aaaaaaaaa":1`, 300_000) + `}`, "there are more problems; only the first 50 are listed"},
		"long name":        {`{"` + strings.Repeat("a", 4_000_000) + `":1}`, "unknown field"},
		"surrogates":       {`{"id":"` + strings.Repeat(`\ud800`, 500_000) + `"}`, "is not valid UTF-8"},
		"white space":      {strings.Repeat(" ", 8_000_000), "the text is empty, a JSON object is expected"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			found := Decode([]byte(c.json), &eventsv1.Response{}, Options{})
			require.Less(t, time.Since(start), time.Minute, "growing faster than the input would take hours")
			require.Equal(t, c.problem, found[len(found)-1].Problem)
		})
	}
	verbatim := strings.Repeat("é", 5_000_000)
	var m eventsv1.Response
	require.Empty(t, Decode([]byte(`{"answers":[{"verbatim":"`+verbatim+`"}]}`), &m, Options{}))
	require.Len(t, m.GetAnswers()[0].GetVerbatim(), len(verbatim))
}

func TestOneOfTheFieldsOfASubmission(t *testing.T) {
	t.Parallel()
	var m collectorv1.SubmitResponseRequest
	require.Equal(t, []Violation{{"response.answers[0].scale.min", "must be a number"}},
		Decode([]byte(`{"response":{"answers":[{"scale":{"min":"low"}}]}}`), &m, Options{}))
}

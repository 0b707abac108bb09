package mapping_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/mapping"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

func body(t testing.TB, text string) *mapping.Body {
	t.Helper()
	b, err := mapping.ParseBody("m.yaml", []byte(text))
	require.NoError(t, err)
	return b
}

func document(t testing.TB, text string) any {
	t.Helper()
	d, err := mapping.Document([]byte(text))
	require.NoError(t, err)
	return d
}

func TestABodyBecomesAResponse(t *testing.T) {
	t.Parallel()
	b := body(t, `
survey: {path: form.name, values: {Livraison: apres-livraison}}
id: {template: "f-{id}-{form['a.b']}"}
channel: web
submittedAt: edits[*].at
customer: {id: who.id, name: {template: "{who.first} {who.last}"}, phone: {path: who.phone, country: FR}}
answers:
  - {metric: CSAT, path: "answers[?@.ref=='note'].value", scale: {min: 0, max: 10}, question: note}
  - {metric: FCR, path: solved}
  - verbatim: answers[?@.kind=="text"].value
attributes: {tags: tags, big: big, share: share, none: nothing, object: form}
callbackRequested: call
consent: {callback: agreed}
callbackId: about
callbackSlots:
  - from: slots[0].from
    to: slots[0].to
  - from: slots[1].from
    to: slots[1].to
`)
	row := b.Map(document(t, `{"id":9007199254740993,"form":{"name":"livraison","a.b":7},"edits":[{"at":"2026-11-09T10:00:00+01:00"},{"at":"2026-11-09T09:30:00Z"},{"at":null}],
	  "who":{"id":"C-1","first":"Zoé","last":"Arc","phone":"0199001877"},"solved":true,"call":"oui","agreed":false,"about":"k-1",
	  "answers":[{"ref":"note","kind":"number","value":7.5},{"kind":"text","value":"Bof."},{"kind":"text","value":"Vraiment."},{"kind":"text"}],
	  "tags":["a","b",["c"]],"big":1e6,"share":0.25,"slots":[{"from":"2026-11-10T09:00:00Z","to":"2026-11-10T10:00:00Z"}]}`))
	require.Empty(t, row.Problems)
	want := &eventsv1.Response{}
	require.NoError(t, protojson.Unmarshal([]byte(`{"id":"f-9007199254740993-7","survey":"apres-livraison","channel":"web",
	  "customer":{"id":"C-1","name":"Zoé Arc","phone":"+33199001877"},"submittedAt":"2026-11-09T09:30:00Z",
	  "answers":[{"question":"note","metric":"CSAT","value":7.5,"scale":{"min":0,"max":10}},{"metric":"FCR","value":1},{"verbatim":"Bof.\nVraiment."}],
	  "attributes":{"tags":"a, b","big":"1000000","share":"0.25"},"callbackRequested":true,"consent":{"callback":false},"callbackId":"k-1",
	  "callbackSlots":[{"from":"2026-11-10T09:00:00Z","to":"2026-11-10T10:00:00Z"}]}`), want))
	require.True(t, proto.Equal(want, row.Response), "%s", protojson.Format(row.Response))
	require.Equal(t, `"answers[?@.ref=='note'].value"`, b.Origin(row, "answers[0].value"))
}

// What is wrong with a body is kept with it: it repeats nothing of it.
func TestBodiesThatCannotBe(t *testing.T) {
	t.Parallel()
	b := body(t, "survey: s\nsubmittedAt: at\nanswers: [{metric: NPS, path: score}]\ncallbackRequested: call\ncallbackSlots: [{from: from, to: to}]")
	for doc, want := range map[string]string{
		`{"score":"0612345678x"}`:                   `"score": what it holds is no number`,
		`{"score":[1,2]}`:                           `"score": what it holds is no number`,
		`{"score":1,"at":"06 12 34"}`:               `"at": what it holds is no date that exists, written as iso`,
		`{"score":1,"call":"0612345678"}`:           `"call": must be empty, yes (`,
		`{"score":1,"from":"2026-11-10T09:00:00Z"}`: `callbackSlots[0]: one of "from", "to" is missing`,
		`{"score":{"a":1}}`:                         `there is no answer in it: "score" are empty`,
		`[]`:                                        `there is no answer in it`,
		`7`:                                         `there is no answer in it`,
	} {
		row := b.Map(document(t, doc))
		require.Nil(t, row.Response, doc)
		require.Len(t, row.Problems, 1, doc)
		require.Contains(t, row.Problems[0], want)
		require.NotContains(t, row.Problems[0], "12")
	}
}

func TestMistakesInABodysMapping(t *testing.T) {
	t.Parallel()
	_, err := mapping.ParseBody("m.yaml", []byte("survey: s\nfile: {encoding: utf-8}\nid: \"a[\"\nsubmittedAt: {path: at, layouts: [dd]}\n"+
		"answers: [{metric: NPS, column: score}, {metric: NPS}]\ncallbackSlots: [{from: a}]\ncustomer: {name: {template: \"{a[}\"}}"))
	var refused *strictyaml.Error
	require.ErrorAs(t, err, &refused)
	text := refused.Error()
	for _, want := range []string{
		`m.yaml:2: file: is not known here`, `m.yaml:3: id: "a[" is no JSONPath: `, `m.yaml:4: submittedAt.layouts: "dd": `, `m.yaml:5: answers[0].column: is not known here; possible are metric, path, `,
		`m.yaml:5: answers[1]: must name the path that holds the NPS`, `m.yaml:6: callbackSlots[0]: must say from when and to when`, `m.yaml:7: customer.name.template: "a[" is no JSONPath`,
	} {
		require.Contains(t, text, want)
	}
	require.Len(t, refused.Problems, 7, text)
}

func TestCountsOfTimeAreMoments(t *testing.T) {
	t.Parallel()
	b := body(t, "survey: s\nsubmittedAt: {path: at, layouts: [unix]}\nanswers: [{metric: NPS, path: score}]")
	require.EqualValues(t, 1789372967, b.Map(document(t, `{"score":1,"at":1789372967}`)).Response.GetSubmittedAt().GetSeconds())
	b = body(t, "survey: s\nsubmittedAt: {path: at, layouts: [unixms]}\nanswers: [{metric: NPS, path: score}]")
	require.EqualValues(t, 500_000_000, b.Map(document(t, `{"score":1,"at":"1789372967500"}`)).Response.GetSubmittedAt().GetNanos())
	for _, at := range []string{`"-1"`, `1.5`, `"x"`, `99999999999999999`} {
		require.NotEmpty(t, b.Map(document(t, `{"score":1,"at":`+at+`}`)).Problems, at)
	}
}

func TestTextsThatAreNoDocument(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{", `{"a":1}}`, `{"a":1} x`, "[1,]", "nul", strings.Repeat("[", 70) + strings.Repeat("]", 70), "{\"a\":\"\x80\"}"} {
		_, err := mapping.Document([]byte(text))
		require.ErrorContains(t, err, "the body is no JSON text (at byte", text)
	}
	d := document(t, `{"a":1,"a":2,"n":null}`)
	row := body(t, "survey: s\nanswers: [{metric: NPS, path: a}, {verbatim: n}]").Map(d)
	require.InDelta(t, 2, row.Response.GetAnswers()[0].GetValue(), 0, "the last of a name counts")
	require.Len(t, row.Response.GetAnswers(), 1)
}

// The order of members is the text's: a wildcard finds the same each time.
func TestWildcardsFindTheSameEachTime(t *testing.T) {
	t.Parallel()
	b := body(t, "survey: s\nanswers: [{verbatim: a.*.t}]")
	d := document(t, `{"a":{"z":{"t":"1"},"b":{"t":"2"},"m":{"t":"3"},"c":{"t":"4"}}}`)
	for range 20 {
		require.Equal(t, "1\n2\n3\n4", b.Map(d).Response.GetAnswers()[0].GetVerbatim())
	}
}

// What ships is right, and maps the body of its source.
func TestTheSamplesOfHooks(t *testing.T) {
	t.Parallel()
	const fixtures = "../../collector/internal/hook/testdata/"
	files, err := filepath.Glob("../../../sample/hooks/*.yaml")
	require.NoError(t, err)
	require.Len(t, files, 11)
	one := func(file string) any {
		data, err := os.ReadFile(fixtures + file)
		require.NoError(t, err)
		return document(t, string(data))
	}
	documents := map[string]any{
		"typeform": one("typeform_form_response.json"), "zendesk": one("zendesk_ticket_csat_received.json"),
		"zendesk-survey": one("zendesk_survey_response.json"), "formbricks": one("formbricks_response_finished.json"),
		"googleforms-script": one("googleforms_appsscript_forwarder.json"), "delighted": one("delighted_survey_response_updated.json"),
		"chatwoot":    one("chatwoot_message_updated_csat.json"),
		"hubspot":     mapping.Object("push", mapping.Object(), "object", one("hubspot_feedback_submission_object.json")),
		"googleforms": mapping.Object("push", one("googleforms_watch_pubsub_push.json"), "response", one("googleforms_response.json")),
		"surveymonkey": mapping.Object("response", one("surveymonkey_response_details.json"), "answers",
			document(t, `{"77000001":{"weight":[2]},"77000002":{"text":["Colis livré avec six jours de retard, personne ne répond."]}}`)),
		"qualtrics": mapping.Object("push", one("qualtrics_completed_response_msg.json"), "response", document(t, qualtricsResult(t, fixtures))),
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		row := body(t, string(text)).Map(documents[name])
		require.Empty(t, row.Problems, name)
		require.NotNil(t, row.Response, "%s: %s", name, row.Skip)
		require.NotEmpty(t, row.Response.GetId(), name)
		require.GreaterOrEqual(t, len(row.Response.GetAnswers()), 2, name)
		if name != "chatwoot" { // its body tells no time of the rating, nor who gave it
			require.EqualValues(t, 2026, row.Response.GetSubmittedAt().AsTime().Year(), name)
			require.NotNil(t, row.Response.GetCustomer(), name)
		}
	}
}

func qualtricsResult(t *testing.T, fixtures string) string {
	t.Helper()
	data, err := os.ReadFile(fixtures + "qualtrics_get_response.json")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(data), `"result":`)
	result, _, _ := strings.Cut(rest, `"meta":`)
	return strings.TrimRight(strings.TrimSpace(result), ",")
}

func FuzzBody(f *testing.F) {
	f.Add(`{"a":[{"b":1},{"b":"x"}]}`, "a[?@.b==1].b")
	f.Add(`[[[]]]`, "$..*")
	f.Add(`{"1":{"2":[3]}}`, "['1']['2'][-1:]")
	f.Fuzz(func(t *testing.T, text, path string) {
		d, err := mapping.Document([]byte(text))
		if err != nil || len(text) > 1000 || len(path) > 60 {
			return
		}
		yaml := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(path)
		b, err := mapping.ParseBody("m.yaml", []byte("survey: s\nanswers: [{verbatim: {path: \""+yaml+"\"}}]"))
		if err != nil {
			return
		}
		row := b.Map(d)
		require.True(t, row.Response != nil || len(row.Problems) > 0)
	})
}

// Each path that is listed leads to what is listed beside it.
func TestLeavesAreWhereTheirPathsLead(t *testing.T) {
	t.Parallel()
	d := document(t, `{"a":{"b c":[1,{"it's":true,"back\\slash":"x"}]},"é":[[2.5]],"1":null,"2":"","3x":"y","":{"z":"w"},"_ok9":"v"}`)
	all := mapping.Leaves(d)
	require.Len(t, all, 7)
	for _, l := range all {
		require.Equal(t, l.Text, mapping.NewPaths(l.Path).First(d), l.Path)
	}
}

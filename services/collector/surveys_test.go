package collector_test

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc/codes"
	rpcstatus "google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector"
	"github.com/rappel-loop/rappel/services/internal/keyfile"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func asking(c *collector.Config) { c.SurveysDir = "../../sample/surveys" }

// invite makes a link, and returns it as a path of the collector.
func (l *loop) invite(body string) string {
	l.Helper()
	a := l.post("/v1/surveys/apres-livraison/invitations", body)
	require.Equal(l, 200, a.code, a.body)
	m := regexp.MustCompile(`"url":\s*"http://127.0.0.1:8080(/s/[^"?]+)"`).FindStringSubmatch(a.body)
	require.NotNil(l, m, a.body)
	return m[1]
}

// visitor is a browser without scripts, as far as it matters.
type visitor struct {
	*loop
	client *http.Client
	lang   string
}

func (l *loop) visitor() *visitor {
	return &visitor{loop: l, client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (v *visitor) do(method, path string, form url.Values) answer {
	v.Helper()
	var body io.Reader = http.NoBody
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(v.Context(), method, v.url+path, body)
	require.NoError(v, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if v.lang != "" {
		req.Header.Set("Accept-Language", v.lang)
	}
	resp, err := v.client.Do(req)
	require.NoError(v, err)
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	require.NoError(v, err)
	v.Cleanup(v.client.CloseIdleConnections)
	return answer{resp.StatusCode, resp.Header, string(data)}
}

func (v *visitor) get(path string) answer { v.Helper(); return v.do(http.MethodGet, path, nil) }

// send posts a step, and returns the page that it leads to.
func (v *visitor) send(path string, pairs ...string) answer {
	v.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	a := v.do(http.MethodPost, path, form)
	if a.code == http.StatusSeeOther {
		return v.get(a.header.Get("Location"))
	}
	return a
}

const knownCustomer = `{"customer":{"id":"CUST-77","name":"Quenouille","email":"zoe@example.org","phone":"06 39 98 20 11","language":"fr"},"attributes":{"store":"12"}}`

func TestACustomerAnswersASurvey(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	path, v := l.invite(knownCustomer), l.visitor()
	a := v.get(path)
	require.Equal(t, 200, a.code)
	require.Contains(t, a.body, `<html lang="fr">`)
	require.Contains(t, a.body, "nous recommanderiez-vous")
	for _, hidden := range []string{"CUST-77", "Quenouille", "zoe@", "9982011", "98 20 11", ">12<"} {
		require.NotContains(t, a.body, hidden)
	}
	require.Empty(t, l.events(), "looking answers nothing")

	a = v.send(path, "step", "1", "q-recommend", "3")
	require.Equal(t, 200, a.code)
	require.Contains(t, a.body, "Que s&#39;est-il passé\u00a0?")
	require.Contains(t, a.body, "Votre réponse\u00a0: 3.")
	require.Contains(t, a.body, "Je souhaite être rappelé")
	require.Contains(t, a.body, "samedi 21 novembre, 9 h à 12 h", "noon on a Friday is too late for its morning")
	require.Len(t, l.events(), 1, "who leaves now has answered")

	a = v.send(path, "step", "2", "q-why", " Trop tard.\r\n", "q-solved", "0", "call", "yes", "slot", slotOf(t, a.body, "samedi 21 novembre"))
	require.Contains(t, a.body, "Merci de nous l&#39;avoir dit.")
	events := l.events()
	require.Len(t, events, 2)
	r := events[1].GetResponse()
	require.EqualValues(t, 2, events[1].GetRevision())
	require.Equal(t, []any{"apres-livraison", "email", "delivery", "CUST-77", "+33639982011", "12"},
		[]any{r.GetSurvey(), r.GetChannel(), r.GetTouchpoint(), r.GetCustomer().GetId(), r.GetCustomer().GetPhone(), r.GetAttributes()["store"]})
	require.True(t, r.GetCallbackRequested())
	require.True(t, r.GetConsent().GetCallback())
	require.Equal(t, "2026-11-21T08:00:00Z", r.GetCallbackSlots()[0].GetFrom().AsTime().Format(time.RFC3339))
	require.Len(t, r.GetAnswers(), 3)
	require.Equal(t, "Trop tard.", r.GetAnswers()[1].GetVerbatim())
	require.Equal(t, eventsv1.Metric_FCR, r.GetAnswers()[2].GetMetric())
}

func slotOf(t *testing.T, page, text string) string {
	t.Helper()
	m := regexp.MustCompile(`<option value="([0-9-]+)"[^>]*>` + text).FindStringSubmatch(page)
	require.NotNil(t, m, text)
	return m[1]
}

// Until the link expires, whoever has it finds what they answered, and corrects it.
func TestAnAnswerIsEdited(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	path, v := l.invite(knownCustomer), l.visitor()
	v.send(path, "step", "1", "q-recommend", "0")
	v.send(path, "step", "2", "q-why", "Cassé.", "call", "yes")
	l.clock.Advance(time.Hour)
	a := v.get(path)
	require.Contains(t, a.body, "Cassé.</textarea>")
	require.Contains(t, a.body, `name="call" value="yes" checked`)
	a = v.get(path + "?step=1")
	require.Contains(t, a.body, `value="0" checked`)
	a = v.send(path, "step", "1", "q-recommend", "9")
	require.Contains(t, a.body, "Qu&#39;avez-vous apprécié\u00a0?")
	require.NotContains(t, a.body, "Je souhaite", "who is content is not offered a call")
	a = v.send(path, "step", "2", "q-why", "Remplacé le jour même.")
	require.Contains(t, a.body, "Merci de votre réponse.")
	events := l.events()
	last := events[len(events)-1]
	require.InDelta(t, 9, last.GetResponse().GetAnswers()[0].GetValue(), 0)
	require.Equal(t, "Remplacé le jour même.", last.GetResponse().GetAnswers()[1].GetVerbatim())
	for _, e := range events {
		require.Equal(t, events[0].GetResponse().GetId(), e.GetResponse().GetId())
	}
	l.clock.Advance(30 * 24 * time.Hour)
	a = v.get(path)
	require.Equal(t, 410, a.code)
	require.Contains(t, a.body, "plus valable")
	require.Equal(t, 410, v.do(http.MethodPost, path, url.Values{"step": {"1"}, "q-recommend": {"0"}}).code)
	require.Len(t, l.events(), len(events))
}

// A link of a mail chooses a score; only a script, or the person, sends it.
func TestOneClickInAMail(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	path, v := l.invite(`{}`), l.visitor()
	a := v.get(path + "?v=7")
	require.Contains(t, a.body, `value="7" checked`)
	require.Contains(t, a.body, "document.forms[0].submit()")
	require.Empty(t, l.events(), "a mail scanner follows links, and answers nothing")
	a = v.send(path, "step", "1", "q-recommend", "7")
	require.NotContains(t, a.body, "submit()")
	require.NotContains(t, v.get(path+"?v=7").body, "submit()", "it is what was answered")
	require.Contains(t, v.get(path+"?v=2").body, "submit()", "another is a correction")
	for _, other := range []string{"?v=11", "?v=x", "?step=1"} {
		require.NotContains(t, v.get(path+other).body, "submit()")
	}
}

func TestWhatIsWrongIsNamedAtItsField(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	path, v := l.invite(`{"customer":{"id":"C-1"}}`), l.visitor()
	for _, bad := range []string{"", "11", "x", "-1"} {
		a := v.send(path, "step", "1", "q-recommend", bad)
		require.Equal(t, 422, a.code)
		require.Contains(t, a.body, "<title>Erreur\u00a0:")
		require.Contains(t, a.body, `<a href="#q-recommend">Choisissez une réponse.</a>`)
	}
	require.Equal(t, 422, v.send(path, "step", "2", "q-why", "x").code, "the first question first")
	require.Empty(t, l.events())
	v.send(path, "step", "1", "q-recommend", "1")
	a := v.send(path, "step", "2", "q-why", "Je le garde.", "call", "yes", "slot", "1-2", "q-solved", "7")
	require.Equal(t, 422, a.code)
	for _, want := range []string{`href="#phone"`, `href="#slot"`, `href="#q-solved"`, "Je le garde.</textarea>", `aria-describedby="phone-wrong"`} {
		require.Contains(t, a.body, want)
	}
	a = v.send(path, "step", "2", "call", "yes", "phone", "12")
	require.Equal(t, 422, a.code)
	require.Contains(t, a.body, "Ce numéro n&#39;est pas complet.")
	require.Len(t, l.events(), 1)
	a = v.send(path, "step", "2", "call", "yes", "phone", "06 39 98 20 12")
	require.Equal(t, 200, a.code)
	require.Equal(t, "+33639982012", l.events()[1].GetResponse().GetCustomer().GetPhone())
	require.Contains(t, v.get(path).body, "au numéro que vous nous avez donné")
	require.NotContains(t, v.get(path).body, "9982012")
}

func TestThePageSpeaksTheCustomersLanguage(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	for _, c := range []struct{ customer, browser, query, want string }{
		{"en-GB", "fr", "", "en"},
		{"fr", "en", "", "fr"},
		{"", "en-US,en;q=0.9", "", "en"},
		{"", "de", "", "fr"},
		{"", "", "", "fr"},
		{"de", "", "", "en"},
		{"fr", "", "?lang=en", "en"},
		{"en", "", "?lang=xx", "en"},
	} {
		v := l.visitor()
		v.lang = c.browser
		body := `{}`
		if c.customer != "" {
			body = `{"customer":{"language":"` + c.customer + `"}}`
		}
		a := v.get(l.invite(body) + c.query)
		require.Contains(t, a.body, `<html lang="`+c.want+`">`, c)
		require.Equal(t, c.want, a.header.Get("Content-Language"))
	}
}

func TestAPageKeepsItsLinkToItself(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	path, v := l.invite(`{}`), l.visitor()
	h := v.get(path).header
	require.Equal(t, "no-store", h.Get("Cache-Control"))
	require.Equal(t, "same-origin", h.Get("Referrer-Policy"), "with none, browsers say Origin: null, and their forms are another site's")
	require.Equal(t, "noindex, nofollow", h.Get("X-Robots-Tag"))
	require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'")
	require.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'")
	for _, bad := range []string{path + "x", path[:len(path)-6], "/s/x", "/s/" + strings.Repeat("A", 300)} {
		a := v.get(bad)
		require.Equal(t, 404, a.code, bad)
		require.Contains(t, a.body, "Ce lien n&#39;est pas complet.")
	}
	require.Equal(t, 400, v.do(http.MethodPost, path, url.Values{"q-why": {strings.Repeat("x", 200_000)}}).code)
}

func TestLinksThatAreRefused(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	for body, fields := range map[string][]string{
		`{"customer":{"phone":"12","email":"x"},"responseId":"a b\u0001","validFor":"1s","callbackId":"x"}`: {"validFor", "responseId", "customer.email", "customer.phone", "callbackId"},
		`{"validFor":"99999999s"}`: {"validFor"},
		`{"nobody":1}`:             {"nobody"},
	} {
		a := l.post("/v1/surveys/apres-livraison/invitations", body)
		require.Equal(t, 400, a.code, a.body)
		require.ElementsMatch(t, fields, a.status(t).fields(), a.body)
	}
	a := l.post("/v1/surveys/other/invitations", `{}`)
	require.Equal(t, 404, a.code)
	require.Equal(t, "SURVEY_UNKNOWN", a.status(t).reason())
	long := `{"attributes":{"a":"` + strings.Repeat("x", 500) + `","b":"` + strings.Repeat("x", 500) + `","c":"` + strings.Repeat("x", 500) + `"}}`
	require.Equal(t, 400, l.post("/v1/surveys/apres-livraison/invitations", long).code, "a link that mails would cut")
}

func TestAnInvitationSaysWhatItMade(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	resp, err := l.surveys.CreateInvitation(t.Context(), &collectorv1.CreateInvitationRequest{
		Survey: "apres-livraison", ResponseId: "order-7", ValidFor: durationpb.New(time.Hour), Channel: "sms",
	})
	require.NoError(t, err)
	require.Equal(t, "order-7", resp.GetResponseId())
	require.Equal(t, noon.Add(time.Hour), resp.GetExpiresAt().AsTime())
	require.Len(t, resp.GetChoices(), 11)
	require.Equal(t, resp.GetUrl()+"?v=10", resp.GetChoices()[10].GetUrl())
	_, err = l.surveys.CreateInvitation(t.Context(), &collectorv1.CreateInvitationRequest{Survey: "x"})
	require.Equal(t, codes.NotFound, rpcstatus.Code(err))
	v := l.visitor()
	v.send(strings.TrimPrefix(resp.GetUrl(), "http://127.0.0.1:8080"), "step", "1", "q-recommend", "5")
	require.Equal(t, []string{"order-7", "sms"}, []string{l.events()[0].GetResponse().GetId(), l.events()[0].GetResponse().GetChannel()})
}

// The link, what it holds, and what is answered stand in no log and no metric.
func TestAPageLeavesNoTrace(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zapcore.DebugLevel)
	l := start(t, testkit.Bus(t), zap.New(core), asking)
	path, v := l.invite(knownCustomer), l.visitor()
	v.send(path, "step", "1", "q-recommend", "1")
	v.send(path, "step", "2", "q-why", "intimate", "call", "yes", "phone", "nonsense")
	v.send(path, "step", "2", "q-why", "intimate", "call", "yes")
	stranger := v.begin("")
	v.send(stranger, "step", "1", "q-satisfied", "1")
	v.send(stranger, "step", "2", "call", "yes", "name", "Camomille", "phone", "nonsense", "email", "camo@")
	v.send(stranger, "step", "2", "call", "yes", "name", "Camomille", "phone", "06 39 98 20 16", "email", "camo@example.org")
	l.clock.Advance(90 * 24 * time.Hour)
	v.get(path)
	var shown string
	for _, e := range logs.All() {
		shown += e.Message
		for _, f := range e.Context {
			shown += f.String
		}
	}
	families, err := l.metrics.Gather()
	require.NoError(t, err)
	for _, f := range families {
		shown += f.String()
	}
	for _, secret := range []string{path[3:], "CUST-77", "Quenouille", "zoe@", "39982011", "intimate", "nonsense", stranger[3:], "Camomille", "camo@", "39982016"} {
		require.NotContains(t, shown, secret)
	}
}

func TestAWrongSurveyStopsTheStart(t *testing.T) {
	t.Parallel()
	c := config()
	c.SurveysDir, c.PublicURL = t.TempDir(), "avis.example.org"
	require.ErrorContains(t, c.Validate(), "holds no survey")
	c.SurveysDir = "../../sample/hooks"
	require.ErrorContains(t, c.Validate(), "typeform.yaml:")
	require.ErrorContains(t, c.Validate(), "public_url: must be the address")
}

// Whoever mends the surveys sees at once what is wrong with all of them.
func TestEveryMistakeOfEverySurveyIsNamedOnce(t *testing.T) {
	t.Parallel()
	sample, err := os.ReadFile("../../sample/surveys/apres-achat.yaml")
	require.NoError(t, err)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a": string(sample),
		"b": strings.NewReplacer("from:", "form:", "web", "''").Replace(string(sample)),
		"c": string(sample),
		"d": strings.Replace(string(sample), "[https://shop.example]", "[shop.example]", 1),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(text), 0o600))
	}
	c := config()
	c.SurveysDir = dir
	require.EqualError(t, c.Validate(), strings.ReplaceAll(`surveys_dir: DIR/b.yaml:3: form: is not known here; possible are callback, channel, consent, follow_up, from, intro, more, open, privacy, purpose, question, survey, thanks, title, touchpoint, valid_days
surveys_dir: DIR/b.yaml:6: channel: must not be empty
surveys_dir: DIR/c.yaml:2: survey: apres-achat is that of DIR/a.yaml:2 as well
surveys_dir: DIR/d.yaml:10: open.embed[0]: must be an origin in small letters, as https://shop.example: no path, no *`, "DIR", dir))
}

// Who may send answers to a survey may make links to it; a customer needs no key, and is
// only asked not to ask too often.
func TestWhoMayMakeLinks(t *testing.T) {
	t.Parallel()
	r := &ring{TB: t}
	mine := r.add(keyfile.Entry{Name: "mine", Surveys: []string{"apres-livraison"}, Channels: []string{"email", "sms"}})
	theirs := r.add(keyfile.Entry{Name: "theirs", Surveys: []string{"other"}})
	l := setup(t, asking, r.use, perAddress(1, 6))
	const path = "/v1/surveys/apres-livraison/invitations"
	for _, c := range []struct {
		key, body string
		code      int
		reason    string
	}{{"", `{}`, 401, "KEY_REQUIRED"}, {theirs, `{}`, 403, "KEY_SCOPE"}, {mine, `{"channel":"chat"}`, 403, "KEY_SCOPE"}, {mine, `{"channel":"sms"}`, 200, ""}} {
		var header []string
		if c.key != "" {
			header = bearer(c.key)
		}
		a := l.post(path, c.body, header...)
		require.Equal(t, c.code, a.code, a.body)
		if c.reason != "" {
			require.Equal(t, c.reason, a.status(t).reason())
		}
	}
	v := l.visitor()
	require.Equal(t, 404, v.get("/s/x").code)
	require.Equal(t, 404, v.get("/s/x").code)
	a := v.get("/s/x")
	require.Equal(t, 429, a.code, "links of the API counted as well: by HTTP it is the same address")
	require.Equal(t, "5", a.header.Get("Retry-After"))
	require.Contains(t, a.body, "quelques secondes")
}

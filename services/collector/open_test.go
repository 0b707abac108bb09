package collector_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	rpcstatus "google.golang.org/grpc/status"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	"github.com/rappel-loop/rappel/services/collector"
	"github.com/rappel-loop/rappel/services/internal/keyfile"
)

const (
	openPage  = "/o/apres-achat"
	openFrame = "frame-ancestors https://shop.example;"
	noFrame   = "frame-ancestors 'none';"
)

// begin looks at the open survey, and returns where its form is sent.
func (v *visitor) begin(query string) string {
	v.Helper()
	a := v.get(openPage + query)
	require.Equal(v, 200, a.code, a.body)
	return v.form(a)
}

func (v *visitor) form(a answer) string {
	v.Helper()
	m := regexp.MustCompile(`action="(/s/[^"?]+)\?lang=(?:fr|en)"`).FindStringSubmatch(a.body)
	require.NotNil(v, m, a.body)
	return m[1]
}

func (l *loop) inviteTo(survey, body string) string {
	l.Helper()
	path := regexp.MustCompile(`/s/[^"?]+`).FindString(l.post("/v1/surveys/"+survey+"/invitations", body).body)
	require.NotEmpty(l, path)
	return path
}

func TestAnybodyAnswersAnOpenSurvey(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	v := l.visitor()
	path := v.begin("")
	require.NotEqual(t, path, v.begin(""), "each visit is another response")
	require.Empty(t, l.events(), "looking answers nothing")
	a := v.send(path, "step", "1", "q-satisfied", "2")
	require.Contains(t, a.body, "Que s&#39;est-il passé\u00a0?")
	v.send(path, "step", "1", "q-satisfied", "2")
	require.Len(t, l.events(), 1, "sent twice is once")
	other := l.visitor()
	other.send(other.begin("?lang=en")+"?lang=en", "step", "1", "q-satisfied", "5")
	v.send(path, "step", "2", "q-why", "La caisse.")
	events := l.events()
	require.Len(t, events, 3)
	mine, theirs := events[0], events[1]
	require.NotEqual(t, mine.GetResponse().GetId(), theirs.GetResponse().GetId())
	require.NotEqual(t, mine.GetCustomerKey(), theirs.GetCustomerKey())
	require.Equal(t, mine.GetResponse().GetId(), events[2].GetResponse().GetId())
	require.Equal(t, []any{"apres-achat", "web", "checkout", "fr", ""}, []any{
		mine.GetResponse().GetSurvey(), mine.GetResponse().GetChannel(), mine.GetResponse().GetTouchpoint(),
		mine.GetResponse().GetCustomer().GetLanguage(), mine.GetResponse().GetCustomer().GetId(),
	})
	require.Equal(t, "en", theirs.GetResponse().GetCustomer().GetLanguage())
	require.Contains(t, v.get(path+"?step=2").body, "La caisse.</textarea>", "it is corrected as from a link")
}

// Who answers, and what, is nobody's to say in a link that they made.
func TestAnOpenPageTakesNothingButALanguageFromItsQuery(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	v := l.visitor()
	a := v.get(openPage + "?lang=en&v=1&step=done&customer=C-1&customer.id=C-1&email=zoe@example.org&channel=sms&touchpoint=x&store=12")
	require.Contains(t, a.body, `<html lang="en">`)
	require.NotContains(t, a.body, " checked")
	require.NotContains(t, a.body, "submit()")
	require.Contains(t, a.body, `href="/o/apres-achat?`)
	v.send(v.form(a), "step", "1", "q-satisfied", "1", "name", "Quenouille", "phone", "06 39 98 20 11", "email", "zoe@example.org")
	r := l.events()[0].GetResponse()
	require.Equal(t, []string{"", "", "", "", "web", "checkout"}, []string{
		r.GetCustomer().GetId(), r.GetCustomer().GetName(), r.GetCustomer().GetPhone(), r.GetCustomer().GetEmail(), r.GetChannel(), r.GetTouchpoint(),
	})
	require.Empty(t, r.GetAttributes())
}

func TestASurveyThatIsNotOpen(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	v := l.visitor()
	shut, unknown := v.get("/o/apres-livraison"), v.get("/o/apres-rien")
	for _, a := range []answer{shut, unknown} {
		require.Equal(t, 410, a.code)
		require.Contains(t, a.body, "plus valable")
		require.Contains(t, a.header.Get("Content-Security-Policy"), noFrame)
	}
	nonce := regexp.MustCompile(`nonce="[^"]+"`)
	require.Equal(t, nonce.ReplaceAllString(shut.body, ""), nonce.ReplaceAllString(unknown.body, ""), "that it is asked by links is not told")
	require.Contains(t, v.get("/o/apres-rien?lang=en").body, "no longer be used")
	require.Equal(t, 405, v.do(http.MethodPost, openPage, url.Values{"step": {"1"}}).code)
}

func TestAnOpenPageThatIsLeftOpenForTooLong(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	v := l.visitor()
	path := v.begin("")
	l.clock.Advance(24 * time.Hour)
	a := v.send(path, "step", "1", "q-satisfied", "1")
	require.Equal(t, 410, a.code)
	require.Contains(t, a.body, `<a href="/o/apres-achat?lang=fr">Recommencer</a>`)
	require.Contains(t, a.header.Get("Content-Security-Policy"), openFrame)
	require.Empty(t, l.events())
}

// Whose pages may show a page in a frame: those that an open survey names, and only for
// who came without a link.
func TestWhoMayFrameAPage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sample, err := os.ReadFile("../../sample/surveys/apres-achat.yaml")
	require.NoError(t, err)
	for name, embed := range map[string]string{"two": "[https://shop.example, https://m.shop.example]", "none": "[]"} {
		text := strings.NewReplacer("survey: apres-achat", "survey: "+name, "embed: [https://shop.example]", "embed: "+embed).Replace(string(sample))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(text), 0o600))
	}
	l := setup(t, func(c *collector.Config) { c.SurveysDir = dir })
	v := l.visitor()
	for _, c := range []struct{ survey, want, script string }{
		{"two", "frame-ancestors https://shop.example https://m.shop.example;", "postMessage"}, {"none", noFrame, ""},
	} {
		a := v.get("/o/" + c.survey)
		path := v.form(a)
		framed := []answer{
			a, v.get(path), v.send(path, "step", "1"), v.send(path, "step", "1", "q-satisfied", "1"),
			v.send(path, "step", "2", "call", "yes"), v.send(path, "step", "2", "q-why", "x"),
		}
		for _, page := range framed {
			require.Contains(t, page.header.Get("Content-Security-Policy"), c.want)
			require.Equal(t, c.script != "", strings.Contains(page.body, "postMessage"))
		}
		invited := v.get(v.inviteTo(c.survey, `{}`))
		require.Contains(t, invited.header.Get("Content-Security-Policy"), noFrame, "a link of a mail is framed by nobody")
		require.NotContains(t, invited.body, "postMessage")
	}
}

func TestTheWidgetIsKeptByCaches(t *testing.T) {
	t.Parallel()
	l := setup(t, asking)
	v := l.visitor()
	a := v.get("/widget.js")
	require.Equal(t, 200, a.code)
	require.Equal(t, "text/javascript; charset=utf-8", a.header.Get("Content-Type"))
	require.Equal(t, "public, max-age=3600", a.header.Get("Cache-Control"))
	require.Equal(t, "cross-origin", a.header.Get("Cross-Origin-Resource-Policy"))
	require.Empty(t, a.header.Get("Set-Cookie"))
	require.Less(t, len(a.body), 3000)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.url+"/widget.js", http.NoBody)
	require.NoError(t, err)
	req.Header.Set("If-None-Match", a.header.Get("ETag"))
	resp, err := v.client.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusNotModified, resp.StatusCode)
}

func TestWhereAnOpenSurveyIs(t *testing.T) {
	t.Parallel()
	r := &ring{TB: t}
	mine := r.add(keyfile.Entry{Name: "mine", Surveys: []string{"apres-achat", "apres-livraison", "none"}})
	theirs := r.add(keyfile.Entry{Name: "theirs", Surveys: []string{"other"}})
	l := setup(t, asking, r.use)
	ask := func(survey, key string) answer {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.url+"/v1/surveys/"+survey, http.NoBody)
		require.NoError(t, err)
		if key != "" {
			req.Header.Set("Authorization", "Bearer "+key)
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return answer{code: resp.StatusCode}
	}
	require.Equal(t, 401, ask("apres-achat", "").code)
	require.Equal(t, 403, ask("apres-achat", theirs).code)
	require.Equal(t, 200, ask("apres-achat", mine).code)
	require.Equal(t, 404, ask("none", mine).code)

	open := setup(t, asking)
	resp, err := open.surveys.GetSurvey(t.Context(), &collectorv1.GetSurveyRequest{Survey: "apres-achat"})
	require.NoError(t, err)
	require.Equal(t, []string{"http://127.0.0.1:8080/o/apres-achat", "http://127.0.0.1:8080/widget.js", "Votre achat", "Your purchase"},
		[]string{resp.GetOpenUrl(), resp.GetWidgetUrl(), resp.GetTitles()["fr"], resp.GetTitles()["en"]})
	require.Equal(t, []string{"https://shop.example"}, resp.GetEmbed())
	resp, err = open.surveys.GetSurvey(t.Context(), &collectorv1.GetSurveyRequest{Survey: "apres-livraison"})
	require.NoError(t, err)
	require.Empty(t, resp.GetOpenUrl()+resp.GetWidgetUrl())
	_, err = open.surveys.GetSurvey(t.Context(), &collectorv1.GetSurveyRequest{Survey: "x"})
	require.Equal(t, codes.NotFound, rpcstatus.Code(err))
}

// Visitors need no key, and their address counts; they are told so within the frame.
func TestVisitorsWhoAskTooOften(t *testing.T) {
	t.Parallel()
	r := &ring{TB: t}
	r.add(keyfile.Entry{Name: "mine"})
	l := setup(t, asking, r.use, perAddress(1, 2))
	v := l.visitor()
	path := v.begin("")
	require.Empty(t, l.events())
	v.begin("")
	a := v.get(openPage)
	require.Equal(t, 429, a.code)
	require.Contains(t, a.header.Get("Content-Security-Policy"), openFrame)
	require.Equal(t, 429, v.do(http.MethodPost, path, url.Values{"step": {"1"}, "q-satisfied": {"1"}}).code)
	l.clock.Advance(time.Minute)
	require.Equal(t, 303, v.do(http.MethodPost, path, url.Values{"step": {"1"}, "q-satisfied": {"1"}}).code)
}

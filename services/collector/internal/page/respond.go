package page

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/collector/internal/invite"
	"github.com/rappel-loop/rappel/services/collector/internal/survey"
)

//go:embed page.html
var pageHTML string

var pages = template.Must(template.New("page").Parse(pageHTML))

var (
	errForm    = errors.New("what was sent is no form")
	errTooMany = errors.New("the address asks too often")
)

// fail says why there is no page.
func (v *visit) fail(w http.ResponseWriter, err error) {
	say := v.say()
	d := &document{Title: say.NoPage, Text: say.BadLink}
	code := http.StatusNotFound
	switch {
	case errors.Is(err, invite.ErrExpired) && v.invite.GetOpen() && v.survey != nil && v.survey.Open != nil:
		code, d.Text = http.StatusGone, say.Stale
		d.Back, d.BackText = openLink(v.survey, v.lang), say.Anew
	case errors.Is(err, invite.ErrExpired):
		code, d.Text = http.StatusGone, say.Expired
	case errors.Is(err, errTooMany):
		code, d.Text = http.StatusTooManyRequests, say.Later
		w.Header().Set("Retry-After", "5")
	case errors.Is(err, errForm):
		code, d.Text = http.StatusBadRequest, say.Again
	case !errors.Is(err, invite.ErrLink):
		v.o.Log.Warn("a survey's page could not be shown", zap.Error(err))
		code, d.Text = http.StatusServiceUnavailable, say.Later
		w.Header().Set("Retry-After", "2")
	}
	v.write(w, code, d)
}

// write sends a page whole, with what keeps it to itself.
func (v *visit) write(w http.ResponseWriter, code int, d *document) {
	d.Lang, d.Say, d.Nonce = v.lang, v.say(), rand.Text()
	if v.here != "" {
		d.Action = v.sent + "?lang=" + string(v.lang)
		d.Other = v.other()
	}
	d.Framed = len(v.framers()) > 0
	if v.survey != nil {
		d.From = v.survey.From.In(v.lang)
	}
	var b bytes.Buffer
	if err := pages.Execute(&b, d); err != nil {
		v.o.Log.Error("a survey's page could not be written", zap.Error(err))
		http.Error(w, v.say().Later, http.StatusInternalServerError)
		return
	}
	v.protect(w.Header(), d.Nonce)
	w.WriteHeader(code)
	_, _ = w.Write(b.Bytes()) // the customer may be gone
}

// protect keeps a page to its customer: out of caches, of search engines, of what other
// sites are told, and of frames but those that the survey names for who came without a
// link. Its own server is told where a form comes from, else it would take it for another
// site's where the browser does not say Sec-Fetch-Site.
func (v *visit) protect(h http.Header, nonce string) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(v.lang))
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	framers := "'none'"
	if all := v.framers(); len(all) > 0 {
		framers = strings.Join(all, " ")
	}
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+nonce+"'; script-src 'nonce-"+nonce+
		"'; form-action 'self'; frame-ancestors "+framers+"; base-uri 'none'")
}

// framers are the origins whose pages may show this one.
func (v *visit) framers() []string {
	if !v.invite.GetOpen() {
		return nil
	}
	return v.survey.Framers()
}

// other is the same page in the other language.
func (v *visit) other() link {
	q := v.r.URL.Query()
	l := link{Lang: survey.English, Text: "English"}
	if v.lang == survey.English {
		l = link{Lang: survey.French, Text: "Français"}
	}
	q.Set("lang", string(l.Lang))
	l.URL = v.here + "?" + q.Encode()
	return l
}

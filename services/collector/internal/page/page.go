package page

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"
	"golang.org/x/text/language"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/invite"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/collector/internal/survey"
)

// Path is where links lead, before their token.
const Path = "/s/"

// Ingest stores responses and knows them again: ingest.Service.
type Ingest interface {
	Submit(ctx context.Context, r *eventsv1.Response) (ingest.Result, error)
	Held(ctx context.Context, survey, id string) (*eventsv1.Response, error)
	// Check names what Submit would refuse, and takes the response over.
	Check(r *eventsv1.Response) []response.Violation
}

// Options are what the pages work with; all are required.
type Options struct {
	// Surveys by name.
	Surveys map[string]*survey.Survey
	Sealer  *invite.Sealer
	Ingest  Ingest
	// Admit refuses who asks too often.
	Admit func(*http.Request) error
	Clock ingest.Clock
	Log   *zap.Logger
}

// Pages answers the links.
type Pages struct{ o Options }

// New returns the pages.
func New(o Options) *Pages { return &Pages{o} }

// Register adds the routes to mux.
func (p *Pages) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET "+Path+"{token}", p.show)
	mux.HandleFunc("POST "+Path+"{token}", p.take)
	mux.HandleFunc("GET "+OpenPath+"{survey}", p.begin)
	mux.HandleFunc("GET "+WidgetPath, widget)
}

// visit is one request for a page.
type visit struct {
	*Pages
	r      *http.Request
	lang   survey.Language
	survey *survey.Survey
	invite *collectorv1.Invitation
	held   *eventsv1.Response
	now    time.Time
	here   string // the path of the page
	sent   string // the path that its steps are sent to
}

func (p *Pages) visit(r *http.Request) *visit {
	return &visit{Pages: p, r: r, now: p.o.Clock.Now(), lang: spoken(r.Header.Get("Accept-Language"))}
}

// open reads the link. What it returns can at least say in a language what is wrong.
func (p *Pages) open(r *http.Request) (*visit, error) {
	v := p.visit(r)
	i, err := p.o.Sealer.Open(r.PathValue("token"), v.now)
	if i != nil {
		v.invite, v.survey = i, p.o.Surveys[i.GetSurvey()]
		v.lang = chosen(r.URL.Query().Get("lang"), i.GetCustomer().GetLanguage(), v.lang)
		v.here = Path + r.PathValue("token")
		v.sent = v.here
	}
	if p.o.Admit(r) != nil {
		return v, errTooMany // said in a language, and within the frame that it is asked from
	}
	if err == nil && v.survey == nil {
		err = invite.ErrExpired // the survey has been taken out
	}
	if err == nil {
		v.held, err = p.o.Ingest.Held(r.Context(), i.GetSurvey(), i.GetResponseId())
	}
	return v, err
}

// chosen is the language that was asked for on the page, else the customer's, else the
// browser's.
func chosen(asked, customers string, browsers survey.Language) survey.Language {
	for _, tag := range []string{asked, customers} {
		if tag == "" {
			continue
		}
		base, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if l := survey.Language(base); l == survey.French || l == survey.English {
			return l
		}
		if tag == customers {
			return survey.English // of whoever speaks neither
		}
	}
	return browsers
}

var languages = language.NewMatcher([]language.Tag{language.French, language.English})

func spoken(header string) survey.Language {
	if header == "" {
		return survey.French
	}
	if _, i := language.MatchStrings(languages, header); i == 1 {
		return survey.English
	}
	return survey.French
}

// show answers a GET: it stores nothing.
func (p *Pages) show(w http.ResponseWriter, r *http.Request) {
	v, err := p.open(r)
	if err != nil {
		v.fail(w, err)
		return
	}
	f := v.filled()
	q := r.URL.Query()
	picked := false
	if value, ok := number(q.Get("v")); ok && v.survey.Question.Has(value) {
		picked = f.first == nil || *f.first != value
		f.first = &value
	}
	switch {
	case q.Get("step") == "done" && f.first != nil && !picked:
		v.write(w, http.StatusOK, v.thanks(f))
	case f.first == nil, picked, q.Get("step") == "1":
		v.write(w, http.StatusOK, v.first(f, picked, nil))
	default:
		v.write(w, http.StatusOK, v.second(f, nil))
	}
}

// maxForm bounds what is sent, in bytes.
const maxForm = 128 << 10

// take answers a POST: it stores a step and leads to the next.
func (p *Pages) take(w http.ResponseWriter, r *http.Request) {
	v, err := p.open(r)
	if err != nil {
		v.fail(w, err)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		v.fail(w, errForm)
		return
	}
	f := v.filled()
	last := r.PostForm.Get("step") == "2"
	problems := f.read(r.PostForm, last)
	if len(problems) > 0 && f.first != nil { // everything that is wrong, at once
		problems = inOrder(append(problems, f.refused(p.o.Ingest.Check(f.response(last)))...))
	}
	if len(problems) == 0 {
		_, err := p.o.Ingest.Submit(r.Context(), f.response(last))
		var invalid *ingest.InvalidError
		switch {
		case errors.As(err, &invalid):
			problems = inOrder(f.refused(invalid.Violations))
		case err != nil:
			p.o.Log.Warn("an answer on a page could not be stored; the customer was asked to send it again", zap.Error(err))
			problems = []problem{{Text: v.say().Later}}
			w.Header().Set("Retry-After", "2")
			v.write(w, http.StatusServiceUnavailable, v.step(f, last, problems))
			return
		}
	}
	if len(problems) > 0 {
		v.write(w, http.StatusUnprocessableEntity, v.step(f, last, problems))
		return
	}
	next := "2"
	if last {
		next = "done"
	}
	http.Redirect(w, r, v.link(next), http.StatusSeeOther)
}

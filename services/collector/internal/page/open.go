package page

import (
	"net/http"
	"time"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/invite"
	"github.com/rappel-loop/rappel/services/collector/internal/survey"
)

// OpenPath is where anybody answers an open survey, before its name.
const OpenPath = "/o/"

// openFor is how long what begins on an open page can be sent, and corrected.
const openFor = 24 * time.Hour

// begin answers a GET of an open survey: the first step, with a link of the visitor's own
// that it is sent to. It stores nothing, and takes nothing but the language from the
// query: who answers, and what, nobody else can say for them.
func (p *Pages) begin(w http.ResponseWriter, r *http.Request) {
	v := p.visit(r)
	v.lang = chosen(r.URL.Query().Get("lang"), "", v.lang)
	err := invite.ErrExpired // that there is one for who has a link is nobody's business
	if s := p.o.Surveys[r.PathValue("survey")]; s != nil && s.Open != nil {
		err = v.opened(s)
	}
	if p.o.Admit(r) != nil {
		err = errTooMany
	}
	if err != nil {
		v.fail(w, err)
		return
	}
	v.write(w, http.StatusOK, v.first(v.filled(), false, nil))
}

// opened makes the visitor an invitation that only this page holds.
func (v *visit) opened(s *survey.Survey) error {
	v.survey = s
	v.invite = &collectorv1.Invitation{
		Survey: s.Name, Channel: s.OpenChannel(), Touchpoint: s.OpenTouchpoint(), ExpiresAt: v.now.Add(openFor).Unix(), Open: true,
	}
	token, err := v.o.Sealer.Seal(v.invite, v.now)
	v.here, v.sent = OpenPath+s.Name, Path+token
	return err
}

// openLink leads to an open survey.
func openLink(s *survey.Survey, l survey.Language) string {
	return OpenPath + s.Name + "?lang=" + string(l)
}

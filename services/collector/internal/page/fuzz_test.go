package page_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/invite"
	"github.com/rappel-loop/rappel/services/collector/internal/page"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/collector/internal/survey"
	"github.com/rappel-loop/rappel/services/internal/clock"
)

// desk takes what pages submit, checked as the collector does.
type desk struct {
	normaliser *response.Normaliser
	held       *eventsv1.Response
	taken      int
}

func (d *desk) Submit(_ context.Context, r *eventsv1.Response) (ingest.Result, error) {
	if found := d.Check(proto.CloneOf(r)); len(found) > 0 {
		return ingest.Result{}, &ingest.InvalidError{Violations: found}
	}
	d.taken++
	d.held = r
	return ingest.Result{ID: r.GetId(), Revision: 1}, nil
}

func (d *desk) Held(context.Context, string, string) (*eventsv1.Response, error) { return d.held, nil }

func (d *desk) Check(r *eventsv1.Response) []response.Violation {
	_, found := d.normaliser.Normalise(r, fuzzNow)
	return found
}

var fuzzNow = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// FuzzForm holds that whatever is sent as a page's form is stored and leads on, or is shown
// again with what is to be mended; and that what it said is in no page as markup.
func FuzzForm(f *testing.F) {
	s, err := survey.Load("../../../../sample/surveys/apres-livraison.yaml")
	require.NoError(f, err)
	sealer, err := invite.NewSealer([]byte("a secret of these tests"))
	require.NoError(f, err)
	normaliser, err := response.NewNormaliser("FR")
	require.NoError(f, err)
	now := fuzzNow
	token, err := sealer.Seal(&collectorv1.Invitation{
		Survey: s.Name, ResponseId: "r-1", Customer: &eventsv1.Customer{Id: "C-1"}, ExpiresAt: now.Add(time.Hour).Unix(),
	}, now)
	require.NoError(f, err)
	first := "q-" + s.Question.ID
	f.Add("step=1&"+first+"=2", "", "fr")
	f.Add("step=2&q-more=trop+tard&call=yes&slot=any&phone=06+39+98+20+11&name=Zo%C3%A9", "v=9&step=done", "en")
	f.Add("step=2&"+first+"=%00&q-more=%ff<script>alert(1)</script>&slot=x", "%zz", "\"><x>")
	f.Add("step=%", "lang=en&lang=fr", "")
	f.Fuzz(func(t *testing.T, sent, query, lang string) {
		d := &desk{normaliser: normaliser}
		m := http.NewServeMux()
		page.New(page.Options{
			Surveys: map[string]*survey.Survey{s.Name: s}, Sealer: sealer, Ingest: d, Admit: func(*http.Request) error { return nil },
			Clock: clock.NewManual(now), Log: zap.NewNop(),
		}).Register(m)
		for range 2 { // the second finds what the first left
			for _, method := range []string{http.MethodPost, http.MethodGet} {
				r := httptest.NewRequest(method, page.Path+token, strings.NewReader(sent))
				r.URL.RawQuery = query
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.Header["Accept-Language"] = []string{lang}
				before := d.taken
				w := httptest.NewRecorder()
				m.ServeHTTP(w, r)
				require.Contains(t, []int{http.StatusOK, http.StatusSeeOther, http.StatusBadRequest, http.StatusUnprocessableEntity}, w.Code, w.Body)
				require.Equal(t, w.Code == http.StatusSeeOther, d.taken > before, "what was stored leads on, and nothing else does")
				require.NotContains(t, w.Body.String(), "<script>alert")
			}
		}
	})
}

package e2e

import (
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestACustomerIsCalledForAnAnswerOnAPage answers the first step of a survey, kills the
// collector, by kill -9, and goes on with the same link: the callback that the first step
// opened has the words of the second.
func TestACustomerIsCalledForAnAnswerOnAPage(t *testing.T) {
	t.Parallel()
	surveys, err := filepath.Abs("../../sample/surveys")
	require.NoError(t, err)
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			l := s.start(t, "RAPPEL_COLLECTOR__SURVEYS_DIR="+surveys)
			var link struct{ URL string }
			require.Equal(t, http.StatusOK, post(l.collector.url()+"/v1/surveys/apres-livraison/invitations",
				object{"customer": object{"id": "C-1", "phone": "06 39 98 20 11", "language": "fr"}}, &link))
			u, err := url.Parse(link.URL)
			require.NoError(t, err)
			send := func(fields url.Values) {
				resp, err := http.PostForm(l.collector.url()+u.Path, fields)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				require.Equal(t, http.StatusOK, resp.StatusCode)
			}
			send(url.Values{"step": {"1"}, "q-recommend": {"1"}})
			require.Empty(t, l.waitFor(1, "PENDING")[0].Reasons[0].Verbatim)
			l.collector.restart(l.collector.env...) // it kills first
			send(url.Values{"step": {"2"}, "q-why": {"Personne au téléphone."}, "call": {"yes"}})
			require.Eventually(t, func() bool {
				open := l.callbacks("PENDING")
				return len(open) == 1 && open[0].Reasons[0].Verbatim == "Personne au téléphone."
			}, eventually, 20*time.Millisecond)
			require.Equal(t, "+33639982011", l.callbacks("PENDING")[0].Customer.Phone)
		})
	}
}

// TestAStrangerIsCalledAtTheNumberThatTheyLeft answers an open survey: the callback that
// the first step opened is about nobody, until the second says whom to call and where.
func TestAStrangerIsCalledAtTheNumberThatTheyLeft(t *testing.T) {
	t.Parallel()
	surveys, err := filepath.Abs("../../sample/surveys")
	require.NoError(t, err)
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			l := s.start(t, "RAPPEL_COLLECTOR__SURVEYS_DIR="+surveys)
			resp, err := http.Get(l.collector.url() + "/o/apres-achat")
			require.NoError(t, err)
			page, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			path := regexp.MustCompile(`action="(/s/[^"?]+)`).FindSubmatch(page)
			require.NotNil(t, path)
			send := func(fields url.Values) {
				resp, err := http.PostForm(l.collector.url()+string(path[1]), fields)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				require.Equal(t, http.StatusOK, resp.StatusCode)
			}
			send(url.Values{"step": {"1"}, "q-satisfied": {"1"}})
			require.Empty(t, l.waitFor(1, "PENDING")[0].Customer.Phone)
			send(url.Values{"step": {"2"}, "q-why": {"La caisse."}, "call": {"yes"}, "name": {"Quenouille"}, "phone": {"06 39 98 20 11"}})
			require.Eventually(t, func() bool {
				open := l.callbacks("PENDING")
				return len(open) == 1 && open[0].Customer.Phone == "+33639982011" && open[0].Reasons[0].Verbatim == "La caisse."
			}, eventually, 20*time.Millisecond)
		})
	}
}

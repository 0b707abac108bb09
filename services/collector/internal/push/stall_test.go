package push_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Responses that can't be had, for now or for good, leave room for those that can.
func TestManyThatFailDoNotHoldUpTheRest(t *testing.T) {
	t.Parallel()
	v := vendorOf(t, map[string]string{smSurveyPath: smSurvey, smDetailsPath: fixture(t, "surveymonkey_response_details.json")})
	l := setup(t, asking("surveymonkey", v), func(l *loop) { l.delay = time.Hour })
	event := fixture(t, "surveymonkey_response_completed.json")
	for n := range 300 {
		l.told(strings.NewReplacer("90000000123", fmt.Sprint(n), "11800000042", fmt.Sprint(5000+n)).Replace(event))
	}
	l.told(event)
	l.eventually(func() bool { return len(l.stored()) == 1 })
	require.Empty(t, l.letters())
}

// A source that refuses a question says the same each time: it is believed after a while.
func TestAQuestionThatTheSourceRefuses(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusBadRequest, http.StatusForbidden, http.StatusUnprocessableEntity} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			v := vendorOf(t, map[string]string{})
			v.is(moods(100, status(code))...)
			l := setup(t, asking("surveymonkey", v))
			l.told(fixture(t, "surveymonkey_response_completed.json"))
			l.eventually(func() bool { return len(l.letters()) == 1 })
			require.Equal(t, "refused_at_source", l.letters()[0].GetReason())
			require.Equal(t, fmt.Sprintf("refused_at_source: the source's API answers %d %s", code, http.StatusText(code)), l.letters()[0].GetDetail())
			require.Len(t, v.calls(), 8)
		})
	}
}

// What may be mended by a new token, or by waiting, is asked again for longer.
func TestAQuestionThatMayBeAskedAgain(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			v := vendorOf(t, map[string]string{smSurveyPath: smSurvey, smDetailsPath: fixture(t, "surveymonkey_response_details.json")})
			v.is(moods(9, status(code))...)
			l := setup(t, asking("surveymonkey", v), func(l *loop) { l.delay = time.Millisecond })
			l.told(fixture(t, "surveymonkey_response_completed.json"))
			l.eventually(func() bool { return len(l.stored()) == 1 })
			require.Empty(t, l.letters())
		})
	}
}

func moods(n int, mood func(http.ResponseWriter)) (all []func(http.ResponseWriter)) {
	for range n {
		all = append(all, mood)
	}
	return all
}

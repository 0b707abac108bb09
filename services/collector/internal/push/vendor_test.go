package push_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/collector/internal/push"
)

// A vendor that takes its time, and one that never answers, is waited for within a bound;
// calls are taken meanwhile, and what waits is handled when the vendor is itself again.
func TestAVendorThatIsSlowOrHangs(t *testing.T) {
	t.Parallel()
	event := fixture(t, "surveymonkey_response_completed.json")
	v := vendorOf(t, map[string]string{smDetailsPath: fixture(t, "surveymonkey_response_details.json"), smSurveyPath: smSurvey})
	hang := make(chan struct{})
	release := func() { close(hang) }
	t.Cleanup(release)
	details := fixture(t, "surveymonkey_response_details.json")
	v.is(
		func(http.ResponseWriter) { <-hang }, // says nothing
		func(w http.ResponseWriter) { // begins, and stops
			_, _ = fmt.Fprint(w, details[:100])
			_ = http.NewResponseController(w).Flush()
			<-hang
		},
		func(w http.ResponseWriter) { // drips
			for i := range 50 {
				_, _ = fmt.Fprint(w, details[i*len(details)/50:(i+1)*len(details)/50])
				_ = http.NewResponseController(w).Flush()
				<-time.After(2 * time.Millisecond)
			}
		},
	)
	config := asking("surveymonkey", v)
	config.API.Timeout = 300 * time.Millisecond
	l := setup(t, config)
	began := time.Now()
	for n := range 5 {
		l.told(strings.Replace(event, "90000000123", strings.Repeat("9", n+1), 1))
	}
	require.Less(t, time.Since(began), 2*time.Second, "a call does not wait for the vendor")
	require.Equal(t, 5, l.counted(push.Taken))
	l.eventually(func() bool { return len(l.stored()) == 5 })
	require.GreaterOrEqual(t, l.counted(push.Retried), 2)
	require.Empty(t, l.letters())
}

package egress_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/egress"
)

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-1": 0, "0": 0, "2.5": 0, " 90 ": 90 * time.Second, "86400": time.Hour, "99999999999999999999": 0,
		"Fri, 20 Nov 2026 12:02:00 GMT": 2 * time.Minute, "Fri, 20 Nov 2026 11:00:00 GMT": 0, "Sat, 21 Nov 2026 12:00:00 GMT": time.Hour,
		"Friday, 20-Nov-26 12:02:00 GMT": 2 * time.Minute,
	} {
		require.Equal(t, want, egress.RetryAfter(http.Header{"Retry-After": {text}}, now, time.Hour), text)
	}
}

package callback

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheDefaultPolicyIsValid(t *testing.T) {
	t.Parallel()
	require.NoError(t, DefaultPolicy().Validate())
}

func TestValidateNamesEveryBadField(t *testing.T) {
	t.Parallel()
	var ve *ValidationError
	require.ErrorAs(t, Policy{}.Validate(), &ve)
	var names []string
	for _, f := range ve.Fields {
		names = append(names, f.Field)
	}
	require.Equal(t, []string{
		"retry_gaps", "max_attempts", "first_attempt_within", "reserved_lease", "assigned_lease",
		"attempt_lease", "wrap_lease", "call_again_within", "reopen_within", "ageing_per_point", "goodwill.currency", "default_queue",
	}, names)

	p := DefaultPolicy()
	p.RetryGaps, p.MaxAttempts = []time.Duration{time.Hour, 0, -1}, MaxAttemptsKept+1
	require.EqualError(t, p.Validate(), "invalid: retry_gaps: must all be over 0; max_attempts: must be 1 to 20")
}

package webhook_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/webhook"
)

// The vector of the reference libraries' own tests.
const (
	secret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	id        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

var (
	at   = time.Unix(1614265330, 0)
	body = []byte(`{"test": 2432232314}`)
)

func TestTheReferenceVector(t *testing.T) {
	t.Parallel()
	require.Equal(t, signature, webhook.Sign([]string{secret}, id, at, body))
	require.True(t, webhook.Verify([]string{secret}, id, "1614265330", signature, body))
}

func TestASecretIsReplacedWithoutAGap(t *testing.T) {
	t.Parallel()
	const next = "another secret, taken as it is"
	both := webhook.Sign([]string{next, secret}, id, at, body)
	stamp := strconv.FormatInt(at.Unix(), 10)
	require.Contains(t, both, " "+signature)
	require.True(t, webhook.Verify([]string{secret}, id, stamp, both, body), "who has the old one")
	require.True(t, webhook.Verify([]string{next}, id, stamp, both, body), "who has the new one")
	require.True(t, webhook.Verify([]string{next, secret}, id, stamp, "v1a,eHg= v1,? nonsense "+signature, body))
}

func TestWhatIsNotGenuineIsNot(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"another body":      webhook.Verify([]string{secret}, id, "1614265330", signature, []byte("{}")),
		"another id":        webhook.Verify([]string{secret}, "msg_2", "1614265330", signature, body),
		"another timestamp": webhook.Verify([]string{secret}, id, "1614265331", signature, body),
		"another secret":    webhook.Verify([]string{"whsec_eHg="}, id, "1614265330", signature, body),
		"no secret":         webhook.Verify(nil, id, "1614265330", signature, body),
		"no signature":      webhook.Verify([]string{secret}, id, "1614265330", "", body),
		"another scheme":    webhook.Verify([]string{secret}, id, "1614265330", "v2"+signature[2:], body),
	} {
		require.False(t, ok, name)
	}
}

func TestASecretThatIsNoBase64IsNamed(t *testing.T) {
	t.Parallel()
	require.NoError(t, webhook.CheckSecret(secret))
	require.NoError(t, webhook.CheckSecret("plain"))
	require.ErrorContains(t, webhook.CheckSecret("whsec_%%"), "base64")
}

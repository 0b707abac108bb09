package egress_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"code.dny.dev/ssrf"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/rappel-loop/rappel/services/internal/egress"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func server(t *testing.T) (string, string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		case "/slow":
			<-r.Context().Done()
		default:
			_, _ = w.Write([]byte(strings.Repeat("x", 100)))
		}
	}))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	require.NoError(t, err)
	return s.URL, u.Host
}

func get(t *testing.T, c *http.Client, target string) (*http.Response, error) {
	t.Helper()
	t.Cleanup(c.CloseIdleConnections)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody)
	require.NoError(t, err)
	return c.Do(req)
}

func TestOnlyTheHostsItWasMadeForAreCalled(t *testing.T) {
	t.Parallel()
	base, host := server(t)
	c := egress.New(egress.Options{Hosts: []string{host}, AllowPrivate: true})
	resp, err := get(t, c, base)
	require.NoError(t, err)
	data, err := egress.Read(resp.Body, 100)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Len(t, data, 100)
	resp, err = get(t, c, base)
	require.NoError(t, err)
	_, err = egress.Read(resp.Body, 99)
	require.ErrorIs(t, err, egress.ErrTooLarge)
	require.NoError(t, resp.Body.Close())

	other := egress.New(egress.Options{Hosts: []string{"api.example.org"}, AllowPrivate: true})
	_, err = get(t, other, base)
	require.ErrorIs(t, err, egress.ErrHost)
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	base, host := server(t)
	resp, err := get(t, egress.New(egress.Options{Hosts: []string{host}, AllowPrivate: true}), base+"/away")
	require.NoError(t, err)
	require.Equal(t, http.StatusFound, resp.StatusCode)
	require.NoError(t, resp.Body.Close())
}

// localhost is a name that leads to a private network, as a hostile one would.
func TestAPrivateNetworkIsNotReached(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "192.168.1.1", "[fd00::1]"} {
		c := egress.New(egress.Options{Hosts: []string{host}, Timeout: 2 * time.Second})
		_, err := get(t, c, "https://"+host+"/")
		require.ErrorIs(t, err, ssrf.ErrProhibitedIP, host)
	}
	c := egress.New(egress.Options{Hosts: []string{"127.0.0.1:8443", "example.org"}})
	_, err := get(t, c, "https://127.0.0.1:8443/")
	require.ErrorIs(t, err, ssrf.ErrProhibitedPort)
	_, err = get(t, c, "http://example.org/")
	require.ErrorIs(t, err, egress.ErrHost, "without TLS")
}

func TestASlowAnswerIsCutOff(t *testing.T) {
	t.Parallel()
	base, host := server(t)
	_, err := get(t, egress.New(egress.Options{Hosts: []string{host}, AllowPrivate: true, Timeout: 50 * time.Millisecond}), base+"/slow")
	var failure net.Error
	require.ErrorAs(t, err, &failure)
	require.True(t, failure.Timeout())
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for raw, ok := range map[string]bool{
		"https://api.example.org": true, "https://api.example.org/v3": true, "http://api.example.org": false, "": false,
		"api.example.org": false, "ftp://x": false, "https://": false, "https://user@x.example": false, "https://x\x00": false,
		"https://api.example.org:443": true, "https://api.example.org:8443": false,
	} {
		require.Equal(t, ok, egress.Check(raw, false) == nil, raw)
	}
	require.NoError(t, egress.Check("http://127.0.0.1:80", true))
	require.NoError(t, egress.Check("https://127.0.0.1:8443", true))
}

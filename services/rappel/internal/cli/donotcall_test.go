package cli

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// barringSays runs do-not-call against a server that answers so.
func barringSays(t *testing.T, handle http.HandlerFunc, in string, args ...string) (string, error) {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	var out bytes.Buffer
	cmd := doNotCallCommand(world(nil))
	cmd.SetOut(&out)
	cmd.SetIn(strings.NewReader(in))
	cmd.SetArgs(append(args, "--server", server.URL))
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestTheListIsKept(t *testing.T) {
	t.Parallel()
	var asked []string
	handle := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, r.URL.Path+" "+strings.ReplaceAll(string(body), " ", ""))
		_, _ = io.WriteString(w, `{"added":2,"removed":1,"listed":true,"since":"2026-11-20T09:30:00Z","by":"desk","callbackId":"c-1"}`)
	}
	for _, c := range []struct {
		want, in string
		args     []string
	}{
		{"2 put on the list\n", "", []string{"add", "--phone", "0639982011", "--email", "a@example.org"}},
		{"1 taken off the list\n", "", []string{"remove", "--customer", "C-1"}},
		{"on the list since 2026-11-20 10:30, by desk, asked in c-1\n", "", []string{"check", "--customer", "C-1"}},
		{"{\n  \"people\": 2,\n  \"changed\": 2\n}\n", "\ufeffC-1\n\n C-2 \n", []string{"add", "--file", "-", "--of", "customer", "-o", "json"}},
		{"1 of 2 taken off the list; the others were not on it\n", "", []string{"remove", "--of", "email", "--file", file(t, "opposed", "a@example.org\r\nb@example.org\r\n")}},
	} {
		out, err := barringSays(t, handle, c.in, c.args...)
		require.NoError(t, err)
		require.Equal(t, c.want, out)
	}
	require.Equal(t, []string{
		`/v1/doNotCall:add {"people":[{"phone":"0639982011","email":"a@example.org"}]}`,
		`/v1/doNotCall:remove {"people":[{"customerId":"C-1"}]}`,
		`/v1/doNotCall:check {"person":{"customerId":"C-1"}}`,
		`/v1/doNotCall:add {"people":[{"customerId":"C-1"},{"customerId":"C-2"}]}`,
		`/v1/doNotCall:remove {"people":[{"email":"a@example.org"},{"email":"b@example.org"}]}`,
	}, asked)
	out, err := barringSays(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }, "", "check", "--phone", "0639982011")
	require.NoError(t, err)
	require.Equal(t, "not on the list\n", out)
	out, err = barringSays(t, handle, "", "add", "--help")
	require.NoError(t, err)
	golden(t, "do-not-call-help", out)
}

// A long list is sent in pieces; where one fails, what to do is said.
func TestALongListThatIsCutOff(t *testing.T) {
	t.Parallel()
	calls := 0
	handle := func(w http.ResponseWriter, _ *http.Request) {
		if calls++; calls == 2 {
			rpc.WriteError(w, rpc.Refused(codes.Unavailable, "STORE_UNAVAILABLE", "the event store does not answer"))
			return
		}
		_, _ = io.WriteString(w, `{"added":1000}`)
	}
	_, err := barringSays(t, handle, strings.Repeat("C\n", 1500), "add", "--file", "-", "--of", "customer")
	require.ErrorContains(t, err, "the event store does not answer")
	require.ErrorContains(t, err, "the first 1000 are done")
}

func TestAListThatCannotBeKept(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"say who: --customer, --phone or --email": {"add"},
		"--of: must be customer, phone or email":  {"add", "--file", "x"},
		"no such file":                            {"add", "--file", "/nowhere", "--of", "phone"},
		"must be text or json":                    {"check", "--phone", "1", "-o", "xml"},
	} {
		_, err := barringSays(t, nil, "", args...)
		require.ErrorContains(t, err, want)
	}
}

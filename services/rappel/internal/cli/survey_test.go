package cli

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/rappel-loop/rappel/services/internal/rpc"
)

func surveySays(t *testing.T, handle http.HandlerFunc, args ...string) (string, error) {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	var out bytes.Buffer
	cmd := surveyCommand(world(nil))
	cmd.SetOut(&out)
	cmd.SetArgs(append(args, "--server", server.URL))
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestALinkIsMade(t *testing.T) {
	t.Parallel()
	var asked string
	handle := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = r.URL.Path + " " + string(bytes.ReplaceAll(body, []byte(" "), nil))
		_, _ = io.WriteString(w, `{"url":"https://avis.example.org/s/x","choices":[{"value":0,"url":"https://avis.example.org/s/x?v=0"}],"responseId":"r-1","expiresAt":"2026-12-20T12:00:00Z"}`)
	}
	out, err := surveySays(t, handle, "link", "apres-livraison", "--customer", "C-1", "--days", "3", "--attribute", "store=12")
	require.NoError(t, err)
	require.Equal(t, `/v1/surveys/apres-livraison/invitations {"customer":{"id":"C-1"},"attributes":{"store":"12"},"validFor":"259200s"}`, asked)
	require.Contains(t, out, "https://avis.example.org/s/x\nuntil 2026-12-20 ")
	require.Contains(t, out, ", as response r-1\n")
	out, err = surveySays(t, handle, "link", "apres-livraison", "--choices")
	require.NoError(t, err)
	require.Contains(t, out, "\n0  https://avis.example.org/s/x?v=0\n")
	out, err = surveySays(t, handle, "link", "apres-livraison", "-o", "json")
	require.NoError(t, err)
	require.Contains(t, out, `"responseId": "r-1"`)
}

func TestALinkThatCannotBe(t *testing.T) {
	t.Parallel()
	unknown := func(w http.ResponseWriter, _ *http.Request) {
		rpc.WriteError(w, rpc.Refused(codes.NotFound, "SURVEY_UNKNOWN", "there is none"))
	}
	_, err := surveySays(t, unknown, "link", "nope")
	require.ErrorContains(t, err, `there is no survey "nope": the files of collector.surveys_dir say which there are`)
	_, err = surveySays(t, unknown, "link")
	require.ErrorContains(t, err, "name one survey")
	var help bytes.Buffer
	cmd := surveyCommand(world(nil))
	cmd.SetOut(&help)
	cmd.SetArgs(nil)
	require.NoError(t, cmd.ExecuteContext(t.Context()))
	require.Contains(t, help.String(), "rappel survey link apres-livraison")
	cmd = surveyCommand(world(nil))
	cmd.SetArgs([]string{"link", "s", "--server", "http://127.0.0.1:1"})
	require.ErrorContains(t, cmd.ExecuteContext(t.Context()), "start a server with `rappel run`")
}

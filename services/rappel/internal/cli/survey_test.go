package cli

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/rappel-loop/rappel/services/internal/keyfile"
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
	cmd.SetArgs([]string{})
	require.NoError(t, cmd.ExecuteContext(t.Context()))
	require.Contains(t, help.String(), "rappel survey link apres-livraison")
	cmd = surveyCommand(world(nil))
	cmd.SetArgs([]string{"link", "s", "--server", "http://127.0.0.1:1"})
	require.ErrorContains(t, cmd.ExecuteContext(t.Context()), "start a server with `rappel run`")
}

const openSurvey = `{"survey":"apres-achat","titles":{"fr":"Votre \"achat\"","en":"Your purchase"},"openUrl":"https://avis.example.org/o/apres-achat",` +
	`"widgetUrl":"https://avis.example.org/widget.js","embed":["https://shop.example"]}`

func TestASnippetIsPrinted(t *testing.T) {
	t.Parallel()
	var asked string
	handle := func(w http.ResponseWriter, r *http.Request) {
		asked = r.Method + " " + r.URL.Path + " " + r.Header.Get("Authorization")
		_, _ = io.WriteString(w, openSurvey)
	}
	for name, args := range map[string][]string{
		"survey-snippet": {"snippet", "apres-achat"}, "survey-snippet-fr": {"snippet", "apres-achat", "--language", "fr"},
		"survey-help-snippet": {"snippet", "--help"}, "survey-help-link": {"link", "--help"},
	} {
		out, err := surveySays(t, handle, args...)
		require.NoError(t, err)
		golden(t, name, out)
	}
	key := keyfile.New()
	out, err := surveySays(t, handle, "snippet", "apres-achat", "-o", "json", "--key-file", file(t, "key", key))
	require.NoError(t, err)
	require.Contains(t, out, `"embed": [`)
	require.Equal(t, "GET /v1/surveys/apres-achat Bearer "+key, asked)
}

func TestASnippetThatCannotBe(t *testing.T) {
	t.Parallel()
	says := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
	}
	_, err := surveySays(t, says(`{"survey":"apres-livraison"}`), "snippet", "apres-livraison")
	require.ErrorContains(t, err, "is answered by links only: add `open: {embed:")
	_, err = surveySays(t, says(openSurvey), "snippet", "apres-achat", "--language", "de")
	require.ErrorContains(t, err, "--language de: must be fr or en")
	_, err = surveySays(t, says(openSurvey), "snippet")
	require.ErrorContains(t, err, "name one survey")
	_, err = surveySays(t, says(openSurvey), "snippet", "apres-achat", "--key-file", filepath.Join(t.TempDir(), "none"))
	require.Error(t, err)
	out, err := surveySays(t, says(`{"survey":"s","openUrl":"https://avis.example.org/o/s","widgetUrl":"https://avis.example.org/widget.js"}`), "snippet", "s")
	require.NoError(t, err)
	require.Contains(t, out, "</noscript>\n")
}

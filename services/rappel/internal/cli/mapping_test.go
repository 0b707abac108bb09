package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	hooks  = "../../../../sample/hooks/"
	bodies = "../../../collector/internal/hook/testdata/"
)

func mappingSays(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := Mapping()
	cmd.SetOut(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestAMappingIsTriedOut(t *testing.T) {
	t.Parallel()
	out, err := mappingSays(t, "test", hooks+"typeform.yaml", bodies+"typeform_form_response.json")
	require.NoError(t, err)
	require.Contains(t, out, `"survey": "apres-livraison"`)
	out, err = mappingSays(t, "test", hooks+"hubspot.yaml", "object="+bodies+"hubspot_feedback_submission_object.json")
	require.NoError(t, err)
	require.Contains(t, out, `"id": "512"`)
	out, err = mappingSays(t, "test", hooks+"typeform.yaml", bodies+"delighted_survey_response_created.json")
	require.NoError(t, err)
	require.Equal(t, "left out: an event of another kind\n", out)
	out, err = mappingSays(t)
	require.NoError(t, err)
	require.Contains(t, out, "rappel mapping paths body.json")
}

func TestAMappingThatDoesNotFit(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "m.yaml")
	require.NoError(t, os.WriteFile(file, []byte("survey: s\nanswers: [{metric: NPX, path: a}, {verbatim: 'b['}]"), 0o600))
	for want, args := range map[string][]string{
		"name a mapping and a body":         {"test", file},
		"name a body":                       {"paths"},
		"answers[1].verbatim: \"b[\" is no": {"test", file, bodies + "googleforms_response.json"},
		"there is no answer in it":          {"test", hooks + "googleforms-script.yaml", bodies + "googleforms_response.json"},
		"is one of several":                 {"test", hooks + "hubspot.yaml", "object=" + bodies + "googleforms_response.json", "x"},
		"the body is no JSON text":          {"test", hooks + "hubspot.yaml", bodies + "qualtrics_completed_response.form.txt"},
		"no such file":                      {"test", file + "x", "y"},
	} {
		_, err := mappingSays(t, args...)
		require.ErrorContains(t, err, want)
	}
}

// Each path that is listed leads to what is listed beside it.
func TestThePathsOfABody(t *testing.T) {
	t.Parallel()
	out, err := mappingSays(t, "paths", bodies+"googleforms_response.json")
	require.NoError(t, err)
	require.Contains(t, out, "answers['1a2b3c4d'].textAnswers.answers[0].value  2\n")
	require.Contains(t, out, "respondentEmail")
}

package hook_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/collector/internal/hook"
)

func TestEveryWrongFieldOfAnEndpointIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.yaml")
	require.NoError(t, os.WriteFile(bad, []byte("survey: s\nanswers: [{metric: NPX, path: a}]"), 0o600))
	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	good := sample("typeform")
	for want, c := range map[string]hook.Config{
		"e.source: must be one of formbricks, generic, googleforms, hubspot, qualtrics, surveymonkey, typeform, zendesk": {},
		"e.secret: is required, or a secret_file; or allow_unsigned":                                                     {Source: "typeform", Mapping: good},
		"e.secret_file: a secret is given as well":                                                                       {Source: "typeform", Mapping: good, Secret: "a", SecretFile: empty},
		"e.secret_file: is empty":      {Source: "typeform", Mapping: good, SecretFile: empty},
		"e.secret: begins with whsec_": {Source: "formbricks", Mapping: good, Secret: "whsec_%"},
		"e.mapping: is required":       {Source: "typeform", Secret: "s"},
		"e.mapping: " + bad + ":2: answers[0].metric: must be NPS, CSAT, CES or FCR": {Source: "typeform", Secret: "s", Mapping: bad},
		"e.client_id: is required":                               {Source: "surveymonkey", Secret: "s", Mapping: good, API: hook.APIConfig{Token: "t"}},
		"e.api.token_file: is required":                          {Source: "surveymonkey", Secret: "s", Mapping: good, ClientID: "c"},
		"e.api.url: is required":                                 {Source: "qualtrics", Secret: "s", Mapping: good, API: hook.APIConfig{Token: "t"}},
		"e.api.url: must begin with https://":                    {Source: "qualtrics", Secret: "s", Mapping: good, API: hook.APIConfig{Token: "t", URL: "http://x.example.org"}},
		"e.api.rate: must be positive":                           {Source: "qualtrics", Secret: "s", Mapping: good, API: hook.APIConfig{Token: "t", URL: "https://x.example.org", Rate: -1}},
		"e.api.remember: must be positive":                       {Source: "qualtrics", Secret: "s", Mapping: good, API: hook.APIConfig{Token: "t", URL: "https://x.example.org", Remember: -1}},
		"e.public_url: is required":                              {Source: "hubspot", Secret: "s", Mapping: good, API: hook.APIConfig{Token: "t"}},
		"e.pubsub: must give the audience and":                   {Source: "googleforms", Mapping: good, PubSub: hook.PubSub{Audience: "a"}, API: hook.APIConfig{Token: "t"}},
		"e.signature.encoding: must be hex or base64":            {Source: "generic", Secret: "s", Mapping: good, Signature: hook.Signature{Header: "X", Algorithm: "sha256"}},
		"e.signature.algorithm: must be sha256, sha512, sha1 or": {Source: "generic", Secret: "s", Mapping: good, Signature: hook.Signature{Header: "X", Encoding: "hex"}},
		"e.signature.header: is required":                        {Source: "generic", Secret: "s", Mapping: good, Signature: hook.Signature{Algorithm: "token"}},
	} {
		_, err := hook.NewEndpoint("e", c)
		var problems hook.Problems
		require.ErrorAs(t, err, &problems, want)
		require.Contains(t, err.Error(), want)
		require.Len(t, problems, 1, "%s", err)
	}
	_, err := hook.NewEndpoint("a.b", hook.Config{Source: "hubspot"})
	require.ErrorContains(t, err, "a.b: an endpoint's name must be 1 to 48 letters")
	var problems hook.Problems
	require.ErrorAs(t, err, &problems)
	require.Len(t, problems, 4, "all at once: %s", err)
	_, err = hook.NewEndpoint(strings.Repeat("x", 49), hook.Config{Source: "typeform", Secret: "s", Mapping: good})
	require.Error(t, err)
}

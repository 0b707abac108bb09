package rpc

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	agentv1 "github.com/rappel-loop/rappel/proto/gen/go/api/agent/v1"
)

// Where the body is one field of the request, it is read as strictly as where it
// is the request itself.
func TestABodyThatIsOneFieldIsReadStrictly(t *testing.T) {
	t.Parallel()
	read := func(text string) (*agentv1.CreateAgentRequest, *body, error) {
		req, b := &agentv1.CreateAgentRequest{}, &body{ReadCloser: io.NopCloser(strings.NewReader(text))}
		return req, b, newStrict().NewDecoder(b).Decode(&req.Agent)
	}
	req, _, err := read(`{"id":"amina","skills":[{"name":"billing","level":5}]}`)
	require.NoError(t, err)
	require.Equal(t, "amina", req.GetAgent().GetId())
	require.EqualValues(t, 5, req.GetAgent().GetSkills()[0].GetLevel())

	_, b, err := read(`{"id":7,"skils":[],"skills":[{"name":"billing","level":"high"}]}`)
	require.Error(t, err)
	for _, field := range []string{"id", "skils", "skills[0].level"} {
		require.ErrorContains(t, b.problem, field+": ")
	}
	_, _, err = read("")
	require.ErrorIs(t, err, io.EOF)

	var words []string
	require.NoError(t, newStrict().NewDecoder(strings.NewReader(`["a"]`)).Decode(&words), "no message: as the library does")
}

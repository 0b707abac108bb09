package cli

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/rappel-loop/rappel/services/internal/keyfile"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

func hashOf(t *testing.T, input string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := Keys()
	cmd.SetArgs([]string{"hash"})
	cmd.SetIn(strings.NewReader(input))
	cmd.SetOut(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestANewKeyIsShownWithItsEntry(t *testing.T) {
	t.Parallel()
	out, _, err := run(t, world(nil), keysCommand, "keys", "new", "--name", "shop", "--survey", "apres-livraison", "--survey", "magasin",
		"--channel", "e-mail: soir", "--until", "2027-01-01")
	require.NoError(t, err)
	key := regexp.MustCompile(`(?m)^rk_[A-Za-z0-9_-]{43}$`).FindAllString(out, -1)
	require.Len(t, key, 1, "it is shown once")
	_, file, found := strings.Cut(out, "\nkeys:\n")
	require.True(t, found)
	entries, err := keyfile.Load("keys.yaml", []byte("keys:\n"+file))
	require.NoError(t, err)
	h, err := keyfile.Sum(key[0])
	require.NoError(t, err)
	require.Equal(t, []keyfile.Entry{{
		Name: "shop", Hash: h, Surveys: []string{"apres-livraison", "magasin"}, Channels: []string{"e-mail: soir"},
		NotAfter: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
	}}, entries)
	hash, err := hashOf(t, key[0]+"\n")
	require.NoError(t, err)
	require.Equal(t, h.String()+"\n", hash)
	out, _, err = run(t, world(nil), keysCommand, "keys")
	require.NoError(t, err)
	require.Contains(t, out, "rappel keys hash < key.txt")
}

func TestAKeyThatIsNotMade(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		`"": a name`:                     {},
		`"a b": a name`:                  {"--name", "a b"},
		`"é": a name`:                    {"--name", "a", "--survey", "é"},
		"must be as 2027":                {"--name", "a", "--until", "tomorrow"},
		"has passed":                     {"--name", "a", "--until", "2026-11-09T14:00:00+01:00"},
		"channels[0]: must not be empty": {"--name", "a", "--channel", " "},
	} {
		out, _, err := run(t, world(nil), keysCommand, append([]string{"keys", "new"}, args...)...)
		require.ErrorContains(t, err, want)
		require.NotContains(t, out, "rk_")
	}
	_, err := hashOf(t, "rk_almost")
	require.EqualError(t, err, "what was read is no key: one is rk_ and 43 letters, digits, - or _")
}

func TestReplaySendsTheKey(t *testing.T) {
	t.Parallel()
	key := keyfile.New()
	takes := sink(t).Config.Handler
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+key {
			rpc.WriteError(w, rpc.Refused(codes.Unauthenticated, "KEY_REQUIRED", "a key is required"))
			return
		}
		takes.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	rows := file(t, "rows.jsonl", threeRows)
	vars := map[string]string{"RAPPEL_SERVER": s.URL}
	replay := func(args ...string) error {
		_, _, err := run(t, world(vars), replayCommand, append([]string{"replay", rows, "--restart"}, args...)...)
		return err
	}
	require.ErrorContains(t, replay(), "a key is required; name the one to send with --key-file or RAPPEL_KEY")
	require.NoError(t, replay("--key-file", file(t, "key", key+"\n")))
	require.ErrorContains(t, replay("--key-file", file(t, "key", keyfile.New())), "does not take the key")
	err := replay("--key-file", file(t, "key", key+" "+key))
	require.ErrorContains(t, err, "is no key")
	require.NotContains(t, err.Error(), key)
	require.ErrorContains(t, replay("--key-file", file(t, "key", "")), "is no key")
	vars["RAPPEL_KEY"] = key
	require.NoError(t, replay())
	require.Error(t, replay("--key-file", file(t, "key", keyfile.New())), "the file counts")
}

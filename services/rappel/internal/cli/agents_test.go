package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	callbackqueue "github.com/rappel-loop/rappel/services/callback-queue"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// roster is a callback queue at work, with the agents of the sample and one that
// its configuration declares.
type roster struct {
	env
	dir string
}

const sampleAgents = "../../../../sample/agents.yaml"

func newRoster(t *testing.T, lang string) roster {
	t.Helper()
	r := roster{dir: t.TempDir()}
	cfg := callbackqueue.DefaultConfig()
	cfg.AgentsFile = r.file(t, "declared.yaml", "agents:\n  - {id: agent-0, team: lyon, role: supervisor}\n")
	server := rpc.New(rpc.Options{})
	s, err := callbackqueue.New(cfg, callbackqueue.Deps{Bus: testkit.Bus(t), RPC: server})
	require.NoError(t, err)
	require.NoError(t, s.Start(t.Context()))
	listeners, err := rpc.Listen("127.0.0.1:0", "127.0.0.1:0")
	require.NoError(t, err)
	stop := server.Serve(listeners, func(err error) { t.Errorf("serve: %v", err) })
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		require.NoError(t, stop(ctx))
		require.NoError(t, s.Stop(ctx))
	})
	r.env = world(map[string]string{"RAPPEL_SERVER": "http://" + listeners.HTTP.Addr().String(), "LANG": lang + "_XX.UTF-8"})
	require.Eventually(t, func() bool {
		_, _, err := run(t, r.env, agentsCommand, "agents", "list", "-o", "json")
		return err == nil
	}, 30*time.Second, 5*time.Millisecond)
	return r
}

// file writes a file and returns its path.
func (r roster) file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(r.dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// says runs a command at a terminal and returns all that a person sees.
func (r roster) says(t *testing.T, e env, args ...string) string {
	t.Helper()
	out, errs, err := run(t, e, agentsCommand, append([]string{"agents"}, args...)...)
	require.Empty(t, errs)
	if err != nil {
		out += "rappel: " + err.Error() + "\n"
	}
	return strings.ReplaceAll(strings.ReplaceAll(out, "\x1b", "␛"), r.dir, "DIR")
}

func TestWhatIsReadOfAgents(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"fr", "en"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			r := newRoster(t, lang)
			bad := r.file(t, "bad.yaml", "agents:\n  - id: agent-8\n    capacity: 0\n    zone: Mars\n  - {id: agent-0}\n  - {id: agent-9}\n")
			changed := r.file(t, "changed.yaml", "agents: [{id: agent-4, team: lille}]")
			broken := r.file(t, "broken.yaml", "agents:\n  - id: agent-8\n    capcity: 2\n")
			wide := r.on(130)
			for _, step := range []struct {
				name string
				env  env
				args []string
			}{
				{"help", r.env, nil},
				{"help-set", r.env, []string{"set", "--help"}},
				{"help-list", r.env, []string{"list", "--help"}},
				{"set", r.env, []string{"set", sampleAgents, "--by", "sam"}},
				{"set-again", wide, []string{"set", sampleAgents, "--by", "sam"}},
				{"set-changed", wide, []string{"set", changed, "--by", "sam"}},
				{"set-bad", wide, []string{"set", bad}},
				{"set-broken", wide, []string{"set", broken}},
				{"set-what", wide, []string{"set"}},
				{"list", wide, []string{"list"}},
				{"list-narrow", r.on(60), []string{"list"}},
				{"list-team", wide, []string{"list", "--team", "nantes"}},
				{"list-more", wide, []string{"list", "--queue", "default", "--limit", "2"}},
				{"list-nobody", wide, []string{"list", "--team", "nobody"}},
				{"list-bad", wide, []string{"list", "--limit", "0"}},
				{"show", wide, []string{"show", "agent-1"}},
				{"show-declared", wide, []string{"show", "agent-0"}},
				{"show-unknown", wide, []string{"show", "agent-7"}},
				{"show-what", wide, []string{"show"}},
				{"remove", wide, []string{"remove", "agent-9", "agent-7", "agent-0"}},
			} {
				golden(t, "agents-"+step.name+"."+lang, r.says(t, step.env, step.args...))
			}
		})
	}
}

func TestAgentsForAnotherProgram(t *testing.T) {
	t.Parallel()
	r := newRoster(t, "en")
	var set struct {
		Results []struct {
			ID, Result, Revision string
			Error                struct{ Message string }
		}
	}
	file := r.file(t, "two.yaml", "agents: [{id: amina}, {id: agent-0}]")
	out, _, err := run(t, r.env, agentsCommand, "agents", "set", file, "-o", "json")
	require.EqualError(t, err, "Agents left unchanged: 1 of 2.")
	require.NoError(t, json.Unmarshal([]byte(out), &set), out)
	require.Equal(t, "CREATED", set.Results[0].Result)
	require.Equal(t, "1", set.Results[0].Revision)
	require.Contains(t, set.Results[1].Error.Message, "declared.yaml:2")

	out, _, err = run(t, r.env, agentsCommand, "agents", "list")
	require.NoError(t, err)
	require.Equal(t, "AGENT\tSTATUS\tIN HAND\tFROM\tTEAM\tROLE\tMAX\tLANGUAGES\tQUEUES\tSKILLS\n"+
		"agent-0\toffline\t\tfile\tlyon\tsupervisor\t1\tany\teverywhere\t\namina\toffline\t\tAPI\t\t\t1\tany\teverywhere\t\n", out)

	out, _, err = run(t, r.env, agentsCommand, "agents", "show", "amina", "-o", "json")
	require.NoError(t, err)
	require.JSONEq(t, `{"agent":{"id":"amina","capacity":1},"revision":"1","presence":{"status":"OFFLINE"}}`, out)
	out, _, err = run(t, r.env, agentsCommand, "agents", "remove", "amina", "-o", "json")
	require.NoError(t, err)
	require.JSONEq(t, `{"results":[{"id":"amina","result":"REMOVED","revision":"2"}]}`, out)

	_, _, err = run(t, world(nil), agentsCommand, "agents", "set", file, "--server", "127.0.0.1:1")
	require.EqualError(t, err, fill(french.Unreachable, "http://127.0.0.1:1", "rappel"))
	_, _, err = run(t, world(nil), agentsCommand, "agents", "set", "nowhere.yaml")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, _, err = run(t, world(nil), agentsCommand, "agents", "dance")
	require.ErrorContains(t, err, "« dance » est de trop.")
}

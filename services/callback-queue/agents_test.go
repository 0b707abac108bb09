package callbackqueue_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/proto/subject"
	callbackqueue "github.com/rappel-loop/rappel/services/callback-queue"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

const aminas = `{"id":"amina","skills":[{"name":"billing","level":5}],"languages":["fr","en"],` +
	`"queues":[{"queue":"retention","preference":1}],"capacity":2,"team":"lille","role":"senior","zone":"Europe/Paris"}`

func TestTheRosterIsKeptOverHTTP(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	want := object{
		"id": "amina", "skills": []any{object{"name": "billing", "level": 5.0}}, "languages": []any{"fr", "en"},
		"queues": []any{object{"queue": "retention", "preference": 1.0}}, "capacity": 2.0, "team": "lille", "role": "senior", "zone": "Europe/Paris",
	}
	for range 2 { // once more, as after a lost answer
		code, got := b.post("/v1/agents?by=sam", aminas)
		require.Equal(t, http.StatusOK, code, "%v", got)
		require.Equal(t, object{"agent": want, "revision": "1"}, got)
	}
	offline := object{"status": "OFFLINE"}
	code, got := b.get("/v1/agents/amina")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, object{"agent": want, "revision": "1", "presence": offline}, got)

	code, got = b.post("/v1/agents", `{"id":"agent-2@example.org","skills":[{"name":"vip"}],"queues":[{"queue":"care"}]}`)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, object{
		"id": "agent-2@example.org", "skills": []any{object{"name": "vip", "level": 1.0}},
		"queues": []any{object{"queue": "care", "preference": 1.0}}, "capacity": 1.0,
	}, got["agent"], "absent is one")

	_, got = b.get("/v1/agents?queue=retention&team=lille")
	require.Equal(t, object{"agents": []any{object{"agent": want, "revision": "1", "presence": offline}}}, got)
	_, got = b.get("/v1/agents?pageSize=1")
	require.Len(t, got["agents"], 1)
	_, got = b.get("/v1/agents?pageSize=1&pageToken=" + got["nextPageToken"].(string))
	require.Equal(t, []any{object{"agent": want, "revision": "1", "presence": offline}}, got["agents"])

	code, got = b.call(http.MethodPut, "/v1/agents/amina?revision=1&by=sam", `{"capacity":4}`)
	require.Equal(t, http.StatusOK, code, "%v", got)
	require.Equal(t, object{"agent": object{"id": "amina", "capacity": 4.0}, "revision": "2"}, got)
	code, got = b.call(http.MethodPut, "/v1/agents/amina?revision=1", `{"capacity":5}`)
	require.Equal(t, http.StatusConflict, code)
	require.Equal(t, "STALE_REVISION", reason(got))
	code, got = b.post("/v1/agents", aminas)
	require.Equal(t, http.StatusConflict, code)
	require.Equal(t, "AGENT_EXISTS", reason(got))
	for range 2 {
		code, got = b.call(http.MethodDelete, "/v1/agents/agent-2@example.org?by=sam", "")
		require.Equal(t, http.StatusOK, code, "%v", got)
		require.Equal(t, "2", got["revision"])
	}
	code, got = b.get("/v1/agents/agent-2@example.org")
	require.Equal(t, http.StatusNotFound, code)
	require.Equal(t, "NO_SUCH_AGENT", reason(got))
	require.Len(t, b.stored(subject.Agents), 4)
	require.NotContains(t, b.told(), `"amina"`, "no label names an agent")
}

func TestAWrongAgentIsRefusedWhole(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	for body, want := range map[string]string{
		`{"id":"amina","skils":[],"capacity":"many","skills":[{"name":"billing","lvl":3}]}`: "the request has wrong fields: skils: unknown field; did you mean skills?; capacity: must be a number; skills[0].lvl: unknown field",
		`{"id":"a b","capacity":0,"zone":"Mars"}`:                                           "the request has wrong fields: id: must be 1 to 64 letters, digits, or . _ - @; capacity: must be 1 to 50; zone: is no time zone, as Europe/Paris",
		"": "the request has wrong fields: id: must be 1 to 64 letters, digits, or . _ - @",
	} {
		code, got := b.post("/v1/agents", body)
		require.Equal(t, http.StatusBadRequest, code)
		require.Contains(t, got["message"], want)
	}
	code, got := b.call(http.MethodPut, "/v1/agents/amina", `{"id":"bob"}`)
	require.Equal(t, http.StatusBadRequest, code)
	require.Equal(t, "the request has wrong fields: id: must be that of the path, or absent", got["message"])
	require.Empty(t, b.stored(subject.Agents))
}

func TestTheRosterOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	code, _ := b.post("/v1/agents", aminas)
	require.Equal(t, http.StatusOK, code)
	replica := on(t, b.bus).ready()
	code, got := replica.get("/v1/agents/amina")
	require.Equal(t, http.StatusOK, code, "%v", got)
	b.stop()
	_, again := on(t, b.bus).ready().get("/v1/agents/amina")
	require.Equal(t, got, again)
}

func TestDeclaredAgents(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "agents.yaml")
	require.NoError(t, os.WriteFile(file, []byte("agents:\n  - id: agent-1\n    team: lille\n"), 0o600))
	cfg := callbackqueue.DefaultConfig()
	cfg.AgentsFile = file
	b := configured(t, testkit.Bus(t), cfg).ready()
	code, got := b.get("/v1/agents/agent-1")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, object{"agent": object{"id": "agent-1", "capacity": 1.0, "team": "lille"}, "declared": true, "presence": object{"status": "OFFLINE"}}, got)
	code, got = b.call(http.MethodPut, "/v1/agents/agent-1", "{}")
	require.Equal(t, http.StatusBadRequest, code)
	require.Equal(t, "DECLARED_IN_CONFIGURATION", reason(got))
	require.Contains(t, got["message"], file+":2")

	require.NoError(t, os.WriteFile(file, []byte("agents:\n  - {id: a b}\n  - {id: a, queues: [care]}\n"), 0o600))
	_, err := callbackqueue.New(cfg, callbackqueue.Deps{Bus: b.bus, RPC: rpc.New(rpc.Options{})})
	require.ErrorContains(t, err, "callback queue: the agents are refused:\n"+file+":2: id: must be 1 to 64")
	require.Len(t, strings.Split(err.Error(), "\n"), 3, "every fault is named")
	require.ErrorContains(t, err, file+":3: queues[0]: must be an object")
	require.NoError(t, os.Remove(file))
	_, err = callbackqueue.New(cfg, callbackqueue.Deps{Bus: b.bus, RPC: rpc.New(rpc.Options{})})
	require.ErrorContains(t, err, "agents_file: open ")
}

package callbackqueue_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
)

// beat reports an agent's presence over HTTP.
func (b *bundle) beat(agent, status string) (int, object) {
	b.Helper()
	return b.post("/v1/agents/"+agent+":reportPresence", `{"status":"`+status+`"}`)
}

// An agent who claims by HTTP and says that they are there is not forgotten, and what
// they had goes back when they are.
func TestAgentsWithoutAStream(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	code, got := b.beat("amina", "AVAILABLE")
	require.Equal(t, http.StatusOK, code, "%v", got)
	require.Equal(t, object{
		"presence": object{"status": "AVAILABLE", "capacity": 1.0, "idleSince": "2026-11-20T09:30:00Z"}, "until": "2026-11-20T09:30:30Z",
	}, got)
	b.open(1)
	b.open(2)
	b.settled()
	_, queues := b.get("/v1/queues")
	require.Equal(t, "1", queues["queues"].([]any)[0].(object)["agents"])
	require.Nil(t, queues["queues"].([]any)[0].(object)["unattended"])
	code, got = b.post("/v1/callbacks:claim", `{"agentId":"amina"}`)
	require.Equal(t, http.StatusOK, code)
	mine := got["callback"].(object)["id"].(string)
	_, got = b.beat("amina", "AVAILABLE")
	require.Equal(t, "BUSY", got["presence"].(object)["status"])

	// She is heard of again and again, and then no more.
	for range 3 {
		b.clock.Advance(20 * time.Second)
		code, _ = b.beat("amina", "AVAILABLE")
		require.Equal(t, http.StatusOK, code)
	}
	_, got = b.get("/v1/callbacks/" + mine)
	require.Equal(t, "ASSIGNED", got["callback"].(object)["state"])
	b.clock.Advance(31 * time.Second)
	b.until("it waits again", func() bool {
		_, got := b.get("/v1/callbacks/" + mine)
		return got["callback"].(object)["state"] == "PENDING"
	})

	// Who leaves gives back at once.
	code, _ = b.post("/v1/callbacks:claim", `{"agentId":"bruno"}`)
	require.Equal(t, http.StatusOK, code)
	code, got = b.beat("bruno", "OFFLINE")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, object{"presence": object{"status": "OFFLINE"}}, got)
	b.until("both wait again", func() bool {
		_, queues := b.get("/v1/queues")
		return queues["queues"].([]any)[0].(object)["ready"] == "2"
	})
}

func TestAStreamSaysWhereItsAgentIs(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	code, _ := b.beat("amina", "AWAY")
	require.Equal(t, http.StatusOK, code)
	amina := b.agent("amina") // who comes in by a stream has the seat
	code, got := b.beat("amina", "AWAY")
	require.Equal(t, http.StatusBadRequest, code)
	require.Equal(t, "ON_A_STREAM", reason(got))
	b.open(1)
	amina.offered(id(1))
	amina.is(callbackv1.AgentStatus_OFFLINE)
	b.until("the stream is over", func() bool { code, _ := b.beat("amina", "AVAILABLE"); return code == http.StatusOK })

	code, got = b.beat("a%20b", "BUSY")
	require.Equal(t, http.StatusBadRequest, code)
	require.Equal(t, "INVALID_FIELDS", reason(got))
	require.Contains(t, got["message"], "id: must be")
	require.Contains(t, got["message"], "status: must be")
}

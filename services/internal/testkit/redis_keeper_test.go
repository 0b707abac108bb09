package testkit_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// dieWithRedis tells the test binary to play the part of one that is killed.
const dieWithRedis = "TESTKIT_DIE_WITH_REDIS"

func TestRedisEndsWithAKilledTestBinary(t *testing.T) {
	if os.Getenv(dieWithRedis) != "" {
		startRedisAndDie(t)
	}
	t.Parallel()
	testkit.RedisCluster(t, 1) // skips where there is no redis-server
	victim := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRedisEndsWithAKilledTestBinary$")
	victim.Env = append(os.Environ(), dieWithRedis+"=1")
	output, err := victim.Output()
	require.ErrorContains(t, err, "killed")

	said := regexp.MustCompile(`server (\d+) at (\S+)`).FindSubmatch(output)
	require.NotNil(t, said, "%s", output)
	pid, err := strconv.Atoi(string(said[1]))
	require.NoError(t, err)
	gone := func() bool {
		_, statErr := os.Stat(string(said[2]))
		return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) && errors.Is(statErr, os.ErrNotExist)
	}
	require.Eventually(t, gone, 10*time.Second, 10*time.Millisecond, "the server and its directory go")
}

func startRedisAndDie(t *testing.T) {
	server := testkit.RedisServer(t)
	info, err := server.Client(t).InfoMap(t.Context(), "server").Result()
	require.NoError(t, err)
	fmt.Printf("server %s at %s\n", info["Server"]["process_id"], server.Addr)
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGKILL))
}

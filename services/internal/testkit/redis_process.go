package testkit

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// redisStart bounds how long a redis-server may take to answer.
const redisStart = 10 * time.Second

// maxSocketPath is what every system lets a unix socket's path have.
const maxSocketPath = 100

// redisKeeper starts redis-server and outlives the test binary by a moment:
// however that ends (a panic and kill -9 included), its end of standard input
// closes, and the keeper kills the server and removes its directory.
const redisKeeper = `
trap '' INT TERM HUP
dir=$1; shift
redis-server "$@" >"$dir/log" 2>&1 </dev/null &
server=$!
echo $server
cat >/dev/null
kill -9 $server 2>/dev/null
wait $server 2>/dev/null
rm -rf "$dir"
`

// RedisProcess is one redis-server without persistence, in a directory of its
// own; or an imitation in this process.
type RedisProcess struct {
	// Addr is its address as configurations take it: the path of its unix socket,
	// or HOST:PORT.
	Addr string

	imitation *miniredis.Miniredis // nil for a real one

	dir       string
	arguments []string

	keeper *exec.Cmd
	alive  *os.File // closing it ends the server
	server *os.Process
}

// startRedis starts a server that listens on a unix socket, with more
// directives of redis.conf as arguments where given, and waits until it answers.
func startRedis(directives ...string) (*RedisProcess, error) {
	dir, err := redisDir()
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "redis.sock")
	p := &RedisProcess{Addr: socket, dir: dir, arguments: append([]string{
		"--port", "0", "--unixsocket", socket, "--dir", dir,
		"--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction",
	}, directives...)}
	return p, p.run()
}

// imitateRedis starts an imitation on a loopback port.
func imitateRedis() (*RedisProcess, error) {
	m := miniredis.NewMiniRedis()
	if err := m.Start(); err != nil {
		return nil, err
	}
	return &RedisProcess{Addr: m.Addr(), imitation: m}, nil
}

// run starts the server and waits for it; on an error nothing is left.
func (p *RedisProcess) run() error {
	if err := p.launch(); err != nil {
		return errors.Join(err, os.RemoveAll(p.dir))
	}
	if err := p.awaitAnswer(); err != nil {
		log, _ := os.ReadFile(filepath.Join(p.dir, "log"))
		p.stop()
		return fmt.Errorf("%w; redis-server said: %s", err, log)
	}
	return nil
}

func redisDir() (string, error) {
	dir, err := os.MkdirTemp("", "rappel-redis-")
	if err != nil || len(dir) < maxSocketPath-len("/redis.sock") {
		return dir, err
	}
	return os.MkdirTemp("/tmp", "rappel-redis-")
}

func (p *RedisProcess) launch() error {
	input, alive, err := os.Pipe()
	if err != nil {
		return err
	}
	defer input.Close()
	output, pid, err := os.Pipe()
	if err != nil {
		return errors.Join(err, alive.Close())
	}
	defer output.Close()
	p.alive = alive
	p.keeper = exec.Command("sh", append([]string{"-c", redisKeeper, "redis-keeper", p.dir}, p.arguments...)...)
	p.keeper.Stdin, p.keeper.Stdout = input, pid
	// A group of its own: a Ctrl-C at the test run is not the server's affair.
	p.keeper.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = p.keeper.Start()
	pid.Close()
	if err != nil {
		return errors.Join(err, alive.Close())
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		return errors.Join(err, alive.Close(), p.keeper.Wait())
	}
	number, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return errors.Join(err, alive.Close(), p.keeper.Wait())
	}
	p.server, err = os.FindProcess(number)
	return err
}

func (p *RedisProcess) awaitAnswer() error {
	ctx, cancel := context.WithTimeout(context.Background(), redisStart)
	defer cancel()
	client := redis.NewClient(p.options())
	defer client.Close()
	retry := time.NewTicker(5 * time.Millisecond)
	defer retry.Stop()
	for {
		err := client.Ping(ctx).Err()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("redis-server doesn't answer: %w", err)
		case <-retry.C:
		}
	}
}

func (p *RedisProcess) options() *redis.Options {
	o := &redis.Options{Network: "unix", Addr: p.Addr, ContextTimeoutEnabled: true, DialerRetries: 1}
	if p.imitation != nil {
		o.Network = "tcp"
	}
	return o
}

// Client returns a new client of the server, closed when the test ends.
func (p *RedisProcess) Client(t testing.TB) *redis.Client {
	t.Helper()
	client := redis.NewClient(p.options())
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// Pause stops the server's execution: connections stay open and get no answer
// until Resume. A test without a real server is skipped.
func (p *RedisProcess) Pause(t testing.TB) {
	t.Helper()
	NeedRealRedis(t)
	require.NoError(t, p.server.Signal(syscall.SIGSTOP))
}

// Resume lets a paused server go on.
func (p *RedisProcess) Resume(t testing.TB) {
	t.Helper()
	require.NoError(t, p.server.Signal(syscall.SIGCONT))
}

// Kill ends the server as kill -9 does, and returns when it is gone.
func (p *RedisProcess) Kill(t testing.TB) {
	t.Helper()
	p.stop()
}

// Restart starts a killed server again at the same address, empty.
func (p *RedisProcess) Restart(t testing.TB) {
	t.Helper()
	p.stop()
	if p.imitation != nil {
		p.imitation.FlushAll()
		require.NoError(t, p.imitation.Restart())
		return
	}
	require.NoError(t, os.Mkdir(p.dir, 0o700))
	require.NoError(t, p.run())
}

// stop may be called again.
func (p *RedisProcess) stop() {
	if p.imitation != nil {
		p.imitation.Close()
		return
	}
	if p.alive.Close() == nil {
		_ = p.keeper.Wait()
	}
}

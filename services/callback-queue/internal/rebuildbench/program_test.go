package rebuildbench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// buildAllInOne builds the program as it is shipped.
func buildAllInOne(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "rappel")
	build := exec.CommandContext(b.Context(), "go", "build", "-o", path, "../../../rappel/cmd/rappel")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := build.CombinedOutput()
	require.NoError(b, err, "%s", output)
	return path
}

// program is the all-in-one, running.
type program struct {
	path, dir string
	env       []string

	cmd     *exec.Cmd
	since   time.Time // when it was launched
	done    chan struct{}
	conn    *grpc.ClientConn
	address addresses // set once listening is closed

	listening chan struct{}
	mu        sync.Mutex
	lines     []string
}

// addresses are where it is reached, as its log says.
type addresses struct{ HTTP, GRPC, NATS string }

// start launches the program on a data directory.
func (r rebuild) start(dir string, redis *testkit.RedisProcess) *program {
	p := &program{path: r.program, dir: dir, env: os.Environ()}
	if redis != nil {
		p.env = append(p.env, "RAPPEL_REDIS__ADDRS="+redis.Addr)
	}
	p.launch(r.B)
	r.Cleanup(func() {
		p.kill()
		if r.Failed() {
			r.Log(strings.Join(p.lines, "\n"))
		}
	})
	return p
}

func (p *program) launch(b *testing.B) {
	b.Helper()
	p.cmd = exec.Command(p.path, "run", "--data-dir", p.dir, "--http-addr", "127.0.0.1:0", "--grpc-addr", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0")
	p.cmd.Env = p.env
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := p.cmd.StderrPipe()
	require.NoError(b, err)
	p.done, p.listening = make(chan struct{}), make(chan struct{})
	p.since = time.Now()
	require.NoError(b, p.cmd.Start())
	go p.read(log, p.cmd, p.done, p.listening)
}

// read keeps the log and learns the addresses from it.
func (p *program) read(log io.Reader, cmd *exec.Cmd, done, listening chan struct{}) {
	defer close(done)
	in := bufio.NewScanner(log)
	in.Buffer(nil, 1<<20)
	var at addresses
	for in.Scan() {
		var l struct{ Msg, HTTP, GRPC, NATS string }
		p.mu.Lock()
		p.lines = append(p.lines, in.Text())
		p.mu.Unlock()
		if json.Unmarshal(in.Bytes(), &l) != nil {
			continue
		}
		switch l.Msg {
		case "event store open":
			at.NATS = l.NATS
		case "listening":
			at.HTTP, at.GRPC = "http://"+l.HTTP, l.GRPC
			p.address = at
			close(listening)
		}
	}
	_ = cmd.Wait() // a killed program has an error; that it ended is enough
}

// dial waits until the program listens, and connects.
func (p *program) dial(b *testing.B) {
	b.Helper()
	select {
	case <-p.listening:
	case <-p.done:
		b.Fatal("the program ended")
	case <-time.After(2 * time.Minute):
		b.Fatal("the program does not listen")
	}
	if p.conn != nil {
		return
	}
	var err error
	p.conn, err = grpc.NewClient(p.address.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(b, err)
}

// kill is kill -9.
func (p *program) kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.done
	if p.conn != nil {
		p.conn.Close()
		p.conn = nil
	}
}

// resident is the most memory the program had, and what it has now, in MB.
func (p *program) resident(b *testing.B) (most, now float64) {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	require.NoError(b, err)
	for line := range strings.Lines(string(status)) {
		var kB float64
		name, value, _ := strings.Cut(line, ":")
		if name != "VmHWM" && name != "VmRSS" {
			continue
		}
		_, err := fmt.Sscan(value, &kB)
		require.NoError(b, err)
		if name == "VmHWM" {
			most = kB * 1024 / 1e6
		} else {
			now = kB * 1024 / 1e6
		}
	}
	return most, now
}

// clockTick is the unit of times in /proc on every Linux.
const clockTick = 10 * time.Millisecond

// processorTime is how long processors have worked for the program.
func (p *program) processorTime(b *testing.B) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	require.NoError(b, err)
	f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var user, system int64
	_, err = fmt.Sscan(f[11]+" "+f[12], &user, &system)
	require.NoError(b, err)
	return time.Duration(user+system) * clockTick
}

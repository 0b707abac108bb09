package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// startWait bounds the start of one program on a busy machine.
const startWait = 60 * time.Second

// process is one running program.
type process struct {
	t    *testing.T
	name string
	args []string
	env  []string
	cmd  *exec.Cmd
	done chan struct{}

	mu    sync.Mutex
	http  string
	grpc  string
	lines []string
}

// start runs a program on free ports and waits until it is ready.
func start(t *testing.T, name string, env []string, args ...string) *process {
	t.Helper()
	p := launch(t, name, env, args...)
	p.waitReady()
	return p
}

// launch runs a program without waiting for it.
func launch(t *testing.T, name string, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: name, args: args, env: env}
	p.run()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			for _, l := range p.log() {
				t.Log(name, l)
			}
		}
	})
	return p
}

func (p *process) run() {
	p.t.Helper()
	p.done = make(chan struct{})
	p.mu.Lock()
	p.http, p.grpc = "", ""
	p.mu.Unlock()
	args := append([]string{}, p.args...)
	args = append(args, "--http-addr", "127.0.0.1:0", "--grpc-addr", "127.0.0.1:0")
	p.cmd = exec.Command(filepath.Join(binDir, p.name), args...)
	p.cmd.Env = append(os.Environ(), p.env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := p.cmd.StderrPipe()
	require.NoError(p.t, err)
	require.NoError(p.t, p.cmd.Start())
	go p.read(stderr, p.cmd, p.done)
}

// read keeps the log and learns the addresses from it.
func (p *process) read(r io.Reader, cmd *exec.Cmd, done chan struct{}) {
	defer close(done)
	in := bufio.NewScanner(r)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var l struct{ Msg, HTTP, GRPC string }
		p.mu.Lock()
		p.lines = append(p.lines, in.Text())
		if json.Unmarshal(in.Bytes(), &l) == nil && l.Msg == "listening" {
			p.http, p.grpc = "http://"+l.HTTP, l.GRPC
		}
		p.mu.Unlock()
	}
	_ = cmd.Wait() // a killed program has an error; that it ended is enough
}

func (p *process) log() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.lines...)
}

// url is where the program answers HTTP; empty while it does not listen.
func (p *process) url() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.http
}

func (p *process) waitReady() {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		return p.ended() || (p.url() != "" && get(p.url()+"/readyz", nil) == 200)
	}, startWait, 20*time.Millisecond, "%s is not ready", p.name)
	require.False(p.t, p.ended(), "%s ended", p.name)
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// waitEnd waits until the program has ended.
func (p *process) waitEnd() {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(startWait):
		require.Fail(p.t, p.name+" does not end")
	}
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.done
}

// restart runs the program again, with other environment, after it ended.
func (p *process) restart(env ...string) {
	p.t.Helper()
	p.kill()
	p.env = env
	p.run()
	p.waitReady()
}

package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	startWait = 30 * time.Second      // how long a server may take to answer
	stopWait  = 15 * time.Second      // how long it may take to end before it is killed
	askAgain  = 20 * time.Millisecond // how often it is asked whether it answers
)

// ErrNotInstalled indicates that a server's program is not on this machine: its
// rows are left out, and the rest of the comparison is none the worse.
var ErrNotInstalled = errors.New("not installed")

// program is what to run.
type program struct {
	path string
	args []string
	env  []string
	dir  string
	// as is who runs it; nil is who runs this program.
	as *syscall.Credential
	// stop is the signal that asks it to end.
	stop syscall.Signal
	// line is told each line that it writes.
	line func(string)
}

// process is a program that runs.
type process struct {
	program
	cmd   *exec.Cmd
	said  *lines
	ended chan struct{}
}

func find(name, install string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%w: no %s in PATH; %s", ErrNotInstalled, name, install)
	}
	return path, nil
}

// command prepares a program so that it ends with this one, in a process group of
// its own: a Ctrl-C is for us to handle, and ends the servers in order.
func (p program) command() *exec.Cmd {
	cmd := exec.Command(p.path, p.args...) //nolint:noctx // a server outlives the context it is started in; stop ends it
	cmd.Dir, cmd.Env = p.dir, p.env
	cmd.SysProcAttr = attributes(p.as)
	cmd.WaitDelay = stopWait
	return cmd
}

// start runs a program and waits until ready has no error.
func start(ctx context.Context, p program, ready func(context.Context) error) (*process, error) {
	s := &process{program: p, cmd: p.command(), said: &lines{tell: p.line}, ended: make(chan struct{})}
	s.cmd.Stdout, s.cmd.Stderr = s.said, s.said
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.path, err)
	}
	go func() {
		defer close(s.ended)
		_ = s.cmd.Wait() // that it ended is enough; what it said tells why
	}()
	if err := s.await(ctx, ready); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w; it said:\n%s", p.path, err, s.said), s.end())
	}
	return s, nil
}

func (s *process) await(ctx context.Context, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	retry := time.NewTicker(askAgain)
	defer retry.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.ended:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", err)
		case <-retry.C:
		}
	}
}

// end asks the process to end, and kills it when it does not.
func (s *process) end() error {
	_ = s.cmd.Process.Signal(s.program.stop) // it may have ended
	late := time.NewTimer(stopWait)
	defer late.Stop()
	select {
	case <-s.ended:
		return nil
	case <-late.C:
	}
	_ = s.cmd.Process.Kill()
	<-s.ended
	return fmt.Errorf("%s did not end within %s and was killed", s.path, stopWait)
}

// run runs a program to its end.
func run(ctx context.Context, p program) error {
	said := &lines{}
	cmd := p.command()
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.path, err)
	}
	abandon := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer abandon()
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w; it said:\n%s", p.path, err, said)
	}
	return nil
}

// version is what a program says it is, shortened to name and number.
func version(ctx context.Context, path string) (string, error) {
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", path, err)
	}
	words := strings.Fields(string(out)) // as in: postgres (PostgreSQL) 15.18 (Debian …), Redis server v=7.0.15 sha=…
	return strings.Join(words[:min(3, len(words))], " "), nil
}

// freePort finds a port for servers that cannot be told to choose one. Somebody
// else may take it first: then the server ends at once and says so.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// directory makes a directory that is removed with the server. Its place decides
// which disk is measured: TMPDIR says where.
func directory(name string) (string, error) {
	dir, err := os.MkdirTemp("", "rappel-peers-"+name+"-")
	if err != nil {
		return "", fmt.Errorf("make a directory for %s (TMPDIR says where): %w", name, err)
	}
	return dir, nil
}

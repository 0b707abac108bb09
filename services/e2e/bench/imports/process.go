package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is the all-in-one at work.
type process struct {
	cmd  *exec.Cmd
	url  string
	done chan struct{}

	mu   sync.Mutex
	rss  int64 // the last sample, in bytes
	most int64
}

// launch runs the program on a data directory and waits until it is ready.
func launch(ctx context.Context, program, dir string) (*process, error) {
	p := &process{done: make(chan struct{})}
	p.cmd = exec.CommandContext(ctx, program, "run", "--data-dir", filepath.Join(dir, "data"), "--http-addr", "127.0.0.1:0", "--grpc-addr", "127.0.0.1:0")
	p.cmd.Env = append(os.Environ(), "RAPPEL_COLLECTOR__IMPORTS__ROWS_PER_SECOND=0")
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	listening := make(chan string, 1)
	go func() {
		defer close(p.done)
		lines := bufio.NewScanner(stderr)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var line struct{ Msg, HTTP string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
				listening <- "http://" + line.HTTP
			}
		}
		_ = p.cmd.Wait() // it is killed
	}()
	select {
	case p.url = <-listening:
	case <-p.done:
		return nil, errors.New("the program ended while it started")
	case <-ctx.Done():
		p.kill()
		return nil, ctx.Err()
	}
	for {
		err := p.call(ctx, http.MethodGet, "/readyz", nil, nil)
		if err == nil {
			break
		}
		if err := p.pause(ctx, 50*time.Millisecond); err != nil {
			p.kill()
			return nil, err
		}
	}
	return p, nil
}

// pause waits while the program lives.
func (p *process) pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-p.done:
		return errors.New("the program has ended")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.done
}

// watch samples the program's memory until it ends.
func (p *process) watch() {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.sample()
		case <-p.done:
			return
		}
	}
}

func (p *process) sample() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		if _, tail, ok := strings.Cut(string(text), "VmRSS:"); ok {
			if kb, err := strconv.ParseInt(strings.Fields(tail)[0], 10, 64); err == nil {
				p.rss = kb << 10
			}
		}
	}
	p.most = max(p.most, p.rss)
	return p.rss
}

func (p *process) peak() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.most
}

package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// Rappel is the whole loop in one process, as `rappel run` is shipped: event store
// on disk, index in memory, an answer once the change is synced.
type Rappel struct {
	*process

	mu   sync.Mutex
	http string
	grpc string
}

// StartRappel runs the program at path.
func StartRappel(ctx context.Context, path string) (*Rappel, error) {
	found, err := find(path, "build it: make build, and say -rappel bin/rappel")
	if err != nil {
		return nil, err
	}
	if found, err = filepath.Abs(found); err != nil {
		return nil, err
	}
	dir, err := directory("rappel")
	if err != nil {
		return nil, err
	}
	r := &Rappel{}
	r.process, err = start(ctx, program{
		path: found, dir: dir, env: withoutSettings(os.Environ()), stop: syscall.SIGTERM, line: r.learn,
		args: []string{"run", "--data-dir", filepath.Join(dir, "data"), "--http-addr", "127.0.0.1:0", "--grpc-addr", "127.0.0.1:0"},
	}, r.ready)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return r, nil
}

// withoutSettings leaves out what would configure Rappel: its defaults are compared.
func withoutSettings(env []string) []string {
	var out []string
	for _, e := range env {
		if !strings.HasPrefix(e, "RAPPEL_") {
			out = append(out, e)
		}
	}
	return out
}

// learn takes the addresses from the log: the ports are the process's choice.
func (r *Rappel) learn(line string) {
	var l struct{ Msg, HTTP, GRPC string }
	if json.Unmarshal([]byte(line), &l) != nil || l.Msg != "listening" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.http, r.grpc = l.HTTP, l.GRPC
}

// Addr is where it answers gRPC.
func (r *Rappel) Addr() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.grpc
}

func (r *Rappel) ready(ctx context.Context) error {
	r.mu.Lock()
	addr := r.http
	r.mu.Unlock()
	if addr == "" {
		return errors.New("it does not listen yet")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("readyz answers %s", resp.Status)
	}
	return nil
}

// Stop ends the process and removes its directory.
func (r *Rappel) Stop() error { return errors.Join(r.end(), os.RemoveAll(r.dir)) }

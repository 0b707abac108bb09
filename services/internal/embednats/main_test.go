package embednats_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// A test that needs a process to kill runs this binary again with these set.
const (
	childDir   = "EMBEDNATS_TEST_DIR"   // the data directory
	childFirst = "EMBEDNATS_TEST_FIRST" // number of the first event
	childCount = "EMBEDNATS_TEST_COUNT" // how many to publish; 0 is for ever
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

// child publishes and prints the number of each event once it is acknowledged,
// until it is killed. A fixed count is published one by one and marked.
func child(dir string) {
	first, _ := strconv.Atoi(os.Getenv(childFirst))
	count, _ := strconv.Atoi(os.Getenv(childCount))
	ctx := context.Background()
	o, err := openStore(ctx, dir)
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	if count > 0 {
		for i := first; i < first+count; i++ {
			o.mustPublish(ctx, i)
		}
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		if err := o.server.KeepMark(ctx, o.bus.JetStream()); err != nil {
			fmt.Println("failed:", err)
		}
		// Nobody holds the server from here on. It runs, so nobody else may.
		runtime.GC()
		runtime.GC()
		fmt.Println("marked")
		select {} // until killed
	}
	go func() { _ = o.server.KeepMark(ctx, o.bus.JetStream()) }()
	numbers := make(chan int)
	for range 64 {
		go func() {
			for i := range numbers {
				o.mustPublish(ctx, i)
				_, _ = os.Stdout.WriteString(strconv.Itoa(i) + "\n") // one write a line
			}
		}()
	}
	for i := first; ; i++ {
		numbers <- i
	}
}

// store is an open event store.
type store struct {
	server *embednats.Server
	bus    *bus.Bus
	close  func() error
}

// openStore does what the module does: check first, then provision, durably.
func openStore(ctx context.Context, dir string) (*store, error) {
	return openStoreWith(ctx, embednats.Config{Dir: dir}, topology.Options{})
}

func openStoreWith(ctx context.Context, cfg embednats.Config, o topology.Options) (*store, error) {
	s, err := embednats.Start(cfg, zap.NewNop())
	if err != nil {
		return nil, err
	}
	nc, err := s.Connect()
	if err != nil {
		return nil, err
	}
	st := &store{server: s, close: func() error { nc.Close(); return s.Shutdown(context.Background()) }}
	if st.bus, err = bus.New(nc, bus.Options{Barrier: s.Barrier()}); err == nil {
		if err = s.CheckMark(ctx, st.bus.JetStream()); err == nil {
			if err = topology.Ensure(ctx, st.bus.JetStream(), o); err == nil {
				err = st.bus.Durable(ctx)
			}
		}
	}
	if err != nil {
		_ = st.close()
		return nil, err
	}
	return st, nil
}

func numbered(i int) bus.Event {
	return bus.Event{
		Subject: subject.Response("s", fmt.Sprintf("%03x", i%100)), ID: fmt.Sprintf("e%d", i),
		Body: &eventsv1.ResponseReceived{EventId: fmt.Sprintf("e%d", i), CustomerKey: "abcdefghijklmnopqrstuvwxyz"},
	}
}

func (s *store) mustPublish(ctx context.Context, i int) {
	if _, err := s.bus.Publish(ctx, numbered(i)); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

// mark keeps the mark once.
func (s *store) mark(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, s.server.KeepMark(ctx, s.bus.JetStream()))
}

func open(t *testing.T, dir string) *store {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := openStore(ctx, dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.close() })
	return s
}

// fill publishes n events into a new store, marks it and stops it cleanly.
func fill(t *testing.T, dir string, n int) {
	t.Helper()
	s := open(t, dir)
	for i := range n {
		_, err := s.bus.Append(t.Context(), numbered(i))
		require.NoError(t, err)
	}
	s.mark(t)
	require.NoError(t, s.close())
}

// process is a child at work.
type process struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

func spawn(t *testing.T, dir string, first, count int) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childFirst+"="+strconv.Itoa(first), childCount+"="+strconv.Itoa(count))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	p := &process{cmd: cmd, lines: bufio.NewScanner(out)}
	t.Cleanup(p.kill)
	return p
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// killFilled fills a store in a process of its own, marks it and kills it.
func killFilled(t *testing.T, dir string, n int) {
	t.Helper()
	p := spawn(t, dir, 0, n)
	require.True(t, p.lines.Scan())
	require.Equal(t, "marked", p.lines.Text())
	p.kill()
}

// blocks are the files that hold the events of RESPONSES.
func blocks(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(streamDir(dir), "msgs", "*.blk"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func streamDir(dir string) string {
	return filepath.Join(dir, "jetstream", "jetstream", "$G", "streams", subject.Responses)
}

package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rappel-loop/rappel/services/rappel/internal/replay"
)

// How often progress is shown.
const (
	redrawEvery = 150 * time.Millisecond
	lineEvery   = 5 * time.Second
)

// progress shows how far a replay is: one line drawn again and again on a
// terminal, a plain line every few seconds elsewhere.
type progress struct {
	w        io.Writer
	terminal bool
	width    int
	file     string
	now      func() time.Time

	mu    sync.Mutex
	shown time.Time
	drawn bool
	last  replay.Progress
	wait  string
}

func newProgress(w io.Writer, e env, file string) *progress {
	width, is := e.terminal(w)
	return &progress{w: w, terminal: is, width: width, file: clean(filepath.Base(file)), now: e.now, shown: e.now()}
}

func (p *progress) update(r replay.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last, p.wait = r, ""
	p.show(false)
}

func (p *progress) waiting(err error, _ time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	first := p.wait == ""
	p.wait = oneLine(err.Error())
	if first && !p.terminal {
		p.print("waiting: " + p.wait)
		p.shown = p.now()
		return
	}
	p.show(first)
}

// end leaves the line as it was last, or draws the full one.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal && p.last.Rows > 0 {
		p.draw()
	}
	if p.drawn {
		p.print("")
	}
}

func (p *progress) show(now bool) {
	every := lineEvery
	if p.terminal {
		every = redrawEvery
	}
	if !now && p.now().Sub(p.shown) < every {
		return
	}
	p.shown = p.now()
	if p.terminal {
		p.draw()
		return
	}
	p.print(p.line(0))
}

func (p *progress) draw() {
	p.drawn = true
	_, _ = io.WriteString(p.w, "\r\x1b[K"+cut(p.line(20), p.width-1)) // a lost line of progress is no loss
}

func (p *progress) print(s string) { _, _ = io.WriteString(p.w, s+"\n") }

func (p *progress) line(bar int) string {
	r := p.last
	done := 1.0
	if r.Size > 0 {
		done = min(1, float64(r.Bytes)/float64(r.Size))
	}
	var parts []string
	if bar > 0 {
		full := int(done * float64(bar))
		parts = append(parts, "["+strings.Repeat("█", full)+strings.Repeat("░", bar-full)+"]")
	}
	parts = append(parts, fmt.Sprintf("%3.0f %%", 100*done))
	if s := r.Elapsed.Seconds(); s > 0 && r.ThisRun > 0 {
		parts = append(parts, grouped(int64(float64(r.ThisRun)/s))+" rows/s")
	}
	if p.wait != "" {
		parts = append(parts, "waiting: "+p.wait)
	} else if left, ok := timeLeft(r); ok {
		parts = append(parts, left+" left")
	}
	counts := fmt.Sprintf("sent %s · duplicates %s · refused %s", grouped(r.Sent), grouped(r.Duplicates), grouped(r.Refused))
	return p.file + "  " + strings.Join(append(parts, counts), "  ")
}

// timeLeft goes by the bytes of this run.
func timeLeft(r replay.Progress) (string, bool) {
	left := r.Size - r.Bytes
	if r.BytesThisRun <= 0 || r.Elapsed < time.Second || left <= 0 {
		return "", false
	}
	d := time.Duration(float64(left) / float64(r.BytesThisRun) * float64(r.Elapsed)).Round(time.Second)
	if d >= time.Hour {
		return fmt.Sprintf("%d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60), true
	}
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60), true
}

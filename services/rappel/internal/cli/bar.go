package cli

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// bar shows how far something is that reads a known number: one line drawn again and again
// on a terminal, a plain line every few seconds elsewhere.
type bar struct {
	w        io.Writer
	terminal bool
	width    int
	unit     string // of what is done, a second
	left     string // says how long it takes yet
	now      func() time.Time
	began    time.Time
	shown    time.Time
	drawn    bool
}

func newBar(w io.Writer, e env, unit, left string) *bar {
	width, is := e.terminal(w)
	return &bar{w: w, terminal: is, width: width, unit: unit, left: left, now: e.now, began: e.now(), shown: e.now()}
}

func (b *bar) update(done, of uint64) {
	every := lineEvery
	if b.terminal {
		every = redrawEvery
	}
	now := b.now()
	if now.Sub(b.shown) < every && (!b.terminal || done < of) {
		return
	}
	b.shown = now
	if !b.terminal {
		_, _ = io.WriteString(b.w, b.line(done, of, 0)+"\n") // a lost line of progress is no loss
		return
	}
	b.drawn = true
	_, _ = io.WriteString(b.w, "\r\x1b[K"+cut(b.line(done, of, 20), b.width-1))
}

// end leaves the line as it was last.
func (b *bar) end() {
	if b.drawn {
		_, _ = io.WriteString(b.w, "\n")
	}
}

func (b *bar) line(done, of uint64, width int) string {
	share := 1.0
	if of > 0 {
		share = min(1, float64(done)/float64(of))
	}
	var parts []string
	if width > 0 {
		full := int(share * float64(width))
		parts = append(parts, "["+strings.Repeat("█", full)+strings.Repeat("░", width-full)+"]")
	}
	parts = append(parts, fmt.Sprintf("%3.0f %%", 100*share))
	if s := b.now().Sub(b.began); s >= time.Second && done > 0 {
		parts = append(parts, grouped(int64(float64(done)/s.Seconds()))+b.unit)
		if done < of {
			left := time.Duration(float64(of-done) / float64(done) * float64(s)).Round(time.Second)
			parts = append(parts, fill(b.left, fmt.Sprintf("%d:%02d", int(left.Minutes()), int(left.Seconds())%60)))
		}
	}
	return strings.Join(parts, "  ")
}

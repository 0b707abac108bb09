package server

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc's times: Linux tells programs 1/100 s on every machine.
const tick = 10 * time.Millisecond

// CPU is how much processor time the server has used, with the processes that it
// started; false where that cannot be told.
func (s *process) CPU() (time.Duration, bool) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, false
	}
	var sum time.Duration
	found := false
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			continue // it ended meanwhile: its parent has its time
		}
		st, err := parseStat(string(data))
		if err == nil && (st.pid == s.cmd.Process.Pid || st.parent == s.cmd.Process.Pid) {
			sum += st.used
			found = true
		}
	}
	return sum, found
}

// stat is what is needed of a line of /proc/PID/stat.
type stat struct {
	pid, parent int
	used        time.Duration // its own, and that of its children that have ended
}

// parseStat reads: pid (name) state ppid …, whose fields proc(5) counts from 1. The
// name may have spaces and parentheses in it.
func parseStat(line string) (stat, error) {
	open, closed := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 0 || closed < open {
		return stat{}, fmt.Errorf("no name in %q", line)
	}
	rest := strings.Fields(line[closed+1:]) // rest[0] is field 3
	if len(rest) < 15 {
		return stat{}, fmt.Errorf("too short: %q", line)
	}
	numbers := make([]int, 0, 6)
	for _, s := range []string{strings.TrimSpace(line[:open]), rest[1], rest[11], rest[12], rest[13], rest[14]} {
		n, err := strconv.Atoi(s)
		if err != nil {
			return stat{}, err
		}
		numbers = append(numbers, n)
	}
	ticks := numbers[2] + numbers[3] + numbers[4] + numbers[5]
	return stat{pid: numbers[0], parent: numbers[1], used: time.Duration(ticks) * tick}, nil
}

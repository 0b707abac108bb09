package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// programs are built once for all tests, as they are shipped except for the
// crash points.
var programs = map[string]string{
	"rappel": "rappel/cmd/rappel", "collector": "collector/cmd/collector", "scorer": "scorer/cmd/scorer",
	"alerting": "alerting/cmd/alerting", "callback-queue": "callback-queue/cmd/callback-queue", "feed": "feed/cmd/feed",
}

var binDir string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "rappel-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binDir = dir
	args := []string{"build", "-tags", "crashpoints", "-o", dir + string(filepath.Separator)}
	for _, path := range programs {
		args = append(args, "../"+path)
	}
	build := exec.Command("go", args...)
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build the programs:", err)
		return 1
	}
	return m.Run()
}

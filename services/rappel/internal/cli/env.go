package cli

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/rappel-loop/rappel/services/internal/clock"
)

// env is what a command knows of the world; tests make their own.
type env struct {
	getenv func(string) string
	now    func() time.Time
	zone   *time.Location
	client *http.Client
	// program is how the person called it, for the commands it proposes.
	program string
	// terminal says whether w is one, and how wide.
	terminal func(w io.Writer) (width int, is bool)
	// wait waits between two tries.
	wait func(ctx context.Context, d time.Duration) error
}

func system() env {
	return env{
		getenv: os.Getenv, now: time.Now, zone: time.Local, program: programName(os.Args[0]),
		client: &http.Client{Timeout: 30 * time.Second}, terminal: terminalOf, wait: clock.Sleep,
	}
}

// programName keeps a path as it was typed, so that what is proposed can be
// pasted.
func programName(arg string) string {
	if strings.ContainsRune(arg, os.PathSeparator) && !strings.ContainsAny(arg, " '\"") {
		return arg
	}
	return "rappel"
}

// plainWidth is how text is wrapped where there is no terminal.
const plainWidth = 80

func terminalOf(w io.Writer) (int, bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) { //nolint:gosec // a descriptor is small
		return plainWidth, false
	}
	width, _, err := term.GetSize(int(f.Fd())) //nolint:gosec // the same
	if err != nil || width <= 0 {
		if width, err = strconv.Atoi(os.Getenv("COLUMNS")); err != nil || width <= 0 {
			width = plainWidth
		}
	}
	return width, true
}

// interruptible ends with the first ctrl-C, after which the next one has its
// usual effect: a command that tidies up can still be killed.
func interruptible(cmd *cobra.Command) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// exitError ends the process with a code of its own.
type exitError struct {
	code int
	err  error
}

// Error is the message.
func (e *exitError) Error() string { return e.err.Error() }

// Unwrap is the cause.
func (e *exitError) Unwrap() error { return e.err }

// ExitCode is the process's.
func (e *exitError) ExitCode() int { return e.code }

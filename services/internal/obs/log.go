// Package obs makes what a process tells about itself: its log. No payload and
// no personal data ever goes in; customers appear by their key alone.
package obs

import (
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"os"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/term"
)

// Field names that more than one package logs.
const (
	// CustomerKey is the customer's pseudonym.
	CustomerKey = "customer_key"
	// CallbackID is a callback's id.
	CallbackID = "callback_id"
	// Desk stands for an agent without naming them: agents' ids may be addresses.
	Desk = "desk"
	// Survey is a survey's name.
	Survey = "survey"
	// Rule is an alerting rule's name.
	Rule = "rule"
	// Sequence is a sequence in a stream.
	Sequence = "sequence"
)

// DeskOf is what stands for an agent in logs, under Desk.
func DeskOf(agentID string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(strings.ToLower(agentID))) // never fails
	return hex.EncodeToString(h.Sum(nil))
}

// LogConfig says how much is logged and how it looks.
type LogConfig struct {
	// Level: debug, info, warn or error.
	Level string `koanf:"level"`
	// Format: json, text, or auto (text on a terminal, JSON elsewhere).
	Format string `koanf:"format"`
}

// DefaultLogConfig logs from info on.
func DefaultLogConfig() LogConfig { return LogConfig{Level: "info", Format: "auto"} }

// Validate names every field that is wrong.
func (c LogConfig) Validate() []error {
	var errs []error
	if _, err := zapcore.ParseLevel(c.Level); err != nil {
		errs = append(errs, fmt.Errorf("log.level: %q is none of debug, info, warn, error", c.Level))
	}
	switch c.Format {
	case "json", "text", "auto":
	default:
		errs = append(errs, fmt.Errorf("log.format: %q is none of json, text, auto", c.Format))
	}
	return errs
}

// NewLogger logs to standard error.
func NewLogger(c LogConfig) (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(c.Level)
	if err != nil {
		return nil, fmt.Errorf("log.level: %w", err)
	}
	text := c.Format == "text" || (c.Format == "auto" && term.IsTerminal(int(os.Stderr.Fd())))
	enc := zapcore.NewJSONEncoder(jsonEncoding())
	if text {
		enc = zapcore.NewConsoleEncoder(textEncoding())
	}
	return zap.New(zapcore.NewCore(enc, zapcore.Lock(os.Stderr), level)), nil
}

func jsonEncoding() zapcore.EncoderConfig {
	c := zap.NewProductionEncoderConfig()
	c.TimeKey, c.EncodeTime = "time", zapcore.RFC3339NanoTimeEncoder
	return c
}

func textEncoding() zapcore.EncoderConfig {
	c := zap.NewDevelopmentEncoderConfig()
	c.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
	c.EncodeLevel = zapcore.CapitalColorLevelEncoder
	return c
}

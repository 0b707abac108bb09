// Package receiver is who is told of alerts: what a file says of them, and what is wrong with
// it.
//
// Secrets. What authorises (a webhook's secret, the address of a chat's hook) never stands in
// the file: it is in a file of its own, or in the environment, and read again each time it is
// used, so that it can be replaced without a restart. No problem, error or log repeats it.
//
// Reach. Whether a receiver may be in a private network is for the service's configuration to
// say, and not for this file (Settings).
package receiver

import (
	"cmp"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/message"
	"github.com/rappel-loop/rappel/services/internal/egress"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
	"github.com/rappel-loop/rappel/services/internal/webhook"
)

// The kinds of receivers.
const (
	KindWebhook = "webhook"
	KindEmail   = "email"
	KindSlack   = "slack"
	KindTeams   = "teams"
	KindNATS    = "nats"
)

// Kinds are all of them.
func Kinds() []string { return []string{KindWebhook, KindEmail, KindSlack, KindTeams, KindNATS} }

// Config is one receiver.
type Config struct {
	// Name is one token of a subject; Kind is one of Kinds.
	Name, Kind string
	// Line is where it stands in its file.
	Line int
	// Language is fr or en.
	Language string
	// Zone is whose clock times are told by.
	Zone *time.Location
	// Verbatims lets it read the customer's name, contact and words.
	Verbatims bool
	// Timeout bounds one try, 1 s to 30 s.
	Timeout time.Duration
	// Templates are its own texts.
	Templates message.Templates

	// One of these is set, by Kind: Hook for webhook, slack and teams.
	Hook  *Hook
	Email *Email
	NATS  *NATS
}

// Hook is an address that is called by HTTP.
type Hook struct {
	// URL is a webhook's; that of a chat is a secret, as a webhook's may be: Address.
	URL string
	// Address holds the URL in place of it.
	Address Secret
	// Secrets hold what a webhook is signed with, one a line.
	Secrets Secret
}

// Email is people who are written to.
type Email struct {
	// To are their addresses, at most 50; From overrides the service's own.
	To   []string
	From string
	// Customers lets customers be written to by it, in the words of Customer.
	Customers bool
	Customer  message.Templates
}

// NATS is who listens on the loop's own NATS.
type NATS struct {
	// Subject is where it is published.
	Subject string
}

// Secret is where a secret is.
type Secret struct {
	// File is a path, Env the name of a variable of the environment; at most one is set.
	File, Env string
}

// Set reports whether it is anywhere.
func (s Secret) Set() bool { return s != Secret{} }

// Lines are what it holds, without empty lines; one at least.
func (s Secret) Lines() ([]string, error) {
	text := os.Getenv(s.Env)
	if s.File != "" {
		data, err := os.ReadFile(s.File)
		if err != nil {
			return nil, fmt.Errorf("%s cannot be read: %w", s.File, errors.Unwrap(err))
		}
		text = string(data)
	}
	var lines []string
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("%s holds nothing", s.where())
	}
	return lines, nil
}

func (s Secret) where() string {
	if s.File != "" {
		return s.File
	}
	return "the environment's " + s.Env
}

// Name is the file's path, or the variable's name.
func (s Secret) Name() string { return cmp.Or(s.File, s.Env) }

// key is what the file calls it.
func (s Secret) key(name string) string {
	if s.File != "" {
		return name + "_file"
	}
	return name + "_env"
}

// Target is the URL that is called.
func (h *Hook) Target() (string, error) {
	if !h.Address.Set() {
		return h.URL, nil
	}
	lines, err := h.Address.Lines()
	if err != nil {
		return "", err
	}
	return lines[0], nil
}

// Settings are what the service's own configuration says.
type Settings struct {
	// AllowPrivate lets receivers be in a private network, on any port and without TLS.
	AllowPrivate bool
	// Mail says that there is a server to send e-mail by.
	Mail bool
}

// Check says what of these receivers the service cannot use as it is configured: an address in
// a private network, e-mail without a server, a secret that is none. One that is not there now
// may be later, and is for Missing to say.
func (s Settings) Check(all []Config) []strictyaml.Problem {
	wrong, _ := s.look(all)
	return wrong
}

// Missing says which secrets are not to be had now. Who is told by them is not, until they are.
func (s Settings) Missing(all []Config) []strictyaml.Problem {
	_, missing := s.look(all)
	return missing
}

func (s Settings) look(all []Config) (wrong, missing []strictyaml.Problem) {
	for _, c := range all {
		problem := func(field string, err error) strictyaml.Problem {
			return strictyaml.Problem{Line: c.Line, Path: "receiver " + c.Name + ": " + c.Kind + field, Message: err.Error()}
		}
		if c.Email != nil && !s.Mail {
			wrong = append(wrong, problem("", errors.New("needs a server to send by: alerting.smtp in the service's configuration")))
		}
		if c.Hook == nil {
			continue
		}
		field := ".url"
		if c.Hook.Address.Set() {
			field = "." + c.Hook.Address.key("url")
		}
		if target, err := c.Hook.Target(); err != nil {
			missing = append(missing, problem(field, err))
		} else if err := s.reach(target); err != nil {
			wrong = append(wrong, problem(field, err))
		}
		if !c.Hook.Secrets.Set() {
			continue
		}
		field = "." + c.Hook.Secrets.key("secret")
		lines, err := c.Hook.Secrets.Lines()
		if err != nil {
			missing = append(missing, problem(field, err))
		}
		for _, l := range lines {
			if err := webhook.CheckSecret(l); err != nil {
				wrong = append(wrong, problem(field, err))
			}
		}
	}
	return wrong, missing
}

// reach says why an address may not be called.
func (s Settings) reach(target string) error {
	err := egress.Check(target, s.AllowPrivate)
	if err != nil && egress.Check(target, true) == nil {
		return fmt.Errorf("%s; where it is in a network of your own: alerting.notify_allow_private in the service's configuration", trimmed(err))
	}
	return err
}

func trimmed(err error) string {
	s, _, _ := strings.Cut(err.Error(), ", which is all")
	return s
}

// host is all that may be said of an address that can be a secret.
func host(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "…"
	}
	return u.Scheme + "://" + u.Host + "/…"
}

// Said is the address as it may be shown.
func (h *Hook) Said() string {
	target, err := h.Target()
	if err != nil {
		return "(the address is not to be had here)"
	}
	return host(target)
}

// address reads an e-mail address, without a name.
func address(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && a.Name == "" && !strings.ContainsAny(s, "\r\n\x00") && len(s) <= 254
}

// DefaultPrefix begins the subjects that are published on.
const DefaultPrefix = "rappel.notify.v1"

// checkPrefix refuses what would write into the loop's own streams, or order the server about.
func checkPrefix(s string) error {
	tokens := strings.Split(s, ".")
	bad := func(t string) bool { return subject.CheckToken(t) != nil }
	switch {
	case len(s) > 128 || slices.ContainsFunc(tokens, bad):
		return errors.New("must be tokens of letters, digits, _ or -, parted by dots, as care.alerts")
	case strings.EqualFold(tokens[0], "_INBOX"):
		return errors.New("must not begin with _INBOX, which is for answers")
	case tokens[0] == "rappel" && s != DefaultPrefix && !strings.HasPrefix(s, DefaultPrefix+"."):
		return errors.New("must not begin with rappel, which is the loop's own; but with " + DefaultPrefix)
	}
	return nil
}

// isPath keeps what is a secret itself from being taken for where it is.
func isPath(s string) bool {
	return path.Clean(s) != "." && !strings.Contains(s, "://") && len(s) <= 4096
}

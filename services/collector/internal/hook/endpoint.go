package hook

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/internal/mapping"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
	"github.com/rappel-loop/rappel/services/internal/topology"
	"github.com/rappel-loop/rappel/services/internal/webhook"
)

// Config of one endpoint.
type Config struct {
	// Source is the kind of product that calls: one of Sources.
	Source string `koanf:"source"`
	// Secret is what the source signs with.
	Secret string `koanf:"secret"`
	// SecretFile holds the secrets instead, one a line: the current one, and those that
	// calls may still be signed with while they are replaced.
	SecretFile string `koanf:"secret_file"`
	// AllowUnsigned takes calls that are not signed: anybody who knows the address can
	// send answers then.
	AllowUnsigned bool `koanf:"allow_unsigned"`
	// Mapping is the file that says what a body becomes.
	Mapping string `koanf:"mapping"`
	// PublicURL is how the source calls the endpoint; hubspot signs it.
	PublicURL string `koanf:"public_url"`
	// ClientID is the source's name for the application; surveymonkey signs with it.
	ClientID string `koanf:"client_id"`
	// Signature says how a generic source signs; Standard Webhooks when absent.
	Signature Signature `koanf:"signature"`
	// PubSub says who pushes for googleforms; absent for the script of one's own.
	PubSub PubSub `koanf:"pubsub"`
	// API is where the source's answers are asked for.
	API APIConfig `koanf:"api"`
	// Limit bounds the genuine calls to the endpoint; that of all endpoints when absent.
	Limit access.Limit `koanf:"limit"`
}

// Endpoint is one source's calls for one purpose.
type Endpoint struct {
	// Name is its own, Source its source's.
	Name, Source string

	config Config
	source source
	files  atomic.Pointer[files]
	api    *API
	issuer *issuer
}

// files are what the endpoint's files hold.
type files struct {
	secrets []string
	mapping *mapping.Body
}

// Problem is one wrong field of an endpoint's configuration.
type Problem struct{ Field, Problem string }

// Problems are all of them.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.Field + ": " + one.Problem
	}
	return strings.Join(lines, "; ")
}

// NewEndpoint reads what the configuration names. The error is Problems.
func NewEndpoint(name string, c Config) (*Endpoint, error) {
	var found Problems
	add := func(field, problem string) { found = append(found, Problem{name + "." + field, problem}) }
	if subject.CheckToken(name) != nil || len(name) > topology.MaxEndpoint {
		found = append(found, Problem{name, fmt.Sprintf("an endpoint's name must be 1 to %d letters, digits, _ or -", topology.MaxEndpoint)})
	}
	s, known := sources[c.Source]
	if !known {
		add("source", "must be one of "+strings.Join(Sources(), ", "))
		return nil, found
	}
	e := &Endpoint{Name: name, Source: c.Source, config: c, source: s}
	secrets := c.secrets(add)
	if len(secrets) == 0 && !c.AllowUnsigned && c.PubSub == (PubSub{}) && len(found) == 0 {
		add("secret", "is required, or a secret_file; or allow_unsigned: true, which lets anybody send answers")
	}
	if s.check != nil {
		s.check(c, add)
	}
	if err := c.Limit.Validate(); err != nil {
		add("limit", err.Error())
	}
	e.files.Store(&files{secrets, c.body(add)})
	if s.fetch != nil && (s.asks == nil || s.asks(c)) {
		e.api = newAPI(c.API, s, add)
	}
	if c.PubSub != (PubSub{}) {
		e.issuer = newIssuer(c.PubSub, add)
	}
	if len(found) > 0 {
		return nil, found
	}
	return e, nil
}

func (c Config) secrets(add func(field, problem string)) []string {
	var all []string
	switch {
	case c.Secret != "" && c.SecretFile != "":
		add("secret_file", "a secret is given as well; give one of the two")
	case c.Secret != "":
		all = []string{c.Secret}
	case c.SecretFile != "":
		data, err := os.ReadFile(c.SecretFile)
		if err != nil {
			add("secret_file", err.Error())
			return nil
		}
		for line := range strings.Lines(string(data)) {
			if line = strings.TrimSpace(line); line != "" {
				all = append(all, line)
			}
		}
		if len(all) == 0 {
			add("secret_file", "is empty")
		}
	}
	for _, s := range all {
		if err := webhook.CheckSecret(s); err != nil {
			add("secret", err.Error())
		}
	}
	return all
}

func (c Config) body(add func(field, problem string)) *mapping.Body {
	if c.Mapping == "" {
		add("mapping", "is required: the file that says what a body becomes; docs/connectors.md")
		return nil
	}
	data, err := os.ReadFile(c.Mapping)
	if err != nil {
		add("mapping", err.Error())
		return nil
	}
	b, err := mapping.ParseBody(c.Mapping, data)
	var refused *strictyaml.Error
	if errors.As(err, &refused) {
		for _, line := range refused.Lines() {
			add("mapping", line)
		}
	}
	return b
}

func (e *Endpoint) secrets() []string { return e.files.Load().secrets }

// Files are the paths of what may be replaced while an endpoint is at work: its secrets and
// its mapping. The token for its API is read for each question as it is.
func (c Config) Files() []string {
	paths := []string{c.Mapping}
	if c.SecretFile != "" {
		paths = append(paths, c.SecretFile)
	}
	return paths
}

// Reload reads them again. The error is Problems: then what was read before stays.
func (e *Endpoint) Reload() error {
	var found Problems
	add := func(field, problem string) { found = append(found, Problem{field, problem}) }
	read := &files{e.config.secrets(add), e.config.body(add)}
	if len(found) > 0 {
		return found
	}
	e.files.Store(read)
	return nil
}

// Open says that anybody who knows the endpoint's address may send answers.
func (e *Endpoint) Open() bool { return e.config.AllowUnsigned }

// Asks says that documents are asked for at the source's API.
func (e *Endpoint) Asks() bool { return e.api != nil }

// Accept verifies a call and returns what it tells.
func (e *Endpoint) Accept(ctx context.Context, c Call) ([]Push, error) {
	err := e.source.verify(ctx, e, c)
	if errors.Is(err, ErrUnsigned) && e.config.AllowUnsigned {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	pushes, err := e.source.split(e, c)
	for i := range pushes {
		if pushes[i].ID == "" {
			pushes[i].Told = e.told(c)
		}
	}
	return pushes, err
}

// told is when a push without an id of its own was told, as far as that makes it another
// one: an edit may be told by the very bytes that the answer was. What is signed says so
// itself. Else only one that its source is asked about is taken for new each time: that
// costs a question, where a body that is told again would bring back what it says.
func (e *Endpoint) told(c Call) string {
	if at := c.Header.Get(e.source.stamp); e.source.stamp != "" && at != "" && len(e.secrets()) > 0 {
		return at
	}
	if e.api == nil {
		return ""
	}
	return c.At.UTC().Format(time.RFC3339Nano)
}

// Documents returns what a push is about, to be mapped: the push itself, or what its
// source's API says. An error is an *APIError, or ErrEarly, beside what there
// is, or says that the push is none of the source's.
func (e *Endpoint) Documents(ctx context.Context, push []byte) ([]any, error) {
	doc, err := mapping.Document(push)
	if err != nil {
		return nil, bodyError(err)
	}
	if e.api == nil {
		return []any{doc}, nil
	}
	return e.source.fetch(ctx, e, doc)
}

// Map turns a document into a response.
func (e *Endpoint) Map(document any) mapping.Row { return e.files.Load().mapping.Map(document) }

// Said is when a document says that its answers were given; the zero time when it does not.
func (e *Endpoint) Said(document any) (latest time.Time) {
	for _, v := range e.source.said.All(document) {
		text, _ := v.(string)
		if at, err := time.Parse(time.RFC3339, text); err == nil && at.After(latest) {
			latest = at
		}
	}
	return latest
}

// Undated says that nothing tells when an answer of the endpoint was given, nor when a
// call was made: one that is played again, once its id is forgotten, passes for new.
func (e *Endpoint) Undated() bool {
	timed := e.source.timed != nil && e.source.timed(e.config) && (len(e.secrets()) > 0 || e.issuer != nil)
	return !timed && len(e.source.said) == 0 && e.api == nil && !e.files.Load().mapping.Dated()
}

// Origin says which path a field of a response came from.
func (e *Endpoint) Origin(row mapping.Row, field string) string {
	return e.files.Load().mapping.Origin(row, field)
}

// Close frees what the endpoint holds.
func (e *Endpoint) Close() {
	if e.api != nil {
		e.api.close()
	}
	if e.issuer != nil {
		e.issuer.close()
	}
}

func bodyError(err error) error { return fmt.Errorf("%w: %w", ErrBody, err) }

package receiver

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/message"
	"github.com/rappel-loop/rappel/services/internal/egress"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Bounds of a file.
const (
	mostReceivers = 200
	mostAddresses = 50
	// DefaultTimeout is what Standard Webhooks recommends.
	DefaultTimeout = 15 * time.Second
	leastTimeout   = time.Second
	mostTimeout    = 30 * time.Second
)

// Read reads a list of receivers. What is wrong with it is added to r; what the service's own
// configuration has to allow is for Settings to say.
func Read(r *strictyaml.Reader, n *yaml.Node, path string) []Config {
	var all []Config
	lines := map[string]int{}
	r.Most(n, path, mostReceivers, "receiver", func(n *yaml.Node, path string) {
		c := one(r, n, path)
		if c.Name == "" {
			return
		}
		if line, twice := lines[c.Name]; twice {
			r.Wrong(n, path+".name", "is that of the receiver on line %d as well", line)
			return
		}
		lines[c.Name] = n.Line
		all = append(all, c)
	})
	return all
}

func one(r *strictyaml.Reader, n *yaml.Node, path string) Config {
	c := Config{Line: n.Line, Language: "fr", Zone: time.UTC, Timeout: DefaultTimeout}
	fields := strictyaml.Fields{"name": func(n *yaml.Node, path string) { c.Name = token(r, n, path) }}
	for _, kind := range Kinds() {
		fields[kind] = func(n *yaml.Node, path string) {
			if c.Kind != "" {
				r.Wrong(n, path, "%s is said above: a receiver is of one kind", c.Kind)
				return
			}
			c.Kind = kind
			readers[kind](r, n, path, &c)
		}
	}
	given := r.Object(n, path, fields)
	r.Required(n, path, given, "name")
	if given != nil && c.Kind == "" {
		r.Wrong(n, path, "says nowhere where to send: one of %s", strings.Join(Kinds(), ", "))
	}
	return c
}

func token(r *strictyaml.Reader, n *yaml.Node, path string) string {
	s := r.Text(n, path)
	if s != "" && subject.CheckToken(s) != nil {
		r.Wrong(n, path, "%s", subject.ErrToken)
		return ""
	}
	return s
}

var readers = map[string]func(*strictyaml.Reader, *yaml.Node, string, *Config){
	KindWebhook: readWebhook, KindEmail: readEmail, KindSlack: readChat, KindTeams: readChat, KindNATS: readNATS,
}

// shared are the fields that every kind has.
func shared(r *strictyaml.Reader, c *Config) strictyaml.Fields {
	return strictyaml.Fields{
		"language": func(n *yaml.Node, path string) {
			if c.Language = r.Text(n, path); c.Language != "" && c.Language != "fr" && c.Language != "en" {
				r.Wrong(n, path, "must be fr or en")
			}
		},
		"zone": func(n *yaml.Node, path string) {
			z, err := time.LoadLocation(r.Text(n, path))
			if err != nil {
				r.Wrong(n, path, "must be a time zone, as Europe/Paris")
				return
			}
			c.Zone = z
		},
		"verbatims": func(n *yaml.Node, path string) { c.Verbatims = r.Flag(n, path) },
		"timeout": func(n *yaml.Node, path string) {
			d, err := time.ParseDuration(r.Text(n, path))
			if err != nil || d < leastTimeout || d > mostTimeout {
				r.Wrong(n, path, "must be %s to %s, as 10s", leastTimeout, mostTimeout)
				return
			}
			c.Timeout = d
		},
		"title": own(r, &c.Templates.Title, false, message.Parse),
		"body":  own(r, &c.Templates.Text, false, message.Parse),
	}
}

func with(f, more strictyaml.Fields) strictyaml.Fields {
	maps.Copy(f, more)
	return f
}

// own reads a template; its faults have the lines of the file.
func own(r *strictyaml.Reader, to **message.Template, html bool, parse func(string, bool) (*message.Template, error)) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		text := r.Text(n, path)
		if text == "" {
			return
		}
		t, err := parse(text, html)
		var f *message.Fault
		if errors.As(err, &f) {
			at := strictyaml.Follow(n)
			line := at.Line + f.Line - 1
			if at.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
				line++ // the text begins below its key
			}
			r.Add(strictyaml.Problem{Line: line, Column: 1, Path: path, Message: f.Message})
			return
		}
		*to = t
	}
}

func readWebhook(r *strictyaml.Reader, n *yaml.Node, path string, c *Config) {
	c.Hook = &Hook{}
	given := r.Object(n, path, with(shared(r, c), with(secret(r, "url", &c.Hook.Address), with(secret(r, "secret", &c.Hook.Secrets), strictyaml.Fields{
		"url": func(n *yaml.Node, path string) {
			c.Hook.URL = r.Text(n, path)
			if err := egress.Check(c.Hook.URL, true); c.Hook.URL != "" && err != nil {
				r.Wrong(n, path, "%s", err)
			}
		},
		"secret": func(n *yaml.Node, path string) {
			r.Wrong(n, path, "a secret does not stand in this file: give secret_file or secret_env")
		},
	}))))
	exactly(r, n, path, given, "url", "url_file", "url_env")
	exactly(r, n, path, given, "secret_file", "secret_env")
}

func readChat(r *strictyaml.Reader, n *yaml.Node, path string, c *Config) {
	c.Hook = &Hook{}
	given := r.Object(n, path, with(shared(r, c), with(secret(r, "url", &c.Hook.Address), strictyaml.Fields{
		"url": func(n *yaml.Node, path string) {
			r.Wrong(n, path, "the address of a chat's hook is a secret, and does not stand in this file: give url_file or url_env")
		},
	})))
	if !given["url"] {
		exactly(r, n, path, given, "url_file", "url_env")
	}
}

func readEmail(r *strictyaml.Reader, n *yaml.Node, path string, c *Config) {
	e := &Email{}
	c.Email = e
	given := r.Object(n, path, with(shared(r, c), strictyaml.Fields{
		"to": func(n *yaml.Node, path string) {
			for i, a := range r.Texts(n, path) {
				switch {
				case a != "" && !address(a):
					r.Wrong(n, path, "address %d must be an e-mail address, as care@example.org", i+1)
				case slices.Contains(e.To, a):
					r.Wrong(n, path, "address %d stands twice", i+1)
				}
				e.To = append(e.To, a)
			}
			if len(e.To) > mostAddresses {
				r.Wrong(n, path, "must be at most %d addresses", mostAddresses)
			}
		},
		"from": func(n *yaml.Node, path string) {
			if e.From = r.Text(n, path); e.From != "" && !address(e.From) {
				r.Wrong(n, path, "must be an e-mail address, as care@example.org")
			}
		},
		"html":           own(r, &c.Templates.HTML, true, message.Parse),
		"customers":      func(n *yaml.Node, path string) { e.Customers = r.Flag(n, path) },
		"customer_title": own(r, &e.Customer.Title, false, message.ParseCustomer),
		"customer_body":  own(r, &e.Customer.Text, false, message.ParseCustomer),
		"customer_html":  own(r, &e.Customer.HTML, true, message.ParseCustomer),
	}))
	if given != nil && !given["to"] && !e.Customers {
		r.Wrong(n, path+".to", "is required, unless customers: true")
	}
	for _, key := range []string{"customer_title", "customer_body", "customer_html"} {
		if given[key] && !e.Customers {
			r.Wrong(n, path+"."+key, "says nothing without customers: true")
		}
	}
}

func readNATS(r *strictyaml.Reader, n *yaml.Node, path string, c *Config) {
	prefix := DefaultPrefix
	r.Object(n, path, with(shared(r, c), strictyaml.Fields{
		"subject_prefix": func(n *yaml.Node, path string) {
			prefix = r.Text(n, path)
			if err := checkPrefix(prefix); prefix != "" && err != nil {
				r.Wrong(n, path, "%s", err)
			}
		},
	}))
	c.NATS = &NATS{Subject: prefix + "." + c.Name}
}

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)

// secret reads where a secret is: <name>_file or <name>_env.
func secret(r *strictyaml.Reader, name string, to *Secret) strictyaml.Fields {
	return strictyaml.Fields{
		name + "_file": func(n *yaml.Node, path string) {
			if to.File = r.Text(n, path); to.File != "" && !isPath(to.File) {
				r.Wrong(n, path, "must be the path of a file that holds it")
			}
		},
		name + "_env": func(n *yaml.Node, path string) {
			if to.Env = r.Text(n, path); to.Env != "" && !variable.MatchString(to.Env) {
				r.Wrong(n, path, "must be the name of a variable of the environment that holds it")
			}
		},
	}
}

// exactly says so where not just one of some keys is given.
func exactly(r *strictyaml.Reader, n *yaml.Node, path string, given map[string]bool, keys ...string) {
	if given == nil {
		return
	}
	count := 0
	for _, k := range keys {
		if given[k] {
			count++
		}
	}
	switch {
	case count == 0:
		r.Wrong(n, path, "one of %s is required", strings.Join(keys, ", "))
	case count > 1:
		r.Wrong(n, path, "give one of %s, not several", strings.Join(keys, ", "))
	}
}

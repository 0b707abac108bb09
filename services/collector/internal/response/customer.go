package response

import (
	"net/mail"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	_ "time/tzdata" // zones are checked against the same database everywhere

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Customer brings what is known of a customer, which it takes over, into the form that it
// has in responses, or returns everything that is wrong with it; paths are customer.id and
// so on. It is nil when nothing is known.
func (n *Normaliser) Customer(in *eventsv1.Customer) (*eventsv1.Customer, []Violation) {
	var c checker
	out := n.customer(&c, in)
	return out, c.found
}

// customer returns who answered, normalised; nil when nothing is known.
func (n *Normaliser) customer(c *checker, in *eventsv1.Customer) *eventsv1.Customer {
	if in == nil {
		return nil
	}
	in.Id = c.printable("customer.id", in.GetId(), MaxCustomerID)
	in.Name = c.line("customer.name", in.GetName(), MaxName)
	in.Email = c.email(in.GetEmail())
	var tag language.Tag
	in.Language, tag = n.languages.check(c, in.GetLanguage())
	in.TimeZone = n.zones.check(c, in.GetTimeZone())
	in.Phone = n.phones.check(c, in.GetPhone(), tag, in.GetTimeZone())
	if in.GetId()+in.GetName()+in.GetEmail()+in.GetPhone()+in.GetLanguage()+in.GetTimeZone() == "" {
		return nil
	}
	return in
}

// email returns an address in NFC and lower case. RFC 5321 lets the part before
// the @ differ by case; no mail service does, and the customer is one.
func (c *checker) email(s string) string {
	const path = "customer.email"
	before := len(c.found)
	s = c.line(path, s, MaxEmail)
	if s == "" || len(c.found) > before {
		return s
	}
	s = norm.NFC.String(s)
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s {
		c.add(path, "is no e-mail address")
		return ""
	}
	return norm.NFC.String(strings.ToLower(s))
}

// languages checks BCP 47 tags and remembers those it met: there are few.
type languages struct {
	known sync.Map // as given -> knownLanguage
	size  atomic.Int32
}

type knownLanguage struct {
	canonical string
	tag       language.Tag
}

// maxKnown bounds what is remembered of what callers write.
const maxKnown = 2000

func (l *languages) check(c *checker, s string) (string, language.Tag) {
	const path, maxTag = "customer.language", 64
	before := len(c.found)
	s = c.line(path, s, maxTag)
	if s == "" || len(c.found) > before {
		return "", language.Und
	}
	k, _ := l.known.Load(s)
	if known, ok := k.(knownLanguage); ok {
		return known.canonical, known.tag
	}
	tag, err := language.Parse(s)
	if err != nil {
		c.add(path, "is no BCP 47 language tag, as fr or fr-BE")
		return "", language.Und
	}
	known := knownLanguage{tag.String(), tag}
	if l.size.Load() < maxKnown {
		if _, loaded := l.known.LoadOrStore(s, known); !loaded {
			l.size.Add(1)
		}
	}
	return known.canonical, known.tag
}

// zones checks names of time zones and remembers the right ones: loading one is
// slow, and there are some 600.
type zones struct{ known sync.Map }

func (z *zones) check(c *checker, s string) string {
	const path, maxZone = "customer.timeZone", 64
	before := len(c.found)
	s = c.line(path, s, maxZone)
	if s == "" || len(c.found) > before {
		return s
	}
	if _, ok := z.known.Load(s); ok {
		return s
	}
	if !zoneName(s) {
		c.add(path, notAZone)
		return ""
	}
	if _, err := time.LoadLocation(s); err != nil {
		c.add(path, notAZone)
		return ""
	}
	z.known.Store(s, struct{}{})
	return s
}

const notAZone = "is no IANA time zone, as Europe/Paris"

// zoneName keeps out what a host's own directory of zones has beside the zones.
func zoneName(s string) bool {
	switch first, _, _ := strings.Cut(s, "/"); first {
	case "Local", "localtime", "posix", "right", "posixrules", "Factory":
		return false
	}
	for _, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && !strings.ContainsRune("0123456789/_+-", r) {
			return false
		}
	}
	return true
}

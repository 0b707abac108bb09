package sender

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/receiver"
)

// How the connection to a mail server is kept from being read.
const (
	// StartTLS begins in the clear and must go on under TLS; TLS is so from the beginning;
	// NoTLS is for a server on this machine only.
	StartTLS = "starttls"
	TLS      = "tls"
	NoTLS    = "none"
)

// SMTP is the server that e-mail is sent by.
type SMTP struct {
	// Host and Port are where it listens; without a host no e-mail is sent. Port 0 is 587, or
	// 465 for tls.
	Host string `koanf:"host"`
	Port int    `koanf:"port"`
	// From is who writes, as care@example.org or "Care <care@example.org>".
	From string `koanf:"from"`
	// Username authorises, with the password that a file or a variable of the environment
	// holds; without it nobody does.
	Username     string `koanf:"username"`
	PasswordFile string `koanf:"password_file"`
	PasswordEnv  string `koanf:"password_env"`
	// TLS is starttls, tls or none; empty is starttls.
	TLS string `koanf:"tls"`
	// CAFile has certificates that are trusted beside the machine's own.
	CAFile string `koanf:"ca_file"`
	// Helo is the name that is said to the server; the machine's own when empty.
	Helo string `koanf:"helo"`
}

// Validate names every field that is wrong.
func (c SMTP) Validate() error {
	var errs []error
	bad := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	if c.Host == "" {
		bad(c != SMTP{}, "smtp.host: is required, where anything of smtp is given")
		return errors.Join(errs...)
	}
	_, err := netmail.ParseAddress(c.From)
	bad(err != nil, "smtp.from: must be an e-mail address, as care@example.org")
	bad(c.Port < 0 || c.Port > 65535, "smtp.port: must be 1 to 65535")
	bad(c.TLS != "" && c.TLS != StartTLS && c.TLS != TLS && c.TLS != NoTLS, "smtp.tls: must be starttls, tls or none")
	bad(c.TLS == NoTLS && !loopback(c.Host), "smtp.tls: none is for a server on this machine: passwords and customers' words would be read on their way")
	bad(c.PasswordFile != "" && c.PasswordEnv != "", "smtp.password_file: a password_env is given as well; give one of the two")
	bad(c.Username != "" && !c.password().Set(), "smtp.password_file: is required with a username, or a password_env")
	if c.password().Set() && c.Username == "" {
		bad(true, "smtp.username: is required with a password")
	}
	if c.PasswordFile != "" {
		_, err := c.password().Lines()
		bad(err != nil, "smtp.password_file: %w", err)
	}
	if c.CAFile != "" {
		_, err := c.tls()
		bad(err != nil, "smtp.ca_file: %w", err)
	}
	return errors.Join(errs...)
}

func (c SMTP) password() receiver.Secret {
	return receiver.Secret{File: c.PasswordFile, Env: c.PasswordEnv}
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func (c SMTP) address() string {
	port := c.Port
	switch {
	case port != 0:
	case c.TLS == TLS:
		port = 465
	case c.TLS == NoTLS:
		port = 25
	default:
		port = 587
	}
	return net.JoinHostPort(c.Host, strconv.Itoa(port))
}

func (c SMTP) tls() (*tls.Config, error) {
	conf := &tls.Config{ServerName: c.Host, MinVersion: tls.VersionTLS12}
	if c.CAFile == "" {
		return conf, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, err
	}
	if conf.RootCAs, err = pool(pem); err != nil {
		return nil, err
	}
	return conf, nil
}

func (c SMTP) helo() string {
	if c.Helo != "" {
		return c.Helo
	}
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "localhost"
	}
	return name
}

// patience is how many tries an address that is refused for now holds the others up: after
// them the others are written to without it.
const patience = 4

// mail sends one e-mail to all addresses of a receiver, or to a customer.
func (s *Sender) mail(ctx context.Context, j Job) Outcome {
	if s.o.SMTP.Host == "" {
		return Outcome{Problem: Because(eventsv1.DeliveryAttempt_NO_MAIL_SERVER)}
	}
	to := j.To.Email.To
	if j.Customer != "" {
		to = []string{j.Customer}
	}
	if len(to) == 0 {
		return Outcome{Final: true, Problem: Because(eventsv1.DeliveryAttempt_NO_ADDRESS)}
	}
	m, err := s.letter(j, to)
	if err != nil {
		return Outcome{Final: true, Problem: Because(eventsv1.DeliveryAttempt_BAD_ADDRESS)}
	}
	c, closed, err := s.dial(ctx)
	if err != nil {
		return refused(ctx, eventsv1.DeliveryAttempt_MAIL_SERVER_REFUSED, err)
	}
	defer closed()
	return transmit(ctx, c, m, j.Try)
}

// letter is the message whole. The package encodes every header.
func (s *Sender) letter(j Job, to []string) (*gomail.Msg, error) {
	m := gomail.NewMsg(gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingQP))
	from := s.o.SMTP.From
	if j.To.Email.From != "" {
		from = j.To.Email.From
	}
	if err := errors.Join(m.From(from), m.To(to...)); err != nil {
		return nil, err
	}
	m.Subject(j.Document.Title)
	m.SetDateWithValue(j.At)
	m.SetMessageIDWithValue(j.ID + "@" + domain(from))
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no answering machine answers
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	m.SetGenHeader("Content-Language", j.Facts.Language)
	m.SetUserAgent(userAgent)
	m.SetBodyString(gomail.TypeTextPlain, j.Document.Plain())
	m.AddAlternativeString(gomail.TypeTextHTML, j.Document.Page(j.Facts.Language))
	return m, nil
}

func domain(from string) string {
	if a, err := netmail.ParseAddress(from); err == nil {
		if _, d, ok := strings.Cut(a.Address, "@"); ok {
			return d
		}
	}
	return "rappel.invalid"
}

// dial opens a connection that may be written to: under TLS and authorised, as is configured.
func (s *Sender) dial(ctx context.Context) (_ *smtp.Client, closed func(), err error) {
	o := s.o.SMTP
	conf, err := o.tls()
	if err != nil {
		return nil, nil, errFile
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", o.address())
	if err != nil {
		return nil, nil, err
	}
	socket := conn
	end := context.AfterFunc(ctx, func() { _ = socket.SetDeadline(time.Unix(1, 0)) }) // whatever it waits for
	hangUp := func() { end(); _ = socket.Close() }
	defer func() {
		if err != nil {
			hangUp()
		}
	}()
	if o.TLS == TLS {
		over := tls.Client(conn, conf)
		if err = over.HandshakeContext(ctx); err != nil {
			return nil, nil, err
		}
		conn = over
	}
	c, err := smtp.NewClient(conn, o.Host)
	if err != nil {
		return nil, nil, err
	}
	if err = c.Hello(o.helo()); err != nil {
		return nil, nil, err
	}
	if o.TLS == "" || o.TLS == StartTLS {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return nil, nil, errNoTLS
		}
		if err = c.StartTLS(conf); err != nil {
			return nil, nil, err
		}
	}
	return c, hangUp, o.authorise(c)
}

var (
	errNoTLS  error = Because(eventsv1.DeliveryAttempt_NO_STARTTLS)
	errNoAuth error = Because(eventsv1.DeliveryAttempt_NO_AUTHORISATION)
	errFile   error = Because(eventsv1.DeliveryAttempt_MAIL_FILE_UNREADABLE)
)

func (c SMTP) authorise(to *smtp.Client) error {
	if c.Username == "" {
		return nil
	}
	lines, err := c.password().Lines()
	if err != nil {
		return errFile
	}
	_, offered := to.Extension("AUTH")
	plain := c.TLS == NoTLS // to this machine
	ways := []struct {
		name string
		auth smtp.Auth
	}{
		{"SCRAM-SHA-256", smtp.ScramSHA256Auth(c.Username, lines[0])},
		{"PLAIN", smtp.PlainAuth("", c.Username, lines[0], c.Host, plain)},
		{"LOGIN", smtp.LoginAuth(c.Username, lines[0], c.Host, plain)},
	}
	for _, way := range ways {
		if strings.Contains(" "+strings.ToUpper(offered)+" ", " "+way.name+" ") {
			return to.Auth(way.auth)
		}
	}
	return errNoAuth
}

// transmit gives the letter to the server. An address that is refused for good is left out;
// one that is refused for now holds all up, for a few tries: nobody gets it twice.
func transmit(ctx context.Context, c *smtp.Client, m *gomail.Msg, try int) Outcome {
	sender, err := m.GetSender(false)
	to, rerr := m.GetRecipients()
	if err != nil || rerr != nil {
		return Outcome{Final: true, Problem: Because(eventsv1.DeliveryAttempt_BAD_ADDRESS)}
	}
	if err := c.Mail(sender); err != nil {
		return refused(ctx, eventsv1.DeliveryAttempt_SENDER_REFUSED, err)
	}
	bad, later, badStatus, laterStatus := 0, 0, 0, 0
	for _, a := range to {
		if err := c.Rcpt(a); err != nil {
			switch code := status(err); {
			case code == 0:
				return refused(ctx, eventsv1.DeliveryAttempt_MAIL_SERVER_REFUSED, err)
			case code/100 == 4:
				later, laterStatus = later+1, code
			default:
				bad, badStatus = bad+1, code
			}
		}
	}
	switch {
	case bad == len(to):
		return Outcome{Final: true, Status: badStatus, Problem: Because(eventsv1.DeliveryAttempt_ADDRESS_REFUSED)}
	case bad+later == len(to), later > 0 && try < patience:
		return Outcome{Status: laterStatus, Problem: Because(eventsv1.DeliveryAttempt_ADDRESS_DEFERRED)}
	}
	w, err := c.Data()
	if err != nil {
		return refused(ctx, eventsv1.DeliveryAttempt_MESSAGE_REFUSED, err)
	}
	if _, err := m.WriteTo(w); err != nil {
		return refused(ctx, eventsv1.DeliveryAttempt_MESSAGE_REFUSED, err)
	}
	if err := w.Close(); err != nil {
		o := refused(ctx, eventsv1.DeliveryAttempt_MESSAGE_REFUSED, err)
		o.Final = o.Status/100 == 5 // what it says is refused, and it will say the same
		return o
	}
	_ = c.Quit() // it has it
	o := Outcome{Delivered: true, Status: 250}
	if bad+later > 0 {
		o.Problem = Because(eventsv1.DeliveryAttempt_SOME_ADDRESSES_REFUSED, bad+later, len(to))
		o.Problem.refused, o.Problem.addresses = bad+later, len(to)
	}
	return o
}

// status is SMTP's; 0 where none was said.
func status(err error) int {
	var p *textproto.Error
	if errors.As(err, &p) {
		return p.Code
	}
	return 0
}

// refused is why the mail server did not take something: what is the problem where it says so
// with a status.
func refused(ctx context.Context, what eventsv1.DeliveryAttempt_Problem, err error) Outcome {
	var own Problem
	switch code := status(err); {
	case code != 0:
		return Outcome{Status: code, Problem: Because(what, code)}
	case errors.As(err, &own):
		return Outcome{Problem: own}
	default:
		return Outcome{Problem: cause(ctx, err).at("the mail server")}
	}
}

// showMail is the letter as a person reads it: its parts are not encoded.
func (s *Sender) showMail(j Job) (string, error) {
	to := j.To.Email.To
	if j.Customer != "" || len(to) == 0 {
		to = []string{"customer@example.invalid"}
	}
	o := Sender{o: s.o}
	if o.o.SMTP.From == "" {
		o.o.SMTP.From = "rappel@example.invalid"
	}
	if _, err := o.letter(j, to); err != nil {
		return "", errors.New("an address cannot be written to")
	}
	from := o.o.SMTP.From
	if j.To.Email.From != "" {
		from = j.To.Email.From
	}
	return fmt.Sprintf("From: %s\nTo: %s\nSubject: %s\nMessage-ID: <%s@%s>\nAuto-Submitted: auto-generated\nContent-Language: %s\n\n--- text/plain\n%s\n--- text/html\n%s\n",
		from, strings.Join(to, ", "), j.Document.Title, j.ID, domain(from), j.Facts.Language, j.Document.Plain(), j.Document.Page(j.Facts.Language)), nil
}

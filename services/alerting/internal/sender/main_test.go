package sender_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"flag"
	"io"
	"math/big"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/message"
	"github.com/rappel-loop/rappel/services/alerting/internal/receiver"
	"github.com/rappel-loop/rappel/services/alerting/internal/sender"
)

var update = flag.Bool("update", false, "write what is sent into testdata")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 12, 1, 9, 47, 0, 0, time.UTC)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// said is a problem that is expected.
var said = sender.Said

func file(t *testing.T, text string) receiver.Secret {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return receiver.Secret{File: path}
}

// job is a message of a kind to a receiver.
func job(t *testing.T, kind eventsv1.Notification_Kind, to receiver.Config) sender.Job {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	if to.Language == "" {
		to.Language = "en"
	}
	o := message.Options{Delivery: "dlv-1", Receiver: to.Name, Language: to.Language, Zone: zone, PublicURL: "https://rappel.example.org"}
	if to.Verbatims {
		o.Customers = message.SampleCustomers()
	}
	f := message.Of(message.Sample(kind, now), o)
	return sender.Job{ID: "dlv-1", At: now, Try: 1, To: to, Facts: f, Document: message.Describe(f)}
}

func open(t *testing.T, o sender.Options) *sender.Sender {
	t.Helper()
	s := sender.New(o)
	t.Cleanup(s.Close)
	return s
}

// mailServer is a real SMTP server; refuse says what it answers an address.
type mailServer struct {
	port   int
	caFile string
	refuse func(address string) error
	from   error    // of the sender
	deny   error    // of the message
	ways   []string // to authorise; PLAIN without any

	mu      sync.Mutex
	letters []letter
}

type letter struct {
	from   string
	to     []string
	user   string
	tls    bool
	header mail.Header
	raw    []byte
}

func (m *mailServer) got() []letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]letter{}, m.letters...)
}

func startMail(t *testing.T, m *mailServer, secured bool) *mailServer {
	t.Helper()
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		_, secure := c.TLSConnectionState()
		return &session{server: m, letter: letter{tls: secure}}, nil
	}))
	s.Domain = "mail.example.org"
	s.AllowInsecureAuth = true
	s.ErrorLog = discard{}
	if secured {
		cert, pemCert := certificate(t)
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
		m.caFile = filepath.Join(t.TempDir(), "ca.pem")
		require.NoError(t, os.WriteFile(m.caFile, pemCert, 0o600))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	m.port = l.Addr().(*net.TCPAddr).Port
	var done sync.WaitGroup
	done.Go(func() { _ = s.Serve(l) })
	t.Cleanup(func() { _ = s.Close(); done.Wait() })
	return m
}

type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}

type session struct {
	server *mailServer
	letter letter
}

func (s *session) AuthMechanisms() []string {
	if s.server.ways != nil {
		return s.server.ways
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "rappel" || password != "hush" {
			return &smtp.SMTPError{Code: 535, Message: "no " + user}
		}
		s.letter.user = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.letter.from = from
	return s.server.from
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.server.refuse != nil {
		if err := s.server.refuse(to); err != nil {
			return err
		}
	}
	s.letter.to = append(s.letter.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil || s.server.deny != nil {
		return errors.Join(err, s.server.deny)
	}
	m, err := mail.ReadMessage(newReader(raw))
	if err != nil {
		return err
	}
	s.letter.header, s.letter.raw = m.Header, raw
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.letters = append(s.server.letters, s.letter)
	return nil
}

func (s *session) Reset()        { s.letter.to = nil }
func (s *session) Logout() error { return nil }

func certificate(t *testing.T) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

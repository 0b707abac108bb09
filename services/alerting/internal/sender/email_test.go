package sender_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/message"
	"github.com/rappel-loop/rappel/services/alerting/internal/receiver"
	"github.com/rappel-loop/rappel/services/alerting/internal/sender"
)

func newReader(b []byte) io.Reader { return bytes.NewReader(b) }

func lead(to ...string) receiver.Config {
	return receiver.Config{Name: "lead", Kind: receiver.KindEmail, Language: "fr", Email: &receiver.Email{To: to}}
}

func server(m *mailServer, change ...func(*sender.SMTP)) sender.Options {
	o := sender.SMTP{Host: "127.0.0.1", Port: m.port, From: "Rappel <rappel@example.org>", CAFile: m.caFile, Helo: "rappel.example.org"}
	for _, c := range change {
		c(&o)
	}
	return sender.Options{SMTP: o}
}

// decoded are the parts of a letter, by their type.
func decoded(t *testing.T, l letter) map[string]string {
	t.Helper()
	kind, params, err := mime.ParseMediaType(l.header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", kind)
	_, body, ok := bytes.Cut(l.raw, []byte("\r\n\r\n"))
	require.True(t, ok)
	parts := map[string]string{}
	r := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			return parts
		}
		require.Equal(t, "quoted-printable", p.Header.Get("Content-Transfer-Encoding"))
		text, err := io.ReadAll(quotedprintable.NewReader(p))
		require.NoError(t, err)
		kind, _, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		require.NoError(t, err)
		parts[kind] = strings.ReplaceAll(string(text), "\r\n", "\n")
	}
}

func TestAnEMailArrives(t *testing.T) {
	t.Parallel()
	m := startMail(t, &mailServer{}, true)
	s := open(t, server(m, func(o *sender.SMTP) { o.Username, o.PasswordFile = "rappel", file(t, "hush\n").File }))
	j := job(t, eventsv1.Notification_NEW, lead("lead@example.org", "second@example.org"))
	require.Equal(t, sender.Outcome{Delivered: true, Status: 250}, s.Send(soon(t), j))
	require.Len(t, m.got(), 1)
	l := m.got()[0]
	require.True(t, l.tls, "under TLS")
	require.Equal(t, "rappel", l.user)
	require.Equal(t, "rappel@example.org", l.from)
	require.Equal(t, []string{"lead@example.org", "second@example.org"}, l.to)
	subject, err := new(mime.WordDecoder).DecodeHeader(l.header.Get("Subject"))
	require.NoError(t, err)
	require.Equal(t, "[Critique] 12 alertes, délai de livraison (enquête after-delivery)", subject)
	require.Equal(t, "<dlv-1@example.org>", l.header.Get("Message-Id"), "each try has the same")
	require.Equal(t, "auto-generated", l.header.Get("Auto-Submitted"))
	require.Equal(t, "fr", l.header.Get("Content-Language"))
	parts := decoded(t, l)
	require.Equal(t, j.Document.Plain(), parts["text/plain"])
	require.Equal(t, j.Document.Page("fr"), parts["text/html"])
	shown, err := s.Show(j)
	require.NoError(t, err)
	golden(t, "email.fr.txt", shown)
}

func TestAnEMailGoesOverTLSOrNotAtAll(t *testing.T) {
	t.Parallel()
	bare := startMail(t, &mailServer{}, false)
	o := open(t, server(bare)).Send(soon(t), job(t, eventsv1.Notification_TEST, lead("a@example.org")))
	require.Equal(t, sender.Outcome{Problem: said(eventsv1.DeliveryAttempt_NO_STARTTLS, "the mail server offers no STARTTLS")}, o)
	require.Empty(t, bare.got())
	local := server(bare, func(o *sender.SMTP) { o.TLS = sender.NoTLS })
	require.NoError(t, local.SMTP.Validate(), "a server on this machine may do without")
	require.True(t, open(t, local).Send(soon(t), job(t, eventsv1.Notification_TEST, lead("a@example.org"))).Delivered)

	m := startMail(t, &mailServer{}, true)
	o = open(t, server(m, func(o *sender.SMTP) { o.CAFile = "" })).Send(soon(t), job(t, eventsv1.Notification_TEST, lead("a@example.org")))
	require.Equal(t, sender.Outcome{Problem: said(eventsv1.DeliveryAttempt_CERTIFICATE_NOT_TRUSTED, "the mail server: its certificate is not trusted")}, o)
	o = open(t, server(m, func(o *sender.SMTP) { o.Username, o.PasswordFile = "rappel", file(t, "wrong").File })).Send(soon(t), job(t, eventsv1.Notification_TEST, lead("a@example.org")))
	require.Equal(t, sender.Outcome{Status: 535, Problem: said(eventsv1.DeliveryAttempt_MAIL_SERVER_REFUSED, "the mail server refuses: 535")}, o, "a password can be mended: it is tried again")
}

func TestAnAddressThatIsRefused(t *testing.T) {
	t.Parallel()
	m := startMail(t, &mailServer{refuse: func(a string) error {
		switch {
		case strings.HasPrefix(a, "nobody"):
			return &smtp.SMTPError{Code: 550, Message: "no such user " + a}
		case strings.HasPrefix(a, "grey"):
			return &smtp.SMTPError{Code: 451, Message: "later " + a}
		}
		return nil
	}}, true)
	s := open(t, server(m))
	send := func(try int, to ...string) sender.Outcome {
		j := job(t, eventsv1.Notification_TEST, lead(to...))
		j.Try = try
		return s.Send(soon(t), j)
	}
	require.Equal(t, sender.Outcome{Final: true, Status: 550, Problem: said(eventsv1.DeliveryAttempt_ADDRESS_REFUSED, "the address is refused for good")}, send(1, "nobody@example.org"))
	require.Equal(t, sender.Outcome{Delivered: true, Status: 250, Problem: said(eventsv1.DeliveryAttempt_SOME_ADDRESSES_REFUSED, "1 of 2 addresses were refused").Of(1, 2)}, send(1, "nobody@example.org", "a@example.org"))
	require.Equal(t, sender.Outcome{Status: 451, Problem: said(eventsv1.DeliveryAttempt_ADDRESS_DEFERRED, "an address is refused for now")}, send(1, "a@example.org", "grey@example.org"))
	require.Len(t, m.got(), 1, "nobody got what one could not get yet")
	require.Equal(t, sender.Outcome{Delivered: true, Status: 250, Problem: said(eventsv1.DeliveryAttempt_SOME_ADDRESSES_REFUSED, "1 of 2 addresses were refused").Of(1, 2)}, send(4, "a@example.org", "grey@example.org"))
	require.Equal(t, sender.Outcome{Status: 451, Problem: said(eventsv1.DeliveryAttempt_ADDRESS_DEFERRED, "an address is refused for now")}, send(9, "grey@example.org"))
	require.Equal(t, uint32(451), send(1, "grey@example.org", "nobody@example.org").Attempt(now, 0).GetStatus(), "the status is that of the problem")

	full := startMail(t, &mailServer{deny: &smtp.SMTPError{Code: 554, Message: "spam"}}, true)
	require.Equal(t, sender.Outcome{Final: true, Status: 554, Problem: said(eventsv1.DeliveryAttempt_MESSAGE_REFUSED, "the message is refused: 554")}, open(t, server(full)).Send(soon(t), job(t, eventsv1.Notification_TEST, lead("a@example.org"))))
	require.Equal(t, sender.Outcome{Problem: said(eventsv1.DeliveryAttempt_NO_MAIL_SERVER, "there is no server to send by: alerting.smtp")}, open(t, sender.Options{}).Send(soon(t), job(t, eventsv1.Notification_TEST, lead("a@example.org"))))
}

// A line break in what comes from outside makes no header and no second letter.
func TestNothingIsInjectedIntoALetter(t *testing.T) {
	t.Parallel()
	m := startMail(t, &mailServer{}, true)
	j := job(t, eventsv1.Notification_NEW, lead("a@example.org"))
	j.Document.Title = "hello\r\nBcc: evil@example.org\r\n\r\nbody"
	j.Document.Text = "one\r\n.\r\nMAIL FROM:<evil@example.org>\r\n<script>alert(1)</script>"
	require.True(t, open(t, server(m)).Send(soon(t), j).Delivered)
	require.Len(t, m.got(), 1)
	l := m.got()[0]
	require.Empty(t, l.header.Get("Bcc"))
	require.Equal(t, []string{"a@example.org"}, l.to)
	require.NotContains(t, decoded(t, l)["text/html"], "<script")
	require.Contains(t, decoded(t, l)["text/plain"], "MAIL FROM")

	j.Customer = "x@example.org>\r\nRCPT TO:<evil@example.org"
	require.Equal(t, sender.Outcome{Final: true, Problem: said(eventsv1.DeliveryAttempt_BAD_ADDRESS, "an address cannot be written to")}, open(t, server(m)).Send(soon(t), j))
}

func TestACustomerIsWrittenToAtTheirOwnAddress(t *testing.T) {
	t.Parallel()
	m := startMail(t, &mailServer{}, true)
	j := job(t, eventsv1.Notification_FALLBACK, lead("lead@example.org"))
	c := message.OfCustomer("C. Exemple", "fr", "after-delivery")
	j.Document, j.Customer = message.Document{Title: c.Title, Text: c.Text}, "client@example.org"
	require.True(t, open(t, server(m)).Send(soon(t), j).Delivered)
	require.Equal(t, []string{"client@example.org"}, m.got()[0].to)
	require.Equal(t, c.Text, decoded(t, m.got()[0])["text/plain"])
	require.NotContains(t, string(m.got()[0].raw), "lead@example.org")
}

func TestWhatIsWrongWithTheServerIsNamed(t *testing.T) {
	t.Parallel()
	require.NoError(t, sender.SMTP{}.Validate(), "there need be none")
	for want, c := range map[string]sender.SMTP{
		"smtp.host: is required":                {From: "a@example.org"},
		"smtp.from: must be":                    {Host: "mail.example.org"},
		"smtp.port":                             {Host: "mail.example.org", From: "a@example.org", Port: 70000},
		"smtp.tls: must be":                     {Host: "mail.example.org", From: "a@example.org", TLS: "maybe"},
		"smtp.tls: none is for":                 {Host: "mail.example.org", From: "a@example.org", TLS: sender.NoTLS},
		"smtp.password_file: is required with":  {Host: "mail.example.org", From: "a@example.org", Username: "u"},
		"smtp.username: is required":            {Host: "mail.example.org", From: "a@example.org", PasswordEnv: "X"},
		"smtp.password_file: a password_env is": {Host: "mail.example.org", From: "a@example.org", Username: "u", PasswordEnv: "X", PasswordFile: "y"},
		"cannot be read":                        {Host: "mail.example.org", From: "a@example.org", Username: "u", PasswordFile: "/nowhere/at/all"},
		"smtp.ca_file: holds no certificate":    {Host: "mail.example.org", From: "a@example.org", CAFile: file(t, "x").File},
	} {
		require.ErrorContains(t, c.Validate(), want)
	}
}

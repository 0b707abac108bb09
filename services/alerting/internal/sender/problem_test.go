package sender_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/message"
	"github.com/rappel-loop/rappel/services/alerting/internal/receiver"
	"github.com/rappel-loop/rappel/services/alerting/internal/sender"
)

func TestEveryProblemHasItsWordsAndIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../../docs/receivers.md")
	require.NoError(t, err)
	texts := map[string]bool{}
	for n, name := range eventsv1.DeliveryAttempt_Problem_name {
		if n == 0 {
			continue
		}
		p := sender.Because(eventsv1.DeliveryAttempt_Problem(n))
		require.Equal(t, eventsv1.DeliveryAttempt_Problem(n), p.Code())
		require.NotEmpty(t, p.String(), name)
		require.False(t, texts[p.String()], "two are told apart: %s", name)
		texts[p.String()] = true
		require.True(t, strings.Contains(string(page), "`"+name+"`"), "docs/receivers.md lacks %s", name) //nolint:testifylint // the page is long
	}
}

func TestATryIsStoredWithItsProblem(t *testing.T) {
	t.Parallel()
	require.Equal(t, &eventsv1.DeliveryAttempt{At: timestamppb.New(now), TookMs: 1500, Status: 200},
		sender.Outcome{Delivered: true, Status: 200}.Attempt(now, 1500*time.Millisecond))
	o := sender.Outcome{Delivered: true, Status: 250, Problem: said(eventsv1.DeliveryAttempt_SOME_ADDRESSES_REFUSED, "some").Of(1, 2).In("x")}
	require.Equal(t, &eventsv1.DeliveryAttempt{
		At: timestamppb.New(now), Status: 250, Error: "some", Problem: eventsv1.DeliveryAttempt_SOME_ADDRESSES_REFUSED, Refused: 1, Addresses: 2, Source: "x",
	}, o.Attempt(now, 0))
}

func TestWhatCannotBeSentByAHook(t *testing.T) {
	t.Parallel()
	hangsUp := hookServer(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	require.Equal(t, sender.Outcome{Problem: said(eventsv1.DeliveryAttempt_CONNECTION_LOST, "the connection ended")},
		local(t).Send(soon(t), job(t, eventsv1.Notification_TEST, hook(t, hangsUp.URL))))
	plain := hookServer(t, nil)
	require.Equal(t, sender.Outcome{Problem: said(eventsv1.DeliveryAttempt_NO_TLS, "it does not speak TLS there")},
		local(t).Send(soon(t), job(t, eventsv1.Notification_TEST, hook(t, strings.Replace(plain.URL, "http:", "https:", 1)))))
	require.Zero(t, plain.calls)

	chat := hook(t, "")
	chat.Kind, chat.Hook.Address = receiver.KindSlack, receiver.Secret{File: "/nowhere/at/all"}
	require.Equal(t, sender.Outcome{Problem: said(eventsv1.DeliveryAttempt_ADDRESS_NOT_THERE,
		"its address is not to be had: /nowhere/at/all cannot be read: no such file or directory").In("/nowhere/at/all")},
		local(t).Send(soon(t), job(t, eventsv1.Notification_TEST, chat)))

	unwritable := sender.Outcome{Final: true, Problem: said(eventsv1.DeliveryAttempt_MESSAGE_UNWRITABLE, "the message cannot be written as JSON")}
	bus := receiver.Config{Name: "bus", Kind: receiver.KindNATS, NATS: &receiver.NATS{Subject: "rappel.notify.v1.bus"}}
	for _, to := range []receiver.Config{hook(t, plain.URL), bus} {
		j := job(t, eventsv1.Notification_NEW, to)
		j.Facts.Firing = []message.Alert{{Movement: &message.Movement{Figure: math.NaN()}}}
		require.Equal(t, unwritable, local(t).Send(soon(t), j), to.Kind)
	}
	require.Equal(t, sender.Outcome{Problem: said(eventsv1.DeliveryAttempt_NO_NATS, "there is no NATS here")}, local(t).Send(soon(t), job(t, eventsv1.Notification_TEST, bus)))
	require.Equal(t, sender.Outcome{Problem: said(eventsv1.DeliveryAttempt_UNKNOWN_KIND, "the receiver is of no known kind")},
		local(t).Send(soon(t), job(t, eventsv1.Notification_TEST, receiver.Config{Name: "x"})))
}

func TestWhatCannotBeSentByMail(t *testing.T) {
	t.Parallel()
	send := func(m *mailServer, change func(*sender.SMTP), to ...string) sender.Outcome {
		return open(t, server(m, change)).Send(soon(t), job(t, eventsv1.Notification_TEST, lead(to...)))
	}
	as := func(password receiver.Secret) func(*sender.SMTP) {
		return func(o *sender.SMTP) {
			o.Username, o.PasswordFile, o.PasswordEnv = "rappel", password.File, password.Env
		}
	}
	same := func(*sender.SMTP) {}
	m := startMail(t, &mailServer{}, true)
	require.Equal(t, sender.Outcome{Final: true, Problem: said(eventsv1.DeliveryAttempt_NO_ADDRESS, "there is no address to write to")}, send(m, same))
	unreadable := sender.Outcome{Problem: said(eventsv1.DeliveryAttempt_MAIL_FILE_UNREADABLE, "a file or variable of alerting.smtp cannot be read")}
	for what, change := range map[string]func(*sender.SMTP){
		"a password that is gone":    as(receiver.Secret{File: "/nowhere/at/all"}),
		"one that is empty":          as(file(t, "")),
		"a variable that is not set": as(receiver.Secret{Env: "RAPPEL_TEST_NO_SUCH_SECRET"}),
		"certificates that are gone": func(o *sender.SMTP) { o.CAFile = "/nowhere/at/all" },
		"certificates that are none": func(o *sender.SMTP) { o.CAFile = file(t, "x").File },
	} {
		require.Equal(t, unreadable, send(m, change, "a@example.org"), what)
	}
	require.Equal(t, sender.Outcome{Problem: said(eventsv1.DeliveryAttempt_NO_AUTHORISATION, "the mail server offers no way to authorise that is known here")},
		send(startMail(t, &mailServer{ways: []string{"XOAUTH2"}}, true), as(file(t, "hush")), "a@example.org"))
	require.Equal(t, sender.Outcome{Status: 553, Problem: said(eventsv1.DeliveryAttempt_SENDER_REFUSED, "the sender's address is refused: 553")},
		send(startMail(t, &mailServer{from: &smtp.SMTPError{Code: 553, Message: "not you"}}, true), same, "a@example.org"))

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := &mailServer{port: l.Addr().(*net.TCPAddr).Port, caFile: m.caFile}
	require.NoError(t, l.Close())
	require.Equal(t, sender.Outcome{Problem: said(eventsv1.DeliveryAttempt_CONNECTION_REFUSED, "the mail server: nobody listens there")}, send(nobody, same, "a@example.org"))
	require.Empty(t, m.got())
}

// What a network does that a test cannot have it do.
func TestWhyNothingWasAnswered(t *testing.T) {
	t.Parallel()
	dialled := func(err error) error {
		return &url.Error{Op: "Post", URL: "https://hush.example.org/", Err: &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", err)}}
	}
	for _, c := range []struct {
		err  error
		want eventsv1.DeliveryAttempt_Problem
		text string
	}{
		{&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "hush.example.org", IsNotFound: true}}, eventsv1.DeliveryAttempt_NAME_UNKNOWN, "its name cannot be looked up"},
		{dialled(syscall.EHOSTUNREACH), eventsv1.DeliveryAttempt_UNREACHABLE, "it cannot be reached"},
		{dialled(syscall.ENETUNREACH), eventsv1.DeliveryAttempt_UNREACHABLE, "it cannot be reached"},
		{fmt.Errorf("x: %w", x509.HostnameError{}), eventsv1.DeliveryAttempt_CERTIFICATE_NOT_TRUSTED, "its certificate is not trusted"},
		{errors.New("hush"), eventsv1.DeliveryAttempt_CONNECTION_LOST, "the connection ended"},
	} {
		require.Equal(t, said(c.want, c.text), sender.Cause(context.Background(), c.err))
	}
}

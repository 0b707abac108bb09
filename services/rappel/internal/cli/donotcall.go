package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

const doNotCallLong = `Keep the list of those who are never called: by the id that you know them by, by phone
number, by e-mail address. What they answer is scored as anybody's; no callback is
opened, and an open one is canceled.

The list holds pseudonyms. It can be asked about somebody, and never for everybody.
docs/do-not-call.md says more. An agent whom a customer asks does it with
"rappel callbacks do-not-call".`

const doNotCallExample = `  rappel do-not-call add --phone "+33 6 39 98 20 11" --email client@example.org
  rappel do-not-call add --file opposed.txt --of phone
  rappel do-not-call check --customer C-1042
  rappel do-not-call remove --phone "+33 6 39 98 20 11"`

// doNotCallBatch is how many people one call names.
const doNotCallBatch = 1000

// DoNotCall returns the command do-not-call.
func DoNotCall() *cobra.Command { return doNotCallCommand(system()) }

func doNotCallCommand(e env) *cobra.Command {
	root := &cobra.Command{
		Use: "do-not-call", Short: "Keep the list of those who are never called", Long: doNotCallLong, Example: doNotCallExample,
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	add := &barring{env: e, verb: "add", short: "Put people on the list", said: func(n, of int) string { return counted(n, of, "put on the list", "were on it") }}
	remove := &barring{env: e, verb: "remove", short: "Take people off the list", said: func(n, of int) string { return counted(n, of, "taken off the list", "were not on it") }}
	root.AddCommand(add.command(), remove.command(), (&barring{env: e, verb: "check", short: "Say whether somebody is on the list"}).command())
	return root
}

// counted says how many were changed, and why the others were not.
func counted(n, of int, done, others string) string {
	if n == of {
		return fmt.Sprintf("%d %s", n, done)
	}
	return fmt.Sprintf("%d of %d %s; the others %s", n, of, done, others)
}

// barring is a command about the list being put together.
type barring struct {
	env
	verb, short             string
	person                  collectorv1.Person
	file, of                string
	server, keyFile, output string
	said                    func(n, of int) string
}

func (b *barring) command() *cobra.Command {
	cmd := &cobra.Command{
		Use: b.verb, Short: b.short, Long: b.short + ".\n\nA number without a country is read as the collector reads those of responses\n(collector.default_region).",
		Example: doNotCallExample, Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&b.person.CustomerId, "customer", "", "the id that you know them by")
	f.StringVar(&b.person.Phone, "phone", "", "their phone number")
	f.StringVar(&b.person.Email, "email", "", "their e-mail address")
	if b.verb != "check" {
		f.StringVar(&b.file, "file", "", "a file with one on each line; - is standard input")
		f.StringVar(&b.of, "of", "", "what the file holds: customer, phone or email")
	}
	f.StringVar(&b.server, "server", "", "the collector's address (default $RAPPEL_SERVER, else "+httpapi.DefaultServer+")")
	f.StringVar(&b.keyFile, "key-file", "", "file that holds the API key to send (default $RAPPEL_KEY)")
	f.StringVarP(&b.output, "output", "o", "text", "text or json")
	return cmd
}

func (b *barring) run(cmd *cobra.Command) error {
	if err := checkOutput(b.output); err != nil {
		return err
	}
	people, err := b.people(cmd.InOrStdin())
	if err != nil {
		return err
	}
	api, err := surveyAPI(b.env, b.server, b.keyFile)
	if err != nil {
		return err
	}
	if b.verb == "check" {
		return b.check(cmd, api)
	}
	return b.change(cmd, api, people)
}

// people are those whom the flags and the file name.
func (b *barring) people(in io.Reader) ([]*collectorv1.Person, error) {
	var all []*collectorv1.Person
	if !proto.Equal(&b.person, &collectorv1.Person{}) {
		all = append(all, &b.person)
	}
	if b.file != "" {
		listed, err := b.read(in)
		if err != nil {
			return nil, err
		}
		all = append(all, listed...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("say who: --customer, --phone or --email; rappel do-not-call %s --help shows examples", b.verb)
	}
	return all, nil
}

func (b *barring) read(in io.Reader) ([]*collectorv1.Person, error) {
	who := map[string]func(string) *collectorv1.Person{
		"customer": func(s string) *collectorv1.Person { return &collectorv1.Person{CustomerId: s} },
		"phone":    func(s string) *collectorv1.Person { return &collectorv1.Person{Phone: s} },
		"email":    func(s string) *collectorv1.Person { return &collectorv1.Person{Email: s} },
	}[b.of]
	if who == nil {
		return nil, errors.New("--of: must be customer, phone or email: what the lines of --file are")
	}
	if b.file != "-" {
		f, err := os.Open(b.file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	var all []*collectorv1.Person
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff")); line != "" {
			all = append(all, who(line))
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", b.file, err)
	}
	return all, nil
}

// change sends the people, a batch at a time: what is repeated changes nothing.
func (b *barring) change(cmd *cobra.Command, api *httpapi.Client, people []*collectorv1.Person) error {
	total, done := 0, 0
	for some := range slices.Chunk(people, doNotCallBatch) {
		// Both changes look alike.
		body, err := protojson.Marshal(&collectorv1.AddDoNotCallRequest{People: some})
		if err != nil {
			return err
		}
		answer, err := api.Do(cmd.Context(), http.MethodPost, "/v1/doNotCall:"+b.verb, nil, body)
		if err != nil {
			if done > 0 {
				err = fmt.Errorf("%w\nthe first %d are done; the same command again goes on", err, done)
			}
			return linkError(err, "")
		}
		n, err := b.changed(answer)
		if err != nil {
			return err
		}
		total, done = total+n, done+len(some)
	}
	if b.output == "json" {
		return printBody(cmd.OutOrStdout(), fmt.Appendf(nil, `{"people":%d,"changed":%d}`, done, total))
	}
	of := 0
	for _, p := range people {
		for _, s := range []string{p.GetCustomerId(), p.GetPhone(), p.GetEmail()} {
			if s != "" {
				of++
			}
		}
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), b.said(total, of))
	return err
}

func (b *barring) changed(answer []byte) (int, error) {
	if b.verb == "remove" {
		resp := &collectorv1.RemoveDoNotCallResponse{}
		err := read(answer, resp)
		return int(resp.GetRemoved()), err
	}
	resp := &collectorv1.AddDoNotCallResponse{}
	err := read(answer, resp)
	return int(resp.GetAdded()), err
}

func (b *barring) check(cmd *cobra.Command, api *httpapi.Client) error {
	body, err := protojson.Marshal(&collectorv1.CheckDoNotCallRequest{Person: &b.person})
	if err != nil {
		return err
	}
	answer, err := api.Do(cmd.Context(), http.MethodPost, "/v1/doNotCall:check", nil, body)
	if err != nil {
		return linkError(err, "")
	}
	if b.output == "json" {
		return printBody(cmd.OutOrStdout(), answer)
	}
	resp := &collectorv1.CheckDoNotCallResponse{}
	if err := read(answer, resp); err != nil {
		return err
	}
	text := "not on the list"
	if resp.GetListed() {
		text = "on the list since " + resp.GetSince().AsTime().In(b.zone).Format("2006-01-02 15:04")
		if resp.GetBy() != "" {
			text += ", by " + oneLine(resp.GetBy())
		}
		if resp.GetCallbackId() != "" {
			text += ", asked in " + oneLine(resp.GetCallbackId())
		}
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), text)
	return err
}

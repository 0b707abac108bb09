package cli

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/durationpb"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

const surveyLong = `Make the links by which customers answer surveys of your own, and what shows an
open one in a page of your site.

docs/surveys.md says how a survey is written; sample/surveys has one.`

const surveyLinkLong = `Make a link to a survey, for one customer. Nothing is stored: the link itself says,
sealed, whom it is for. Whoever has it can answer for the customer until it expires.

With --choices a link for each value of the first question is shown, too: for a mail in
which the customer answers by one click.`

const surveyLinkExample = `  rappel survey link apres-livraison --customer C-1042 --email client@example.org
  rappel survey link apres-livraison --customer C-1042 --language en --choices
  rappel survey link apres-livraison --customer C-1042 --callback ID -o json`

// Survey is `rappel survey` with its commands.
func Survey() *cobra.Command { return surveyCommand(system()) }

func surveyCommand(e env) *cobra.Command {
	root := &cobra.Command{
		Use: "survey", Short: "Make links to surveys of your own, and show them on your site", Long: surveyLong, Example: surveyLinkExample + "\n" + surveySnippetExample,
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(surveyLinkCommand(e), surveySnippetCommand(e))
	return root
}

type linkOptions struct {
	server, keyFile, output string
	days                    int
	choices                 bool
	customer                eventsv1.Customer
	req                     collectorv1.CreateInvitationRequest
}

func surveyLinkCommand(e env) *cobra.Command {
	o := &linkOptions{}
	cmd := &cobra.Command{
		Use: "link SURVEY", Short: "Make a link for one customer", Long: surveyLinkLong, Example: surveyLinkExample,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("name one survey; rappel survey link --help shows examples")
			}
			return makeLink(cmd, e, o, args[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.customer.Id, "customer", "", "the customer's id in your own system")
	f.StringVar(&o.customer.Name, "name", "", "name as it should be said aloud")
	f.StringVar(&o.customer.Email, "email", "", "e-mail address")
	f.StringVar(&o.customer.Phone, "phone", "", "phone number")
	f.StringVar(&o.customer.Language, "language", "", "language of the page, as fr or en")
	f.StringVar(&o.req.Channel, "channel", "", "how the link reaches them, as email or sms")
	f.StringVar(&o.req.Touchpoint, "touchpoint", "", "where in their journey they are asked")
	f.StringVar(&o.req.CallbackId, "callback", "", "the callback that they are asked about")
	f.StringVar(&o.req.ResponseId, "response", "", "the response's id, as an order's number (default: one is made)")
	f.StringToStringVar(&o.req.Attributes, "attribute", nil, "what else shall stand in the response, as store=12")
	f.IntVar(&o.days, "days", 0, "how many days the link can be used (default: as the survey says)")
	f.BoolVar(&o.choices, "choices", false, "show a link for each value of the first question, too")
	f.StringVar(&o.server, "server", "", "the collector's address (default $RAPPEL_SERVER, else "+httpapi.DefaultServer+")")
	f.StringVar(&o.keyFile, "key-file", "", "file that holds the API key to send (default $RAPPEL_KEY)")
	f.StringVarP(&o.output, "output", "o", "text", "text or json")
	return cmd
}

func makeLink(cmd *cobra.Command, e env, o *linkOptions, survey string) error {
	if err := checkOutput(o.output); err != nil {
		return err
	}
	api, err := surveyAPI(e, o.server, o.keyFile)
	if err != nil {
		return err
	}
	o.req.Customer = &o.customer
	if o.days != 0 {
		o.req.ValidFor = durationpb.New(time.Duration(o.days) * 24 * time.Hour)
	}
	body, err := protojson.Marshal(&o.req)
	if err != nil {
		return err
	}
	answer, err := api.Do(cmd.Context(), http.MethodPost, "/v1/surveys/"+url.PathEscape(survey)+"/invitations", nil, body)
	if err != nil {
		return linkError(err, survey)
	}
	if o.output == "json" {
		return printBody(cmd.OutOrStdout(), answer)
	}
	resp := &collectorv1.CreateInvitationResponse{}
	if err := read(answer, resp); err != nil {
		return err
	}
	return printLink(cmd.OutOrStdout(), resp, o.choices, e.zone)
}

// surveyAPI is the collector that was named, called with the key that was.
func surveyAPI(e env, server, keyFile string) (*httpapi.Client, error) {
	if server == "" {
		server = e.getenv("RAPPEL_SERVER")
	}
	key, err := readKey(e, keyFile)
	if err != nil {
		return nil, err
	}
	api, err := httpapi.New(server, e.client)
	if err != nil {
		return nil, err
	}
	return api.WithKey(key), nil
}

func linkError(err error, survey string) error {
	var away *httpapi.Unreachable
	if errors.As(err, &away) {
		return fmt.Errorf("%w\nstart a server with `rappel run`, or name another: --server or RAPPEL_SERVER", err)
	}
	var refused *httpapi.StatusError
	if errors.As(err, &refused) && refused.Reason == "SURVEY_UNKNOWN" {
		return fmt.Errorf("there is no survey %q: the files of collector.surveys_dir say which there are", survey)
	}
	return err
}

func printLink(w io.Writer, resp *collectorv1.CreateInvitationResponse, choices bool, zone *time.Location) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", resp.GetUrl())
	if choices {
		for _, c := range resp.GetChoices() {
			fmt.Fprintf(&b, "%g  %s\n", c.GetValue(), c.GetUrl())
		}
	}
	fmt.Fprintf(&b, "until %s, as response %s\n", resp.GetExpiresAt().AsTime().In(zone).Format("2006-01-02 15:04"), oneLine(resp.GetResponseId()))
	_, err := io.WriteString(w, b.String())
	return err
}

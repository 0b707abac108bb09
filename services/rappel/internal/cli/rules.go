package cli

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

const rulesLong = `Look at the rules that decide who is called back, try others on the answers of the
past, and put them in force. docs/rules.md says how rules are written.

Where alerting.rules_file names a file, that file decides: change it, and it is in
force within seconds. Elsewhere "rappel rules put" does.`

const rulesExample = `  rappel rules list
  rappel rules validate my-rules.yaml
  rappel rules rehearse my-rules.yaml --since 30d
  rappel rules put my-rules.yaml --by claire
  rappel rules versions
  rappel rules show 12 --diff 11
  rappel rules metrics

  rappel rules fallbacks`

// rulesDesk is what the commands about rules share.
type rulesDesk struct {
	env
	server, output string
	api            *httpapi.Client
}

// Rules is `rappel rules` with its commands.
func Rules() *cobra.Command { return rulesCommand(system()) }

func rulesCommand(e env) *cobra.Command {
	root := &cobra.Command{
		Use: "rules", Short: "See, try and change the rules that decide who is called", Long: rulesLong, Example: rulesExample,
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	d := &rulesDesk{env: e}
	root.PersistentFlags().StringVar(&d.server, "server", "", "the alerting's address (default $RAPPEL_SERVER, else "+httpapi.DefaultServer+")")
	root.PersistentFlags().StringVarP(&d.output, "output", "o", "text", "text or json")
	for _, cmd := range []*cobra.Command{d.list(), d.validate(), d.put(), d.versions(), d.show(), d.rehearse(), d.metrics(), d.fallbacks()} {
		run := cmd.RunE
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if err := d.prepare(); err != nil {
				return err
			}
			return run(cmd, args)
		}
		root.AddCommand(cmd)
	}
	return root
}

func (d *rulesDesk) prepare() error {
	if err := checkOutput(d.output); err != nil {
		return err
	}
	if d.server == "" {
		d.server = d.getenv("RAPPEL_SERVER")
	}
	var err error
	d.api, err = httpapi.New(d.server, d.client)
	return err
}

// ask makes a call and reads its answer. As JSON it is printed as it came, and done is true.
func (d *rulesDesk) ask(cmd *cobra.Command, method, path string, req, resp proto.Message) (done bool, err error) {
	answer, err := d.answer(cmd, method, path, req)
	if err != nil {
		return false, err
	}
	if d.output == "json" {
		return true, printBody(cmd.OutOrStdout(), answer)
	}
	return false, read(answer, resp)
}

func (d *rulesDesk) answer(cmd *cobra.Command, method, path string, req proto.Message) ([]byte, error) {
	var body []byte
	if req != nil {
		var err error
		if body, err = protojson.Marshal(req); err != nil {
			return nil, err
		}
	}
	answer, err := d.api.Do(cmd.Context(), method, path, nil, body)
	return answer, linkError(err, "")
}

func (d *rulesDesk) list() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show the rules that run, and how often each has fired", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			resp := &alertingv1.ListRulesResponse{}
			if done, err := d.ask(cmd, http.MethodGet, "/v1/rules", nil, resp); done || err != nil {
				return err
			}
			return d.printRules(cmd.OutOrStdout(), resp)
		},
	}
}

func (d *rulesDesk) printRules(out io.Writer, resp *alertingv1.ListRulesResponse) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "version %s\n", d.versionLine(resp.GetVersion())) // what fails shows at the flush
	if resp.GetFile() != "" {
		_, _ = fmt.Fprintf(w, "decided by %s\n", oneLine(resp.GetFile()))
	}
	_, _ = fmt.Fprintf(w, "alerts since %s, on the replica that answered\n\nRULE\tSEVERITY\tTEAM\tQUEUE\tPRIORITY\tTELLS\tSTANDS\tFALLBACKS\tSTOP\tRAISED\tRESOLVED\tFAILED\n",
		resp.GetCountedSince().AsTime().In(d.zone).Format("2006-01-02 15:04"))
	for _, r := range resp.GetRules() {
		queue, priority, tells, stands, stop := "-", "-", "-", "-", "-"
		if r.GetCallback() != nil {
			queue, priority = r.GetCallback().GetQueue(), fmt.Sprint(r.GetCallback().GetPriority())
		}
		if r.GetNotify() {
			tells = "yes"
		}
		if r.GetResolvesAfter() != nil {
			stands = spanText(r.GetResolvesAfter())
		}
		if r.GetStop() {
			stop = "stop"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", oneLine(r.GetName()), severityWord(r.GetSeverity()), dash(oneLine(r.GetTeam())), oneLine(queue), priority,
			tells, stands, dash(oneLine(strings.Join(r.GetFallbacks(), ","))), stop, grouped(int64(r.GetRaised())), grouped(int64(r.GetResolved())), grouped(int64(r.GetFailed()))) //nolint:gosec // counts are small
	}
	return w.Flush()
}

func (d *rulesDesk) versionLine(v *alertingv1.RulesVersion) string {
	parts := []string{oneLine(v.GetVersion())}
	if v.GetNumber() > 0 {
		parts = append(parts, fmt.Sprintf("number %d", v.GetNumber()))
	}
	if v.GetAt() != nil {
		parts = append(parts, "since "+v.GetAt().AsTime().In(d.zone).Format("2006-01-02 15:04"))
	}
	return strings.Join(append(parts, origin(v)), ", ")
}

// origin says in words how a version came in.
func origin(v *alertingv1.RulesVersion) string {
	switch v.GetOrigin() {
	case eventsv1.RulesStored_FILE:
		return "from the file"
	case eventsv1.RulesStored_API:
		if v.GetBy() != "" {
			return "put by " + oneLine(v.GetBy())
		}
		return "put by the API"
	default:
		return "shipped"
	}
}

func severityWord(s eventsv1.Severity) string {
	if s == eventsv1.Severity_SEVERITY_UNSPECIFIED {
		s = eventsv1.Severity_MEDIUM
	}
	return strings.ToLower(s.String())
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// rulesText reads a file of rules; - is standard input.
func rulesText(cmd *cobra.Command, args []string) (string, error) {
	if len(args) != 1 {
		return "", errors.New("name one file; rappel rules --help shows examples")
	}
	if args[0] == "-" {
		text, err := io.ReadAll(cmd.InOrStdin())
		return string(text), err
	}
	text, err := os.ReadFile(args[0])
	return string(text), err
}

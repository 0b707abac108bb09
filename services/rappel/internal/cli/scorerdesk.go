package cli

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

// scorerDesk is what the commands that speak to a scorer share.
type scorerDesk struct {
	env
	server, lang, output, by string

	w   *words
	s   *scorerWords
	api *httpapi.Client
}

// addScorerCommands adds the commands that speak to a scorer.
func addScorerCommands(root *cobra.Command, e env) {
	w, _ := language("", e.getenv)
	h := w.scorer()
	for _, make := range []func(*scorerDesk, *scorerWords) *cobra.Command{analyseCommand, correctCommand, trainCommand, modelsCommand, promoteCommand} {
		d := &scorerDesk{env: e}
		cmd := make(d, h)
		text := h.Commands[cmd.Name()]
		cmd.Short, cmd.Long, cmd.Example = text.Short, text.Long, text.Example
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		run := cmd.RunE
		ofFiles := taken(root, cmd)
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if ofFiles != nil && len(args) > 0 {
				return ofFiles(cmd, args)
			}
			if err := d.prepare(); err != nil {
				return err
			}
			return run(cmd, args)
		}
		f := cmd.Flags()
		f.StringVar(&d.server, "server", "", h.Flags["server"])
		f.StringVar(&d.lang, "lang", "", h.Flags["lang"])
		f.StringVarP(&d.output, "output", "o", "text", h.Flags["output"])
		root.AddCommand(cmd)
	}
}

// taken takes the place of a command of the same name that works on files: train with files
// is done here, without any by the scorer. It returns how that command runs.
func taken(root, cmd *cobra.Command) func(*cobra.Command, []string) error {
	for _, other := range root.Commands() {
		if other.Name() == cmd.Name() {
			other.Flags().VisitAll(cmd.Flags().AddFlag)
			root.RemoveCommand(other)
			return other.RunE
		}
	}
	return nil
}

// prepare reads what they share.
func (d *scorerDesk) prepare() error {
	w, ok := language(d.lang, d.getenv)
	if d.w, d.s = w, w.scorer(); !ok {
		return errors.New(w.BadLang)
	}
	if checkOutput(d.output) != nil {
		return errors.New(w.BadOutput)
	}
	if d.server == "" {
		d.server = d.getenv("RAPPEL_SERVER")
	}
	if d.by == "" {
		d.by = d.getenv("RAPPEL_AGENT")
	}
	api, err := httpapi.New(d.server, d.client)
	d.api = api
	return err
}

// ask makes a call and reads its answer; as JSON it is printed as it came, and done is true.
func (d *scorerDesk) ask(cmd *cobra.Command, method, path string, req, resp proto.Message) (done bool, err error) {
	var body []byte
	if req != nil {
		if body, err = protojson.Marshal(req); err != nil {
			return false, err
		}
	}
	answer, err := d.api.Do(cmd.Context(), method, path, nil, body)
	if err != nil {
		return false, d.failed(err)
	}
	if d.output == "json" {
		return true, printBody(cmd.OutOrStdout(), answer)
	}
	return false, read(answer, resp)
}

// failed explains what a person can do about an error.
func (d *scorerDesk) failed(err error) error {
	var away *httpapi.Unreachable
	var refused *httpapi.StatusError
	switch {
	case errors.As(err, &away):
		return fmt.Errorf("%w\n%s", err, d.s.Unreachable)
	case errors.As(err, &refused) && d.s.Reasons[refused.Reason] != "":
		return fmt.Errorf("%s (%w)", d.s.Reasons[refused.Reason], err)
	case errors.As(err, &refused) && refused.HTTP == http.StatusNotFound && refused.Reason == "NO_SUCH_PATH":
		return fmt.Errorf("%w\n%s", err, d.s.Unreachable)
	}
	return err
}

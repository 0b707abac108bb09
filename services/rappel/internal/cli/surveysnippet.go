package cli

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

const surveySnippetLong = `Print the HTML that shows an open survey in a page of your site: put it where the survey
shall stand. The script makes a frame as high as what it shows; who has no scripts gets
a frame that scrolls. Nothing but the survey is in it, and it sets no cookie.

The survey's file must open it and name your site's origin (open.embed). Where your site
has a Content-Security-Policy, allow the survey's address in script-src and frame-src.`

const surveySnippetExample = `  rappel survey snippet apres-achat
  rappel survey snippet apres-achat --language fr`

type snippetOptions struct{ server, keyFile, language, output string }

func surveySnippetCommand(e env) *cobra.Command {
	o := &snippetOptions{}
	cmd := &cobra.Command{
		Use: "snippet SURVEY", Short: "Print the HTML that shows an open survey on your site", Long: surveySnippetLong, Example: surveySnippetExample,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("name one survey; rappel survey snippet --help shows examples")
			}
			return makeSnippet(cmd, e, o, args[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.language, "language", "", "fr or en (default: that of the page it stands in)")
	f.StringVar(&o.server, "server", "", "the collector's address (default $RAPPEL_SERVER, else "+httpapi.DefaultServer+")")
	f.StringVar(&o.keyFile, "key-file", "", "file that holds the API key to send (default $RAPPEL_KEY)")
	f.StringVarP(&o.output, "output", "o", "text", "text or json")
	return cmd
}

func makeSnippet(cmd *cobra.Command, e env, o *snippetOptions, survey string) error {
	if err := checkOutput(o.output); err != nil {
		return err
	}
	if o.language != "" && o.language != "fr" && o.language != "en" {
		return fmt.Errorf("--language %s: must be fr or en", o.language)
	}
	api, err := surveyAPI(e, o.server, o.keyFile)
	if err != nil {
		return err
	}
	answer, err := api.Do(cmd.Context(), http.MethodGet, "/v1/surveys/"+url.PathEscape(survey), nil, nil)
	if err != nil {
		return linkError(err, survey)
	}
	resp := &collectorv1.GetSurveyResponse{}
	if err := read(answer, resp); err != nil {
		return err
	}
	if resp.GetOpenUrl() == "" {
		return fmt.Errorf("the survey %q is answered by links only: add `open: {embed: [https://shop.example]}` to its file", survey)
	}
	if o.output == "json" {
		return printBody(cmd.OutOrStdout(), answer)
	}
	if _, err := fmt.Fprint(cmd.OutOrStdout(), snippet(resp, o.language)); err != nil {
		return err
	}
	if len(resp.GetEmbed()) == 0 {
		_, err = fmt.Fprintln(cmd.ErrOrStderr(), "no site may show it yet: name yours in the survey's file, as open: {embed: [https://shop.example]}")
	}
	return err
}

// snippet is the script, and what stands in for it where there are no scripts.
func snippet(s *collectorv1.GetSurveyResponse, language string) string {
	script := &element{"script", [][2]string{{"src", s.GetWidgetUrl()}, {"data-survey", s.GetSurvey()}}}
	page, title := s.GetOpenUrl(), s.GetTitles()["fr"]+" / "+s.GetTitles()["en"]
	if language != "" {
		title = s.GetTitles()[language]
		page += "?" + url.Values{"lang": {language}}.Encode()
		script.set("data-lang", language)
		script.set("data-title", title)
	}
	script.set("async", "")
	frame := &element{"iframe", [][2]string{{"src", page}, {"title", title}, {"width", "100%"}, {"height", "700"}}}
	return script.String() + "\n<noscript>" + frame.String() + "</noscript>\n"
}

// element is one of HTML, with nothing in it.
type element struct {
	name       string
	attributes [][2]string
}

func (e *element) set(name, value string) {
	e.attributes = append(e.attributes, [2]string{name, value})
}

// String writes it; an attribute without a value stands alone.
func (e *element) String() string {
	var b strings.Builder
	b.WriteString("<" + e.name)
	for _, a := range e.attributes {
		b.WriteString(" " + a[0])
		if a[1] != "" {
			b.WriteString(`="` + html.EscapeString(a[1]) + `"`)
		}
	}
	b.WriteString("></" + e.name + ">")
	return b.String()
}

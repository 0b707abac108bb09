package message_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/message"
)

var update = flag.Bool("update", false, "write what is said into testdata")

var now = time.Date(2026, 12, 1, 9, 47, 0, 0, time.UTC)

func paris(t *testing.T) *time.Location {
	z, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	return z
}

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

func TestWhatIsSaid(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"fr", "en"} {
		var all strings.Builder
		for _, kind := range message.Kinds() {
			o := message.Options{
				Delivery: "dlv-1", Receiver: "chat", Language: language, Zone: paris(t), PublicURL: "https://rappel.example.org",
			}
			if kind == eventsv1.Notification_NEW {
				o.Customers = message.SampleCustomers()
			}
			d := message.Describe(message.Of(message.Sample(kind, now), o))
			_, _ = fmt.Fprintf(&all, "=== %s\n%s\n\n%s\n", kind, d.Title, d.Plain())
		}
		single := message.Sample(eventsv1.Notification_NEW, now)
		single.Firing, single.MoreFiring, single.Severity = single.Firing[1:2], 0, eventsv1.Severity_HIGH
		d := message.Describe(message.Of(single, message.Options{Language: language, Zone: paris(t)}))
		_, _ = fmt.Fprintf(&all, "=== a single one\n%s\n\n%s\n", d.Title, d.Plain())
		single.Firing[0].State = eventsv1.AlertState_ACKNOWLEDGED
		single.Firing[0].Acknowledgement = &eventsv1.Acknowledgement{By: "claire"}
		single.Firing = append(single.Firing, message.Sample(eventsv1.Notification_NEW, now).Firing[0])
		d = message.Describe(message.Of(single, message.Options{Language: language, Zone: paris(t)}))
		_, _ = fmt.Fprintf(&all, "=== one of two is looked after\n%s\n\n%s\n", d.Title, d.Plain())
		over := message.Sample(eventsv1.Notification_REPEATED, now)
		over.Resolved = message.Sample(eventsv1.Notification_RESOLVED, now).Resolved[:1]
		d = message.Describe(message.Of(over, message.Options{Language: language, Zone: paris(t)}))
		_, _ = fmt.Fprintf(&all, "=== one is over, others stand\n%s\n\n%s\n", d.Title, d.Plain())
		over.Firing, over.MoreFiring, over.MoreResolved = single.Firing[:1], 0, 2
		d = message.Describe(message.Of(over, message.Options{Language: language, Zone: paris(t)}))
		_, _ = fmt.Fprintf(&all, "=== some are over, the other is looked after\n%s\n\n%s\n", d.Title, d.Plain())
		ended := message.Sample(eventsv1.Notification_FALLBACK, now)
		ended.Fallback.Active, ended.Fallback.WaitSeconds = false, nil
		d = message.Describe(message.Of(ended, message.Options{Language: language}))
		_, _ = fmt.Fprintf(&all, "=== a fallback has ended\n%s\n\n%s\n", d.Title, d.Plain())
		c := message.OfCustomer("C. Exemple", language, "after-delivery")
		_, _ = fmt.Fprintf(&all, "=== to a customer\n%s\n\n%s\n", c.Title, c.Text)
		golden(t, "said."+language+".txt", all.String())
	}
}

func TestTheBuiltInPage(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"fr", "en"} {
		f := message.Of(message.Sample(eventsv1.Notification_NEW, now), message.Options{
			Language: language, Zone: paris(t), PublicURL: "https://rappel.example.org", Customers: message.SampleCustomers(),
		})
		golden(t, "page."+language+".html", message.Describe(f).Page(language))
	}
}

// hostile is what must not become anything but text.
const hostile = "</td><script>alert(1)</script>\r\nBcc: x@example.org\x00\u202e<!channel> @everyone [here](http://evil.example)"

func TestWhatComesFromOutsideStaysText(t *testing.T) {
	t.Parallel()
	n := message.Sample(eventsv1.Notification_NEW, now)
	for _, a := range n.Firing {
		a.Rule, a.Survey = hostile, hostile
		a.Labels = map[string]string{"theme": hostile, "team": hostile}
	}
	n.Route, n.Group = hostile, hostile
	customers := map[string]*message.Customer{"sample-1": {Name: hostile, Verbatims: []string{hostile}}}
	f := message.Of(n, message.Options{Language: "en", PublicURL: "https://rappel.example.org", Customers: customers})
	for _, text := range []message.Templates{{}, {Title: parsed(t, "{{.Title}} {{range .Firing}}{{.Labels.theme}}{{end}}", false), Text: parsed(t, "{{range .Firing}}{{.Survey}}{{end}}", false), HTML: parsed(t, `<p title="{{.Route}}">{{.Group}}</p>`, true)}} {
		d, err := text.Render(f)
		require.NoError(t, err)
		require.NotContains(t, d.Title, "\n")
		require.NotContains(t, d.Title, "\r")
		require.LessOrEqual(t, len([]rune(d.Title)), message.MaxTitle)
		page := d.Page("en")
		require.NotContains(t, page, "<script")
		for _, s := range []string{d.Title, d.Plain()} {
			require.NotContains(t, s, "\x00")
			require.NotContains(t, s, "\u202e", "a mark that turns the direction")
			require.NotContains(t, s, "\r")
		}
		require.NotContains(t, "\n"+d.Plain(), "\nBcc", "no line of its own")
	}
}

func parsed(t *testing.T, text string, html bool) *message.Template {
	t.Helper()
	p, err := message.Parse(text, html)
	require.NoError(t, err)
	return p
}

func TestATemplateOfOnesOwn(t *testing.T) {
	t.Parallel()
	f := message.Of(message.Sample(eventsv1.Notification_NEW, now), message.Options{Language: "fr", Customers: message.SampleCustomers(), Receiver: "chat"})
	for template, want := range map[string]string{
		`{{.FiringCount}} {{.Receiver}} {{upper .Severity}}`:                                               "12 chat CRITICAL\n",
		`{{range .Firing}}{{.Rule}}{{with .Value}} {{number "fr" .}}{{end}};{{end}}`:                       "legal-threat 0;detractor 2;nps-drop;\n",
		`{{range .Firing}}{{with .Movement}}{{number "fr" .Reference}} {{ago "fr" .Window}}{{end}}{{end}}`: "18,5 24 h\n",
		`{{range .Firing}}{{with .Customer}}{{.Name}} {{join ", " .Verbatims}}{{end}}{{end}}`:              "C. Exemple Livré avec trois semaines de retard, je consulte un avocat.\n",
		`{{theme .Language .Labels.theme}} {{date "15:04" .At}}`:                                           "délai de livraison 09:47\n",
		`{{if and (eq .Kind "new") (gt .FiringCount 3)}}many{{else}}few{{end}}`:                            "many\n",
		`{{with .Fallback}}{{.Name}}{{end}}`:                                                               "", // says nothing: the built-in text does
	} {
		d, err := message.Templates{Text: parsed(t, template, false)}.Render(f)
		require.NoError(t, err, template)
		if want == "" {
			want = message.Describe(f).Plain()
		}
		require.Equal(t, want, d.Plain(), template)
	}
}

func TestATemplateThatIsWrongIsNamedWithItsLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a\nb {{.Nothing}}":                                      "line 2: <.Nothing>: can't evaluate field Nothing",
		"{{.Title":                                               "line 1: unclosed action",
		"a\n\n{{wrong}}":                                         `line 3: function "wrong" not defined`,
		"{{printf \"%999999d\" 1}}":                              `line 1: function "printf" not defined`,
		"{{.Fallback.Name}}":                                     "nil pointer",
		"{{range 1000000000}}x{{end}}":                           "line 1: a loop goes over one of",
		"{{$n := 1000000000}}\n{{range $n}}x{{end}}":             "line 2: a loop goes over one of",
		"{{range .FiringCount}}x{{end}}":                         "a loop goes over one of",
		`{{define "x"}}{{template "x" .}}{{end}}`:                "must define no other template",
		"{{template \"template\" .}}":                            "must call no other template",
		"{{$x := .Title}}{{range .Firing}}{{$x = .Rule}}{{end}}": "set once",
		strings.Repeat("{{range .Firing}}", 4) + strings.Repeat("{{end}}", 4):                                         "3 deep",
		strings.Repeat("x", message.MaxTemplate+1):                                                                    "longer than",
		"{{range .Firing}}{{range $.Firing}}{{range $.Firing}}" + strings.Repeat("x", 9000) + "{{end}}{{end}}{{end}}": "writes more than",
	} {
		_, err := message.Parse(text, false)
		var f *message.Fault
		require.ErrorAs(t, err, &f, text)
		require.ErrorContains(t, err, want, text)
		_, err = message.Parse(text, true)
		require.ErrorAs(t, err, &f, text)
	}
	_, err := message.ParseCustomer("{{.Name}}, {{.Firing}}", false)
	require.ErrorContains(t, err, "Firing")
}

// What fails when it is sent is said by the built-in text, and not lost.
func TestAMessageIsSentWhateverItsTemplateDoes(t *testing.T) {
	t.Parallel()
	text := parsed(t, `{{range .Firing}}{{(index .Labels "theme")}}`+strings.Repeat("x", 1000)+`{{end}}`, false)
	n := message.Sample(eventsv1.Notification_NEW, now)
	for range 100 {
		n.Firing = append(n.Firing, n.Firing[0])
	}
	n.At = timestamppb.New(now)
	f := message.Of(n, message.Options{Language: "en"})
	d, err := message.Templates{Text: text}.Render(f)
	require.ErrorContains(t, err, "body: line 1: it writes more than")
	require.Equal(t, message.Describe(f).Plain(), d.Plain())
}

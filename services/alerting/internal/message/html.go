package message

import (
	"html/template"
	"strings"
)

// page is the built-in HTML: one column, inline styles and no images, as mail programs need
// it.
var page = template.Must(template.New("page").Funcs(template.FuncMap{"colour": colour}).Parse(`<!doctype html>
<html lang="{{.Language}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.D.Title}}</title></head>
<body style="margin:0;padding:16px;background:#f4f5f7;font-family:system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif;color:#1c2430">
<div style="max-width:640px;margin:0 auto;padding:24px;background:#ffffff;border-radius:8px">
<h1 style="margin:0 0 12px;font-size:20px;line-height:1.3">{{.D.Title}}</h1>
{{range .Paragraphs}}<p style="margin:0 0 12px;line-height:1.5">{{.}}</p>
{{end}}{{with .D.Rows}}<table style="margin:0 0 16px;border-collapse:collapse;font-size:14px">
{{range .}}<tr><th scope="row" style="padding:2px 16px 2px 0;text-align:left;font-weight:600;color:#55606e;vertical-align:top">{{.Name}}</th><td style="padding:2px 0">{{.Value}}</td></tr>
{{end}}</table>
{{end}}{{range .D.Items}}<div style="margin:0 0 12px;padding:8px 12px;border-left:4px solid {{colour .Severity}};background:#f8f9fb">
<div style="font-weight:600">{{.Head}}</div>
{{with .Detail}}<div style="font-size:14px;color:#55606e">{{.}}</div>
{{end}}{{with .Contact}}<div style="font-size:14px">{{.}}</div>
{{end}}{{range .Quotes}}<div style="margin-top:6px;font-style:italic">{{.}}</div>
{{end}}</div>
{{end}}{{with .D.More}}<p style="margin:0 0 12px;color:#55606e">{{.}}</p>
{{end}}{{with .D.Next}}<p style="margin:0 0 16px;line-height:1.5;font-weight:600">{{.}}</p>
{{end}}{{if .D.URL}}<p style="margin:0 0 16px"><a href="{{.D.URL}}" style="display:inline-block;padding:10px 16px;background:#1f5fbf;color:#ffffff;border-radius:6px;text-decoration:none">{{.D.Look}}</a></p>
{{end}}{{with .D.Footer}}<p style="margin:16px 0 0;font-size:12px;color:#7a8492">{{.}}</p>
{{end}}</div></body></html>
`))

// colour is of a severity; it is no data.
func colour(severity string) template.CSS {
	switch severity {
	case "critical":
		return "#b3161b"
	case "high":
		return "#d9620f"
	case "medium":
		return "#c79a00"
	default:
		return "#7a8492"
	}
}

// Page is the document as HTML, whole.
func (d Document) Page(language string) string {
	if d.HTML != "" {
		return d.HTML
	}
	lead := d.Lead
	if d.Text != "" {
		lead = d.Text
		d = Document{Title: d.Title}
	}
	var paragraphs []string
	for p := range strings.SplitSeq(lead, "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			paragraphs = append(paragraphs, p)
		}
	}
	var b strings.Builder
	err := page.Execute(&b, struct {
		Language   string
		D          Document
		Paragraphs []string
	}{language, d, paragraphs})
	if err != nil {
		panic("message: the built-in page: " + err.Error()) // it has been tried with every kind
	}
	return b.String()
}

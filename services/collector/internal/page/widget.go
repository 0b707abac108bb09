package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// WidgetPath is the script that shows an open survey in a page of another site.
const WidgetPath = "/widget.js"

//go:embed widget.js
var widgetJS string

var widgetTag = func() string {
	sum := sha256.Sum256([]byte(widgetJS))
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}()

// widget answers with the script; it is the same for everybody.
func widget(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("ETag", widgetTag)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	http.ServeContent(w, r, "widget.js", time.Time{}, strings.NewReader(widgetJS))
}

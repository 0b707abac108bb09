package mapping

import (
	"math"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// moment reads the time a customer answered.
type moment struct {
	place   string
	layouts []layout
	zone    *time.Location
	zoned   bool // the mapping gives the zone
	line    int
	path    string
}

// layout is one way a time may be written.
type layout struct {
	written string        // as in the mapping
	golang  string        // as package time wants it
	zoned   bool          // the text itself says its zone
	serial  bool          // a spreadsheet's number of days
	unit    time.Duration // of a count since 1970; 0 when it is none
}

// iso is what a body's moments are written as, unless it is said otherwise.
var iso = layout{written: "iso", golang: time.RFC3339, zoned: true}

func (w *walker) moment(n *yaml.Node, path string) *moment {
	m := &moment{line: n.Line, path: path, zone: time.UTC}
	before := w.Count()
	if w.paths != nil && strictyaml.Follow(n).Kind != yaml.MappingNode {
		m.place, m.layouts = w.place(n, path), []layout{iso}
		return m
	}
	w.Object(n, path, strictyaml.Fields{
		w.key(): func(n *yaml.Node, path string) { m.place = w.place(n, path) },
		"layouts": func(n *yaml.Node, path string) {
			for _, s := range w.Texts(n, path) {
				l, problem := parseLayout(s)
				if problem != "" {
					w.Wrong(n, path, "%q: %s", s, problem)
				}
				m.layouts = append(m.layouts, l)
			}
		},
		"timeZone": func(n *yaml.Node, path string) { m.zoned = true; m.zone = w.zone(n, path) },
	})
	if w.Count() > before {
		return m
	}
	if m.place == "" {
		w.Wrong(n, path, "must name a %s", w.key())
	}
	if len(m.layouts) == 0 && w.paths != nil {
		m.layouts = []layout{iso}
	}
	if len(m.layouts) == 0 && !m.zoned {
		w.Wrong(n, path, "must give a timeZone, as Europe/Paris, and layouts, as [dd/mm/yyyy HH:MM], but for a workbook's dates")
	}
	for _, l := range m.layouts {
		if !l.zoned && !m.zoned {
			w.Wrong(n, path, "must give a timeZone, as Europe/Paris: %q does not say which clock it is from", l.written)
			break
		}
	}
	return m
}

func (w *walker) zone(n *yaml.Node, path string) *time.Location {
	s := w.Text(n, path)
	if s == "" {
		return time.UTC
	}
	loc, err := time.LoadLocation(s)
	if err != nil || s == "Local" {
		w.Wrong(n, path, "%q is no time zone; write one as Europe/Paris or UTC", s)
		return time.UTC
	}
	return loc
}

// Tokens of a layout. Days and months may be written with one digit or two
// where something parts them.
var tokens = []struct{ token, exact, loose string }{
	{"yyyy", "2006", "2006"},
	{"yy", "06", "06"},
	{"mm", "01", "1"},
	{"m", "1", "1"},
	{"dd", "02", "2"},
	{"d", "2", "2"},
	{"HH", "15", "15"},
	{"hh", "03", "3"},
	{"MM", "04", "04"},
	{"SS", "05", "05"},
	{"AM", "PM", "PM"},
	{"ZZ", "Z07:00", "Z07:00"},
}

const knownTokens = "yyyy yy mm dd HH MM SS, hh with AM, ZZ for +01:00, or the words iso, serial, unix and unixms"

// parseLayout reads "dd/mm/yyyy HH:MM", and the words iso, serial, unix and unixms.
func parseLayout(s string) (layout, string) {
	l := layout{written: s}
	switch s {
	case "iso":
		return iso, ""
	case "serial":
		l.serial = true
		return l, ""
	case "unix":
		l.unit, l.zoned = time.Second, true
		return l, ""
	case "unixms":
		l.unit, l.zoned = time.Millisecond, true
		return l, ""
	}
	var b strings.Builder
	rest, adjacent := s, false
	seen := map[byte]bool{}
next:
	for rest != "" {
		for _, t := range tokens {
			after, ok := strings.CutPrefix(rest, t.token)
			if !ok {
				continue
			}
			if adjacent || (after != "" && isLetter(after[0])) {
				b.WriteString(t.exact)
			} else {
				b.WriteString(t.loose)
			}
			l.zoned = l.zoned || t.token == "ZZ"
			seen[t.token[0]] = true
			rest, adjacent = after, true
			continue next
		}
		// T parts date and time in ISO 8601; other letters are mistakes, and
		// digits would be read as Go's layout.
		if c := rest[0]; (isLetter(c) && c != 'T') || (c >= '0' && c <= '9') {
			return l, "cannot be read at " + strconv.Quote(rest) + "; written with " + knownTokens
		}
		b.WriteByte(rest[0])
		rest, adjacent = rest[1:], false
	}
	l.golang = b.String()
	if !seen['d'] || !seen['m'] || !seen['y'] {
		return l, "must hold a day, a month and a year; written with " + knownTokens
	}
	return l, ""
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// ownForms are how a workbook's date cells are handed over, and how a file
// without layouts writes its dates.
var ownForms = []string{"2006-01-02T15:04:05", "2006-01-02"}

// parse tries the layouts in order, then a workbook's own forms.
func (m *moment) parse(s string) (time.Time, bool) {
	for _, l := range m.layouts {
		if t, ok := l.parse(s, m.zone); ok {
			return t, true
		}
	}
	t, ok := ownForm(s, m.zone)
	return t, ok && m.zoned
}

func ownForm(s string, zone *time.Location) (time.Time, bool) {
	for _, form := range ownForms {
		if t, err := time.ParseInLocation(form, s, zone); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// misses says why a text, as it may be shown, is none of the dates expected.
func (m *moment) misses(s, shown string) string {
	if _, ok := ownForm(s, m.zone); ok && !m.zoned {
		return shown + "does not say which clock it is from: give " + m.path + " a timeZone, as Europe/Paris"
	}
	return shown + "is no date that exists, written as " + m.written()
}

// CheckWorkbook says whether the mapping reads the dates of a workbook for what
// they are, and those of its rejects file. The error is a *strictyaml.Error. Layouts
// that put the day before the month after a year of four digits do not, nor does serial
// where days are counted from 1904: a bare number would be four years off.
func (m *Mapping) CheckWorkbook(from1904 bool) error {
	var problems []strictyaml.Problem
	for _, at := range m.moments() {
		problems = append(problems, at.workbook(from1904)...)
	}
	return strictyaml.Refuse(m.file, problems)
}

func (m *moment) workbook(from1904 bool) (problems []strictyaml.Problem) {
	wrong := func(message string) {
		problems = append(problems, strictyaml.Problem{Line: m.line, Path: m.path, Message: message})
	}
	for _, l := range m.layouts {
		for _, s := range []string{"2026-11-09T10:04:00", "2026-11-09"} {
			is, _ := ownForm(s, m.zone)
			if t, ok := l.parse(s, m.zone); ok && !t.Equal(is) {
				wrong(strconv.Quote(l.written) + " reads a workbook's " + s + " as another date; leave it out")
			}
		}
		if l.serial && from1904 {
			wrong("serial counts days from 1900, and this workbook from 1904: give the column a date format there, and leave serial out")
		}
	}
	return problems
}

// moments are those a mapping reads, in a fixed order.
func (m *Mapping) moments() []*moment {
	var all []*moment
	if m.submittedAt != nil {
		all = append(all, m.submittedAt)
	}
	for _, s := range m.slots {
		all = append(all, s.from, s.to)
	}
	return all
}

func (l layout) parse(s string, zone *time.Location) (time.Time, bool) {
	if l.serial {
		return fromSerial(s, zone)
	}
	if l.unit > 0 {
		return fromCount(s, l.unit)
	}
	t, err := time.ParseInLocation(l.golang, s, zone)
	return t, err == nil
}

// fromSerial reads a spreadsheet's count of days since 30 December 1899, the
// wall clock of zone.
func fromSerial(s string, zone *time.Location) (time.Time, bool) {
	days, ok := parseNumber(s)
	if !ok || days < 1 || days > 200_000 {
		return time.Time{}, false
	}
	whole, part := math.Modf(days)
	seconds := int(math.Round(part * 24 * 60 * 60))
	return time.Date(1899, time.December, 30+int(whole), 0, 0, seconds, 0, zone), true
}

// fromCount reads a whole number of units since 1970.
func fromCount(s string, unit time.Duration) (time.Time, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > int64(math.MaxInt64/unit) {
		return time.Time{}, false
	}
	return time.Unix(0, n*int64(unit)).UTC(), true
}

// written lists the layouts for a person.
func (m *moment) written() string {
	if len(m.layouts) == 0 {
		return "yyyy-mm-dd or yyyy-mm-ddTHH:MM:SS"
	}
	all := make([]string, len(m.layouts))
	for i, l := range m.layouts {
		all[i] = l.written
	}
	return strings.Join(all, " or ")
}

package xlsxfile

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// number writes what a cell holds as a person would write it out: with a point
// and without an exponent. A whole number keeps every digit, since it may be a
// phone or an id. Others are rounded to the 15 digits that spreadsheets show:
// what they store of 0.1+0.2 ends with a 4.
func number(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 64 || strings.Trim(s, "+-.eE0123456789") != "" {
		return "", false
	}
	if strings.Trim(strings.TrimPrefix(s, "-"), "0123456789") == "" {
		return s, s != "-"
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return "", false
	}
	v, err = strconv.ParseFloat(strconv.FormatFloat(v, 'e', 14, 64), 64)
	return strconv.FormatFloat(v, 'f', -1, 64), err == nil
}

// The forms in which dates are handed over.
const (
	dayForm   = "2006-01-02"
	timeForm  = "2006-01-02T15:04:05"
	clockForm = "15:04:05"
)

// lastDay is 31 December 9999 in days since the end of 1899, and the last that
// spreadsheets show.
const lastDay = 2_958_465

// date writes a count of days as a date, to the second; less than a day is a
// time of day. It is false for what spreadsheets do not show as a date either.
func date(s string, from1904 bool) (string, bool) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= 0 && v < lastDay+1) {
		return "", false
	}
	whole, part := math.Modf(v)
	seconds := int(math.Round(part * 24 * 60 * 60))
	first := time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case from1904:
		first = time.Date(1904, time.January, 1, 0, 0, 0, 0, time.UTC)
	case whole < 60:
		// The format counts a 29 February 1900, which there was not.
		first = first.AddDate(0, 0, 1)
	}
	t := first.AddDate(0, 0, int(whole)).Add(time.Duration(seconds) * time.Second)
	if v < 1 {
		return t.Format(clockForm), true
	}
	return dateText(t), true
}

func dateText(t time.Time) string {
	if t.Equal(t.Truncate(24 * time.Hour)) {
		return t.Format(dayForm)
	}
	return t.Format(timeForm)
}

// isoDate reads the dates that few programs write as text; a zone has no meaning
// in a workbook.
func isoDate(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if t, err := time.Parse(clockForm, s); err == nil {
		return t.Format(clockForm), true
	}
	for _, form := range []string{dayForm, timeForm, time.RFC3339} {
		if t, err := time.Parse(form, s); err == nil {
			return dateText(time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)), true
		}
	}
	return "", false
}

// errorWords are all that a cell in error can show.
var errorWords = []string{
	"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!", "#CALC!", "#FIELD!",
	"#BLOCKED!", "#CONNECT!", "#UNKNOWN!", "#BUSY!", "#EXTERNAL!", "#PYTHON!",
}

func errorWord(s string) string {
	if s = strings.TrimSpace(s); slices.Contains(errorWords, s) {
		return s
	}
	return "#ERROR!"
}

// plain is a text with what XML cannot hold, which is written as _x000D_, put
// back in place, and with line breaks as \n. Control characters that no text has
// stay as they are written.
func plain(b []byte) string {
	s := string(b)
	if strings.Contains(s, "_x") {
		s = unescape(s)
	}
	if strings.Contains(s, "\r") {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	return s
}

func unescape(s string) string {
	const form = "_x000D_"
	var b strings.Builder
	for {
		i := strings.Index(s, "_x")
		if i < 0 || i+len(form) > len(s) {
			b.WriteString(s)
			return b.String()
		}
		c, err := strconv.ParseUint(s[i+2:i+6], 16, 16)
		if r := rune(c); err == nil && s[i+6] == '_' && (r >= ' ' || strings.ContainsRune("\t\n\r", r)) && !utf16.IsSurrogate(r) && r != utf8.RuneError {
			b.WriteString(s[:i])
			b.WriteRune(r)
			s = s[i+len(form):]
			continue
		}
		b.WriteString(s[:i+1])
		s = s[i+1:]
	}
}

// column reads the letters of a cell's place, as BC in BC12; A is 0.
func column(ref string) (int, bool) {
	n := 0
	for i := range len(ref) {
		c := ref[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			return n - 1, i > 0
		}
		if n = 26*n + int(c-'A') + 1; n > maxColumns {
			return 0, false
		}
	}
	return 0, false
}

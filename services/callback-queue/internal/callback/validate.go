package callback

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of what people and services write, in characters.
const (
	maxID     = 64
	maxReason = 200
	maxCause  = 200
	maxNote   = 4000
	// maxAlertID is longer: an alert's id is made of other ids.
	maxAlertID = 200
)

// fields collects what is wrong, one entry a field.
type fields []FieldError

// check adds the message unless ok or the field is already named.
func (f *fields) check(ok bool, field, message string) {
	if ok {
		return
	}
	for _, e := range *f {
		if e.Field == field {
			return
		}
	}
	*f = append(*f, FieldError{Field: field, Message: message})
}

// err is the ValidationError of what was collected, nil when that is nothing.
func (f fields) err() error {
	if len(f) == 0 {
		return nil
	}
	return &ValidationError{Fields: f}
}

// agent checks the id of a person.
func (f *fields) agent(field, id string) {
	f.check(id != "", field, "is required")
	f.check(len(id) <= maxID && only(id, "._-@"), field, "must be 1 to 64 letters, digits, or . _ - @")
}

// text checks free text: valid UTF-8 without NUL, from least to most characters.
func (f *fields) text(field, s string, least, most int) {
	n := utf8.RuneCountInString(s)
	f.check(n >= least, field, "is required")
	f.check(n <= most, field, "must be at most "+strconv.Itoa(most)+" characters")
	f.check(utf8.ValidString(s) && !strings.ContainsRune(s, 0), field, "must be UTF-8 without NUL")
}

// isName reports whether s can name a queue: [A-Za-z0-9_-]{1,64}.
func isName(s string) bool {
	return s != "" && len(s) <= maxID && only(s, "_-")
}

// only reports whether s has only ASCII letters, digits, and what extra holds.
func only(s, extra string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case strings.IndexByte(extra, c) >= 0:
		default:
			return false
		}
	}
	return true
}

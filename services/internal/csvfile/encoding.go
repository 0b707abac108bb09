package csvfile

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Encoding is how a file's letters are written.
type Encoding string

// The encodings that are read.
const (
	// Auto takes a record for UTF-8 when it is valid UTF-8, else for
	// Windows-1252. The two are almost never mistaken for each other: a French
	// accent in Windows-1252 is not valid UTF-8.
	Auto Encoding = "auto"
	// UTF8 is UTF-8, with or without a byte order mark.
	UTF8 Encoding = "utf-8"
	// Windows1252 is what older Western spreadsheets write.
	Windows1252 Encoding = "windows-1252"
)

// ParseEncoding reads an encoding's name; empty is Auto.
func ParseEncoding(s string) (Encoding, error) {
	switch e := Encoding(strings.ToLower(strings.TrimSpace(s))); e {
	case "":
		return Auto, nil
	case Auto, UTF8, Windows1252:
		return e, nil
	case "utf8":
		return UTF8, nil
	case "cp1252", "ansi", "latin1", "iso-8859-1":
		return Windows1252, nil
	default:
		return "", fmt.Errorf("must be auto, utf-8 or windows-1252")
	}
}

// ErrUTF16 says that a file is UTF-16, which is not read.
var ErrUTF16 = errors.New("the file is UTF-16 (a spreadsheet's \"Unicode text\"); save it as CSV UTF-8")

var bom = []byte("\xef\xbb\xbf")

func isUTF16(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff"))
}

// decode turns a record's cells into text. The choice is made for the record as
// a whole, and from it alone, so that reading may begin anywhere.
func decode(cells [][]byte, e Encoding) ([]string, error) {
	valid := true
	for _, c := range cells {
		valid = valid && utf8.Valid(c)
	}
	if !valid && e == UTF8 {
		return nil, errors.New("holds bytes that are not UTF-8; if the file is in another encoding, declare windows-1252")
	}
	out := make([]string, len(cells))
	for i, c := range cells {
		if valid && e != Windows1252 {
			out[i] = string(c)
			continue
		}
		s, err := charmap.Windows1252.NewDecoder().Bytes(c)
		if err != nil {
			return nil, err
		}
		out[i] = string(s)
	}
	return out, nil
}

package csvfile

import "bytes"

// verdict of one scan over the bytes read so far.
type verdict int

const (
	more    verdict = iota // the record may go on beyond what was read
	whole                  // a record ends here
	misused                // text follows a closing quote
	open                   // the input ended inside a quoted cell
)

// span is one cell of a record that is being scanned.
type span struct {
	from, to int
	quoted   bool
	doubled  bool // it holds doubled quotes
	returns  bool // it holds carriage returns
}

// scan looks for the end of the record that b begins with. It returns its cells
// and its length with the line end. It is linear in the record's length.
func scan(b []byte, delim byte, atEOF bool, cells []span) ([]span, int, verdict) {
	cells = cells[:0]
	i := 0
	for {
		var c span
		var v verdict
		if i < len(b) && b[i] == '"' {
			c, i, v = scanQuoted(b, i, atEOF)
		} else {
			c, i = scanPlain(b, i, delim)
		}
		if v != whole && c.quoted {
			return cells, 0, v
		}
		cells = append(cells, c)
		if i >= len(b) {
			if atEOF {
				return cells, len(b), whole
			}
			return cells, 0, more
		}
		switch b[i] {
		case delim:
			i++
		case '\n':
			return cells, i + 1, whole
		case '\r':
			if i+1 < len(b) && b[i+1] == '\n' {
				return cells, i + 2, whole
			}
			if i+1 == len(b) && !atEOF {
				return cells, 0, more
			}
			return cells, i + 1, whole
		default:
			return cells, 0, misused
		}
	}
}

func scanPlain(b []byte, i int, delim byte) (span, int) {
	c := span{from: i}
	for i < len(b) && b[i] != delim && b[i] != '\n' && b[i] != '\r' {
		i++
	}
	c.to = i
	return c, i
}

// scanQuoted reads from an opening quote to behind the closing one.
func scanQuoted(b []byte, i int, atEOF bool) (span, int, verdict) {
	c := span{from: i + 1, quoted: true}
	for j := i + 1; ; {
		q := bytes.IndexByte(b[j:], '"')
		if q < 0 {
			if atEOF {
				return c, 0, open
			}
			return c, 0, more
		}
		j += q
		if j+1 == len(b) && !atEOF {
			return c, 0, more // the quote may be the first of two
		}
		if j+1 < len(b) && b[j+1] == '"' {
			c.doubled = true
			j += 2
			continue
		}
		c.to = j
		c.returns = bytes.IndexByte(b[c.from:c.to], '\r') >= 0
		return c, j + 1, whole
	}
}

// text is a cell's content: doubled quotes are one, line breaks are \n.
func (c span) text(b []byte) []byte {
	t := b[c.from:c.to]
	if c.doubled {
		t = bytes.ReplaceAll(t, []byte(`""`), []byte(`"`))
	}
	if c.returns {
		t = bytes.ReplaceAll(t, []byte("\r\n"), []byte("\n"))
		t = bytes.ReplaceAll(t, []byte("\r"), []byte("\n"))
	}
	return t
}

// lineEnd returns the length of the first physical line of b with its end, or
// -1 when b holds no line end.
func lineEnd(b []byte) int {
	i := bytes.IndexAny(b, "\r\n")
	switch {
	case i < 0:
		return -1
	case b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n':
		return i + 2
	default:
		return i + 1
	}
}

// countLines counts the line ends in b: \n, \r\n and a lone \r are one each.
func countLines(b []byte) int64 {
	n := int64(bytes.Count(b, []byte{'\n'}))
	for {
		i := bytes.IndexByte(b, '\r')
		if i < 0 {
			return n
		}
		if i+1 == len(b) || b[i+1] != '\n' {
			n++
		}
		b = b[i+1:]
	}
}

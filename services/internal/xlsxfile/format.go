package xlsxfile

import "strings"

// stylesXML is xl/styles.xml, as far as it says which cells show dates.
type stylesXML struct {
	Formats []struct {
		ID   int    `xml:"numFmtId,attr"`
		Code string `xml:"formatCode,attr"`
	} `xml:"numFmts>numFmt"`
	Cells []struct {
		Format int `xml:"numFmtId,attr"`
	} `xml:"cellXfs>xf"`
}

func (w *workbook) readFormats() error {
	if w.formats == nil {
		return nil
	}
	var styles stylesXML
	if err := readSmall(w.formats, &styles); err != nil {
		return err
	}
	codes := map[int]bool{}
	for _, f := range styles.Formats {
		codes[f.ID] = showsDate(f.Code)
	}
	w.dates = make([]bool, len(styles.Cells))
	for i, c := range styles.Cells {
		is, own := codes[c.Format]
		w.dates[i] = is || !own && builtinDate(c.Format)
	}
	return nil
}

// builtinDate knows the date formats that have a number only (ECMA-376 part 1,
// 18.8.30, the ones of East Asia with them). 46 counts hours beyond a day, so it
// is a duration.
func builtinDate(id int) bool {
	switch {
	case id >= 14 && id <= 22, id >= 27 && id <= 36, id == 45, id == 47, id >= 50 && id <= 58:
		return true
	}
	return false
}

// showsDate reads a number format: it shows a date when, outside of quotes, it
// holds a letter for a part of one. A format that counts elapsed hours, as
// [h]:mm, shows a duration, which stays a number.
func showsDate(code string) bool {
	found := false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case ';':
			return found // what follows is for negative numbers and texts
		case '"', '[':
			end := strings.IndexByte(code[i+1:], closing(c))
			if end < 0 {
				return found
			}
			if c == '[' && isElapsed(code[i+1:i+1+end]) {
				return false
			}
			i += end + 1
		case '\\', '_', '*':
			i++ // the next letter is shown, or its width, or repeated
		case 'y', 'Y', 'm', 'M', 'd', 'D', 'h', 'H', 's', 'S':
			found = true
		}
	}
	return found
}

func closing(c byte) byte {
	if c == '[' {
		return ']'
	}
	return c
}

// isElapsed tells [h], [mm] and [ss] from colours and conditions.
func isElapsed(s string) bool {
	return s != "" && (strings.Trim(s, "hH") == "" || strings.Trim(s, "mM") == "" || strings.Trim(s, "sS") == "")
}

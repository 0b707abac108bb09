package xlsxfile

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// workbook is what must be known before a sheet can be read.
type workbook struct {
	parts    parts
	sheets   []sheet
	from1904 bool
	dates    []bool    // by a cell's style: does it show a date?
	texts    *zip.File // the shared ones; nil without
	formats  *zip.File // nil without
}

type sheet struct {
	name   string
	hidden bool
	part   *zip.File
}

// bookXML is xl/workbook.xml.
type bookXML struct {
	Props struct {
		Date1904 string `xml:"date1904,attr"`
	} `xml:"workbookPr"`
	Sheets []struct {
		Name  string `xml:"name,attr"`
		State string `xml:"state,attr"`
		// The relation's id, in whichever of the two namespaces; sheetId has
		// another name.
		ID string `xml:"id,attr"`
	} `xml:"sheets>sheet"`
}

// relsXML is a list of relations.
type relsXML struct {
	All []struct {
		ID     string `xml:"Id,attr"`
		Type   string `xml:"Type,attr"`
		Target string `xml:"Target,attr"`
	} `xml:"Relationship"`
}

func openWorkbook(src io.ReaderAt, size int64) (*workbook, error) {
	head := make([]byte, len(oleSignature))
	if _, err := src.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.Equal(head, oleSignature) {
		return nil, explainOLE(src, size)
	}
	z, err := zip.NewReader(src, size)
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrDamaged, err)
	}
	w := &workbook{parts: partsOf(z)}
	name, err := w.place()
	if err != nil {
		return nil, err
	}
	return w, w.read(name)
}

// place finds the workbook in the archive. Programs may put it where they like;
// all known ones put it in one place.
func (w *workbook) place() (string, error) {
	const usual = "xl/workbook.xml"
	if f := w.parts.get("_rels/.rels"); f != nil {
		var rels relsXML
		if err := readSmall(f, &rels); err != nil {
			return "", err
		}
		for _, r := range rels.All {
			name := resolve("", r.Target)
			if strings.HasSuffix(r.Type, "/officeDocument") && strings.HasSuffix(strings.ToLower(name), "workbook.xml") && w.parts.get(name) != nil {
				return name, nil
			}
		}
	}
	if w.parts.get(usual) == nil {
		return "", explainZip(w.parts)
	}
	return usual, nil
}

func (w *workbook) read(name string) error {
	var book bookXML
	if err := readSmall(w.parts.get(name), &book); err != nil {
		return err
	}
	w.from1904 = yes(book.Props.Date1904)
	f := w.parts.get(relations(name))
	if f == nil {
		return fmt.Errorf("%w (%s is missing)", ErrDamaged, relations(name))
	}
	var rels relsXML
	if err := readSmall(f, &rels); err != nil {
		return err
	}
	sheets := map[string]*zip.File{}
	for _, r := range rels.All {
		at := w.parts.get(resolve(name, r.Target))
		switch kind := r.Type[strings.LastIndexByte(r.Type, '/')+1:]; kind {
		case "worksheet":
			sheets[r.ID] = at
		case "sharedStrings":
			w.texts = at
		case "styles":
			w.formats = at
		}
	}
	for _, s := range book.Sheets {
		// What has no worksheet is a chart, which has no rows.
		if at := sheets[s.ID]; at != nil {
			w.sheets = append(w.sheets, sheet{s.Name, s.State == "hidden" || s.State == "veryHidden", at})
		}
	}
	return w.readFormats()
}

// sheet finds the one of that name, in capitals or not; without a name it is the
// first that is not hidden.
func (w *workbook) sheet(name string) (sheet, error) {
	same := func(s sheet) bool { return s.name == name }
	folded := func(s sheet) bool { return strings.EqualFold(strings.TrimSpace(s.name), strings.TrimSpace(name)) }
	shown := func(s sheet) bool { return !s.hidden }
	tries := []func(sheet) bool{same, folded}
	if name == "" {
		tries = []func(sheet) bool{shown}
	}
	for _, is := range tries {
		for _, s := range w.sheets {
			if is(s) {
				return s, nil
			}
		}
	}
	return sheet{}, &SheetError{Name: name, Sheets: w.names()}
}

// maxListed bounds how many sheets an error names.
const maxListed = 30

func (w *workbook) names() []string {
	var all []string
	for _, s := range w.sheets {
		all = append(all, s.name)
	}
	return all[:min(len(all), maxListed)]
}

// SheetError says that the workbook has no such sheet.
type SheetError struct {
	// Name that was asked for; empty for the first one that is not hidden.
	Name string
	// Sheets are the first ones that there are.
	Sheets []string
}

// Error lists the sheets.
func (e *SheetError) Error() string {
	has := "it has none with rows"
	if len(e.Sheets) > 0 {
		has = "it has: " + strings.Join(e.Sheets, " | ")
	}
	if e.Name == "" {
		return "the workbook has no sheet that is not hidden; " + has
	}
	return fmt.Sprintf("the workbook has no sheet %q; %s", e.Name, has)
}

// yes reads XML's two ways to write true.
func yes(s string) bool { return s == "1" || s == "true" }

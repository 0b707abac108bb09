package xlsxfile

import (
	"bytes"
	"errors"
	"io"
)

// Errors that say what a file is instead of a workbook, and what to do.
var (
	// ErrOld says that the file is in the binary form that Excel wrote until 2003.
	ErrOld = errors.New("it is an old Excel workbook (.xls); open it and save it as .xlsx or CSV")
	// ErrEncrypted says that the workbook opens with a password only.
	ErrEncrypted = errors.New("the workbook is protected by a password; open it and save it without one")
	// ErrODS says that the file is an OpenDocument spreadsheet.
	ErrODS = errors.New("it is an OpenDocument spreadsheet (.ods); save it as .xlsx or CSV")
	// ErrBinary says that the workbook is in Excel's binary form.
	ErrBinary = errors.New("it is a binary Excel workbook (.xlsb); save it as .xlsx or CSV")
	// ErrNoWorkbook says that the file is an archive of something else.
	ErrNoWorkbook = errors.New("it is an archive, but no Excel workbook")
	// ErrDamaged says that the workbook cannot be read to its end.
	ErrDamaged = errors.New("the workbook is damaged or cut off; open it and save it again")
)

// Signatures of the two containers that spreadsheets come in.
var (
	zipSignature = []byte("PK\x03\x04")
	oleSignature = []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
)

// Is reports whether a file that begins with head is for New to read or to
// explain: a workbook, or what people take for one.
func Is(head []byte) bool {
	return bytes.HasPrefix(head, zipSignature) || bytes.HasPrefix(head, oleSignature)
}

// explainOLE tells an encrypted workbook from an old one. Both are in a container
// whose directory, somewhere in the file, names what it holds in UTF-16.
func explainOLE(src io.ReaderAt, size int64) error {
	const name = "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"
	buf := make([]byte, 64<<10)
	for at := int64(0); at < size; at += int64(len(buf) - len(name)) {
		n, err := src.ReadAt(buf, at)
		if bytes.Contains(buf[:n], []byte(name)) {
			return ErrEncrypted
		}
		if err != nil {
			break // the end of the file, or all of it that can be read
		}
	}
	return ErrOld
}

// explainZip says what an archive without a workbook is.
func explainZip(p parts) error {
	switch {
	case p.get("xl/workbook.bin") != nil:
		return ErrBinary
	case p.get("content.xml") != nil:
		return ErrODS
	}
	return ErrNoWorkbook
}

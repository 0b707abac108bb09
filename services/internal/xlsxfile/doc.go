// Package xlsxfile reads the rows of one sheet of an Excel workbook (.xlsx).
//
// It promises what a person who saved the sheet as CSV would get, and more
// exactly: a text as it stands, a number with a point and never an exponent, yes
// and no as 1 and 0, a date as 2026-11-09 or 2026-11-09T10:04:00 whatever it
// looks like on the screen and from whichever year the workbook counts. A cell
// that holds an error, or a formula nobody calculated, is told apart from text.
//
// Memory is bounded whatever the file holds: the sheet is read as a stream, rows
// are bounded by MaxRecord, and texts that do not fit in memory go to a temporary
// file that no other process can open by its name, where the system allows that.
// Nothing ends early in silence: a workbook that is cut off or damaged is an
// error, not a shorter sheet. Reading can go on from any record.
//
// It reads the parts of the workbook itself (docs/adr/0006). The library for that
// gives every cell as text without its kind, takes damage for the end of the sheet,
// and leaves its temporary files, with what customers wrote, behind a process that
// is killed; none of it may happen here.
package xlsxfile

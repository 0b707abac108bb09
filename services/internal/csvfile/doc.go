// Package csvfile reads the CSV that spreadsheets write: any of the usual
// delimiters, UTF-8 with or without a byte order mark or Windows-1252, quoted
// cells with line breaks in them.
//
// It promises what encoding/csv does not: memory bounded by MaxRecord whatever
// the file holds, the byte offset of every record so that reading can go on
// from it, and damage that stays local. A record that is too long or badly
// quoted is reported as one, with the line it begins on, and reading goes on
// with the physical line after it.
package csvfile

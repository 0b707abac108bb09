// Package mapping turns a row of a spreadsheet, or a webhook's body, into a response. What becomes
// what is data: a YAML file that a person who does not program can write and
// read, described in docs/mappings.md.
//
// Parse checks everything that can be checked without the file and names every
// mistake with its line; Bind checks the columns against the file's header. The
// rows themselves are judged by Map, whose problems speak of columns, not of
// the program's fields.
package mapping

// Package responsefile reads responses out of files: CSV files and workbooks through a
// mapping, JSON Lines as they are. A file is read row by row, in memory that its longest
// row bounds; reading can stop behind any row and go on there later, in another process.
//
// A row that cannot become a response is no error: it says why, in terms of the file's
// columns and without repeating what stands there, and can be written as it was to a file
// of rejects that a person mends and that is read as the original was.
package responsefile

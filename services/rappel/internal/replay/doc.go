// Package replay sends a file of answers through the public HTTP API.
//
// Safety. A row is counted only when the server has said what became of it. The
// rows of one response (same survey, same id) reach the server in the file's
// order whatever the parallelism: a batch that holds an id which an earlier,
// unfinished batch also holds waits for it. A row without an id gets one made
// of the file and the row, so that playing a file twice stores nothing twice.
//
// Liveness. A server that is away or full (no connection, 429, 5xx) is waited
// for, and nothing is counted as refused meanwhile; when nothing at all has
// moved for Options.GiveUp, Run ends with an error.
//
// Interruption. What is known of the longest finished beginning of the file is
// kept in a state file, written before batches leave and after they are
// answered. The same command goes on from there. Rows whose answer was lost in
// a kill are sent again; the server calls them duplicates, and they are counted
// as sent, because that is what they were.
//
// Memory is bounded by Parallel, Batch and the longest row, not by the file.
package replay

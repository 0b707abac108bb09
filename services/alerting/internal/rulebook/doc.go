// Package rulebook keeps the rules that are in force, and every version of them that was.
//
// Authority. Where the configuration names a file, the file decides, in each process its
// own: it is looked at every few seconds, and PutRules is refused. Elsewhere the last
// event of RULES decides, and where there is none, the rules that are shipped do. Either
// way each version is an event of RULES, whole, so that it can be shown what an alert was
// raised by. docs/adr/0011-the-file-or-the-api.md says why.
//
// Safety. A set that is wrong is never in force: the one before is kept, each fault is told
// with its line, and counted. A file is taken once it has looked the same twice, so that
// one that is being written is not read half. Versions are stored under a compare-and-set
// on the one before.
//
// Liveness. While the stream is away, the rules that are known stay in force, PutRules is
// refused, and a file is obeyed all the same; its version is stored when the stream is back.
package rulebook

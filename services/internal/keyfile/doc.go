// Package keyfile is the form of API keys and of the file in which they are written
// down: for the collector, which asks for them, and for the command line, which makes
// them.
//
// Authority. A key is rk_ and 32 random bytes in base64url. The file holds its SHA-256
// and never the key: who reads the file can send nothing. A plain hash is right here.
// What makes a password's hash slow is that passwords can be guessed; 256 random bits
// can't, with a fast hash either.
//
// Safety. A file is taken whole or not at all: an unknown field, a field that is there
// twice, or a hash that stands twice is a mistake, and every mistake is named at once,
// with its line. No message repeats what a field holds.
package keyfile

// Package server starts the servers that are compared, each in a directory of its
// own and on loopback only, and ends them by their process ids. Whatever becomes
// of this program, on Linux its servers do not outlive it; a kill -9 leaves their
// directories behind.
package server

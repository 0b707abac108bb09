// Package cli is the command line of the loop, beside `rappel run`: replay sends
// a file of answers, callbacks is an agent's desk, tail and feed follow the loop. Each
// speaks to a server over the public HTTP API (tail also over NATS) and holds no
// logic of the loop itself.
//
// What an agent reads is in French or English; what an operator reads is in
// English. Text that comes from customers is shown without its control
// characters: a terminal obeys those.
package cli

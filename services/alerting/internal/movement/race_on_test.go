//go:build race

package movement

// raced is that the race detector looks on: it finds what there is in a few months as well.
const raced = true

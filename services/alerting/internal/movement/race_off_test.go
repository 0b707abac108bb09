//go:build !race

package movement

// raced is that the race detector looks on.
const raced = false

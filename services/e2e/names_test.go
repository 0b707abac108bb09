package e2e

import "strconv"

// name is a name with a number.
func name(prefix string, i int) string { return prefix + "-" + strconv.Itoa(i) }

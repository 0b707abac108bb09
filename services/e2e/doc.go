// Package e2e proves the loop from outside: the same scenarios against the
// programs as they are shipped, in both shapes: all in one process, and five
// services over one NATS and one Redis. It also kills them.
package e2e

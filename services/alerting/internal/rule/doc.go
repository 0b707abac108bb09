// Package rule is the rule language: a YAML file of rules, each with a CEL
// condition over one scored response and with what follows when it holds.
// docs/rules.md teaches it.
//
// A file is taken whole or not at all. Everything that is wrong with it is found
// at once, each with file, line and reason: unknown keys, names used twice,
// conditions that do not type-check, that cannot be what was meant (see
// guards.go), or that could cost too much.
//
// A set of rules never changes once loaded and is safe for concurrent use. A
// condition sees the response, its score, and the customer's history as it was when the
// response was first received: no clock, and no state that changes. So the same response
// always gives the same answer, on every replica and however often it is delivered; but
// for whether the customer is not to be called, which is as of now. A history is read
// (package history does) only when a condition that asks for it is evaluated that far.
package rule

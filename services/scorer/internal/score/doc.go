// Package score says what an answer means: a satisfaction from 0 to 100 on
// whatever scale the question was asked, a class, and which answer of a
// response most needs attention. docs/scoring.md gives the formula, the table
// of every usual scale, and the sources.
//
// It is pure: no clock, no I/O, no state, and the same response always gets the
// same score. It works on the generated event messages as plain data. They are
// the contract, a score is stored exactly as it is computed, and a second set of
// types would only be copied field by field in both directions.
package score

// Package score says what a response means: of each value a satisfaction from 0 to 100 on
// whatever scale the question was asked, and a class; of each verbatim what a Reader finds
// in it, and what people said instead; then how much the customer needs to be won back, and
// whether score and words disagree. docs/scoring.md gives the formulas, the table of every
// usual scale, and the sources.
//
// It is pure: no clock, no I/O, no state that changes, and the same response under the same
// Scorer always gets the same score. It works on the generated event messages as plain data.
// They are the contract, a score is stored exactly as it is computed, and a second set of
// types would only be copied field by field in both directions.
//
// Corrections. A response is at a revision and has so many corrections; both only rise. The
// event of a response at (revision, corrections) says, beside what is found then, what was
// found at each state that may have been seen before it: the same revision with fewer
// corrections, and the revision before with as many or fewer. So whoever keeps the latest
// event about a response, by these two numbers, has missed nothing, in whatever order
// the events come.
package score

// Package lookout keeps the figures of metric rules (package movement) in line with SCORES,
// judges them by the clock, and raises their alerts.
//
// Authority. Figures are a projection of SCORES, made anew at each start from as far back as
// the rules look. Whether an alert stands is decided by the alerts (Alerts), whose changes are
// compare-and-sets: every replica works out the same, and says so, and the first is heard.
// What they have of an alert is taken up before each look, so a process that has just begun
// goes on where the others are.
//
// Safety. Nothing is judged before everything that was received in a window is scored and
// read: while the scorer or the store is behind, the lookout waits, and silence is not
// mistaken for a drop. What could not be stored is stored again before the next look.
//
// Rules. Others are taken up within a second: what is gathered by rules that have not changed
// stays, the past of the others is read again, and nothing is judged meanwhile. The alerts of
// a rule that is gone are resolved.
package lookout

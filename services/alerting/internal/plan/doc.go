// Package plan works out whom to tell of which alerts, and when. It is pure: a plan is a
// function of the alerts that stand, the routes, the silences, what people were told last,
// and the time. So any replica works out the same, and one that starts knows what is due.
//
// Groups. A route takes the alerts that it matches, and puts together those whose labels it
// groups by are equal. People are told of a group, not of an alert.
//
// What is told when. An alert is news to a group until people were told of it; it is news
// again when somebody looked after it and nobody does any more. Of a group none of whose
// alerts people know to stand, news is told the route's wait after the first of it came; of
// another, the interval after the last telling or, where that time has passed already, the
// wait after the first of it came. Nothing but an escalation is told sooner than the interval
// after the last telling. What stands, unchanged and looked after by nobody, is told again
// each repeat. That alerts have ended is told once, of those that people knew of, no sooner
// than the interval after the last telling.
//
// What is not told. An alert that somebody looks after is no news, is not repeated, and
// climbs no chain; it is listed beside those that are told. One that is held back, by a
// silence, by another that explains it or by the route's hours, is left out; when that ends
// it is told as if it had not been, at once where its time has passed. The end of an alert
// waits for the end of a silence, and of the route's hours, too.
//
// Chains. The first step is told of news; each later step is told the step's wait after the
// one before, as long as an alert stands that people know of, nobody looks after and nothing
// holds back. When there is none the chain is over, and what comes next begins it anew. News
// on the way goes to all steps so far. After the last step the chain goes round as often as
// it says; then there is but the repeat.
//
// Bounds. Of a group the 1,000 alerts that came last are remembered one by one. Of the
// others there is their number: so many alerts that came before the last telling are taken
// for known.
package plan

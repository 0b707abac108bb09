// Package page is where a customer answers: one page a link, in two steps. The first asks
// the survey's first question, the second what comes of its answer. Each step is stored
// when it is sent, as a revision of one response, so that who leaves after the first has
// answered, and who comes back until the link expires corrects.
//
// It works without a script, on a phone, by keyboard and with a screen reader (WCAG 2.2
// AA): native controls in fieldsets, errors named at the top and at their field, nothing
// that moves or runs out. A script only sends what a link from a mail chose; a mail
// scanner that follows the link (a GET) stores nothing.
//
// An open survey needs no link: its page makes one of the visitor's own, for a day, and
// all that is sent goes by it, as from a link of a mail. What is known of a stranger is
// what they write when they ask to be called; their response keeps the key that its first
// step gave it, whatever comes later. There is no trap for robots, a field that only they
// fill: browsers fill fields, too, and a customer's answer would be lost without a word.
// Limits by address are what keeps them away.
//
// Safety. The link is all that says who answers (package invite), so it stays out of
// logs, of other sites' referrers and of caches. No page of another site frames this one,
// but for an open survey those that its file names. Nothing of the customer that the link
// holds is shown, but what they answered themselves, and of that no name, number or
// address.
package page

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
// Safety. The link is all that says who answers (package invite), so it stays out of
// logs, of referrers and of caches, and no page of another site frames this one. Nothing
// of the customer that the link holds is shown, but what they answered themselves.
package page

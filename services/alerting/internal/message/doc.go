// Package message says to people what a notification tells: in French or in English, as a
// title and text that every kind of receiver can show, or by an operator's own templates.
//
// Safety. What comes from outside (labels, names, a customer's words) is data: a title is one
// line without control characters, the HTML escapes everything, and a template reaches only
// the fields of Facts. A template is bounded before it ever runs: its length, how deep its
// loops go and over what, what it may call; and when it runs, by how much it writes. So a
// template ends, whatever is in it.
//
// Personal data. Facts hold a customer's name, contact and words only where who makes them
// puts them there: Customers in Options. A notification itself has none.
package message

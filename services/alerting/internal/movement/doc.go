// Package movement follows the figures of metric rules (rule.Metric) over moving windows, and
// says when one has moved by more than chance does. It is pure: time comes in as an argument.
//
// What is kept. Of each series, the sums of what came in each slot of time: so many
// responses, so many good, so many bad; 16 bytes a slot in which something came. A slot is a
// 24th of the window, or longer where the rule looks far back: a series has at most 3,072,
// 49 kB. A rule has at most 500 series, and all together 64 MiB; what does not fit is
// counted. Of the last 500,000 responses, what they added, so that a later revision or a
// correction takes the place of the one before, wherever the two come in (Book).
//
// When. A response counts when its first revision was received, whatever becomes of it. A
// slot ends at a multiple of its length since 1970, so every replica has the same windows.
//
// What is said. At the end of each slot each series is judged (judge.go): how far it is from
// what it is compared with, and how probable so great a difference is where nothing has
// changed. The tests are exact where numbers are small: the probability that they give is
// never too small (exact.go).
//
// Looking often. A rule looks k times (24) a window at s series, and a difference by chance
// is found at any of them. So each is held to (1-confidence)/(k·s): by Boole's inequality
// the probability that a rule raises any false alert within any one window's time is at most
// 1-confidence, whatever the looks have to do with each other. table_test.go shows it.
package movement

// Package calendar answers "is it open now, and if not, when?", for calling
// hours, office hours and the slots that customers choose, and counts open time
// for deadlines. It is pure: time comes in as an argument.
//
// Windows. A Window is a set of moments: the weekly hours of a zone without its
// holidays, a list of slots, everything from a moment on, or what several have
// in common. Everything else (Open, NextOpen, Add, Elapsed) is worked out from the
// one question a window answers: which stretch of open time comes next.
//
// Clocks that change. Weekly hours are about what the clock on the wall shows: a
// moment is open when its local time is, whatever the day's length. Where an hour
// is skipped, what would have been open in it is not; where an hour comes twice,
// it is open twice.
//
// Bounds. A search ends after Horizon: hours that never come are said never to
// come, at a bounded cost.
package calendar

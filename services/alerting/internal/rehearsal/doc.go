// Package rehearsal runs a draft of rules over the answers of the past, beside those in
// force, and says what would have been.
//
// It decides as the live path does, by package alert: each revision with the one before it,
// so that a rule counts once a response, when it first fires. It keeps no response in mind:
// memory goes with the customers who would have been called, and beyond so many of them it
// goes on with every second, then every fourth, and so on, and says that it estimates.
//
// What it does not know it assumes, and says so: that a callback is open for so long
// (Staffing.open_for) and ends with a call that settles it, that agents and their pace are
// what they are today, that callbacks come evenly over the hours worked, and that the
// do-not-call list was what it is now. What rules ask of a customer's callbacks is what the
// same rules would have opened since the rehearsal's beginning: before it, nobody was
// called. Silences and how often a customer has to be tried are not considered.
//
// Fallbacks come and go by the live path's own code, each side's by the callbacks that this
// side would have opened: they make a fluid backlog of each queue whose staffing is known, of
// which the agents take their pace away, evenly by day and night, and the wait is predicted of
// it as the callback queue predicts. The queues are looked at once a minute, empty at first.
// The wait is always known, so that nothing begins because nobody is there. What a fallback
// holds back is kept in mind for a day, and the latest alert.MostHeld of each fallback; a later
// revision finds it then, and so does the fallback's end where rules call afterwards.
package rehearsal

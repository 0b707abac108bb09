// Package indextest is the conformance suite of queue.Index. An implementation
// runs Exercise in its own tests; a promise of the port that is not tested here
// is not kept. Extend this suite, not one implementation's tests.
package indextest

import (
	"testing"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// Exercise runs the suite. newIndex returns an index that was never used and
// shares its content with no other; it may be called often and at the same time.
func Exercise(t *testing.T, newIndex func(t *testing.T) queue.Index) {
	t.Helper()
	for name, test := range map[string]func(*bench){
		"a new index is incomplete":              newIsIncomplete,
		"the checkpoint moves forward only":      advanceMovesForward,
		"what was lost meanwhile is not counted": advanceIsForOneLife,
		"an index that went back is noticed":     advanceNoticesThatItWentBack,
		"reset forgets everything":               resetForgets,

		"apply keeps every field":                 applyKeepsFields,
		"apply ignores what is not newer":         applyIgnoresStale,
		"apply compares all 64 bits of seq":       applyComparesWholeSeq,
		"apply takes the newest of a batch":       applyTakesNewestOfBatch,
		"apply ends the hold":                     applyEndsHold,
		"apply takes many":                        applyTakesMany,
		"concurrent applies leave the newest":     concurrentApplies,
		"apply moves from queue to queue":         applyMoves,
		"terminal entries are kept and done with": terminalEntries,

		"reserve goes by rank and id":               reserveOrder,
		"reserve goes by rank over queues":          reserveOrderOverQueues,
		"reserve keeps to the queues it is given":   reserveQueues,
		"reserve breaks ties":                       reserveBreaksTies,
		"reserve keeps to the lines that fit":       reserveLines,
		"reserve minds what is preferred":           reserveWithPreferences,
		"reserve takes only pending":                reserveOnlyPending,
		"reserve waits for ReadyAt":                 reserveWaitsForReadyAt,
		"reserve distrusts another clock":           reserveDistrustsClock,
		"reserve sorts what became ready at once":   reserveSortsManyRipe,
		"reserve sorts ties with what became ready": reserveSortsTies,
		"a hold lasts until it ends":                holdLasts,
		"many holds end at once":                    manyHoldsEnd,
		"the same request gets the same entry":      sameRequest,
		"a request is answered anew after":          requestAnsweredAnew,
		"concurrent reservations share nothing":     concurrentReservations,

		"lines in which nothing is ready cost nothing": deadLines,

		"release ends a hold":                   releases,
		"lines count what is ready":             lines,
		"held by lists what an agent has":       heldBy,
		"tidy forgets what was closed long ago": tidyForgets,
		"tidy forgets what has moved long ago":  tidyForgetsMoves,
		"tidy forgets many":                     tidyForgetsMany,
		"before counts who goes first":          before,
		"due lists the deadlines that came":     due,
		"due copes with very many":              dueMany,
		"what is due is taken by one":           dueIsTaken,
		"what is due can be put off":            dueIsPutOff,
		"concurrent takers share nothing":       concurrentTakers,
		"page goes by opening time":             pageOrder,
		"page filters":                          pageFilters,
		"page stands insertions":                pageStandsInsertions,
		"page stands entries that change":       pageStandsChanges,
		"page refuses a strange cursor":         pageRefusesCursor,
		"stats counts every queue":              statsCounts,
		"stats follows the clock":               statsFollowsClock,
		"agents and queues may have any name":   anyName,
		"random operations agree with a model":  model(newIndex),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(&bench{T: t, index: newIndex(t)})
		})
	}
}

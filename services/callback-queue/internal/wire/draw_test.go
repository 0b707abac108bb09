package wire_test

import (
	"math"
	"time"

	"pgregory.net/rapid"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// The words of the domain, all of them.
var (
	states = []callback.State{
		callback.Pending, callback.Reserved, callback.Assigned, callback.Attempting,
		callback.Wrapping, callback.Completed, callback.Canceled,
	}
	eventTypes = []callback.EventType{
		callback.EventOpened, callback.EventEnriched, callback.EventReasonWithdrawn, callback.EventAlertNoted,
		callback.EventOffered, callback.EventAccepted, callback.EventRejected, callback.EventOfferExpired,
		callback.EventClaimed, callback.EventAttemptStarted, callback.EventAttemptEnded, callback.EventCompleted,
		callback.EventReleased, callback.EventLeaseExpired, callback.EventWrapUpOverdue, callback.EventCanceled,
		callback.EventReopened, callback.EventRescheduled, callback.EventTransferred, callback.EventEscalated,
		callback.EventAgentLost, callback.EventPreferenceEnded,
		callback.EventSLAWarned, callback.EventSLABreached, callback.EventSLAEscalated, callback.EventSlotEnded,
		callback.EventFollowUpAsked, callback.EventFollowedUp, callback.EventUnattended, callback.EventAttended, callback.EventRequeued,
	}
	metrics = []callback.Metric{callback.NPS, callback.CSAT, callback.CES, callback.FCR}
	classes = []callback.Class{
		callback.Detractor, callback.Passive, callback.Promoter, callback.Dissatisfied, callback.Neutral,
		callback.Satisfied, callback.HighEffort, callback.LowEffort, callback.FirstResolved, callback.FirstUnresolved,
	}
	attemptOutcomes = []callback.AttemptOutcome{
		callback.Reached, callback.NoAnswer, callback.Busy, callback.VoicemailLeft, callback.WrongNumber,
		callback.Refused, callback.CallLater, callback.TechnicalFailure,
	}
	outcomes = []callback.Outcome{
		callback.Resolved, callback.PartlyResolved, callback.Unresolved, callback.NoActionNeeded, callback.Unreachable,
	}
)

// orNone draws one of the words, or none.
func orNone[T ~string](words []T) *rapid.Generator[T] {
	return rapid.SampledFrom(append([]T{""}, words...))
}

var (
	moments = rapid.OneOf(
		rapid.Just(time.Time{}),
		rapid.Map(rapid.Int64Range(0, math.MaxInt64), func(n int64) time.Time { return time.Unix(0, n).UTC() }),
	)
	texts   = rapid.StringN(0, 20, 60)
	numbers = rapid.Custom(func(t *rapid.T) float64 { return rapid.Float64Range(-1e6, 1e6).Draw(t, "number") })
)

func drawCustomer(t *rapid.T) callback.Customer {
	return callback.Customer{
		ID: texts.Draw(t, "customer id"), Name: texts.Draw(t, "name"), Phone: texts.Draw(t, "phone"),
		Email: texts.Draw(t, "email"), Language: texts.Draw(t, "language"), TimeZone: texts.Draw(t, "zone"),
	}
}

func drawReopening(t *rapid.T) *callback.Reopening {
	if !rapid.Bool().Draw(t, "reopened") {
		return nil
	}
	return &callback.Reopening{
		Times: rapid.IntRange(0, 99).Draw(t, "times"), At: moments.Draw(t, "reopened at"), By: texts.Draw(t, "reopened by"),
		Reason: texts.Draw(t, "reopen reason"), AfterAttempt: rapid.IntRange(0, 99).Draw(t, "after attempt"),
	}
}

func drawMove(t *rapid.T) *callback.Move {
	if !rapid.Bool().Draw(t, "moved") {
		return nil
	}
	return &callback.Move{
		From: texts.Draw(t, "moved from"), At: moments.Draw(t, "moved at"),
		By: texts.Draw(t, "moved by"), Reason: texts.Draw(t, "move reason"),
	}
}

func drawEscalation(t *rapid.T) *callback.Escalation {
	if !rapid.Bool().Draw(t, "escalated") {
		return nil
	}
	return &callback.Escalation{
		Level: rapid.IntRange(0, 99).Draw(t, "level"), Points: rapid.IntRange(0, 100).Draw(t, "points"),
		Added: rapid.IntRange(0, 100).Draw(t, "added"), At: moments.Draw(t, "escalated at"),
		By: texts.Draw(t, "escalated by"), Reason: texts.Draw(t, "escalation reason"), Role: texts.Draw(t, "role"),
	}
}

func drawPreference(t *rapid.T) *callback.Preference {
	if !rapid.Bool().Draw(t, "preferred") {
		return nil
	}
	return &callback.Preference{AgentID: texts.Draw(t, "preferred agent"), Until: moments.Draw(t, "preferred until")}
}

func drawScale(t *rapid.T) callback.Scale {
	return callback.Scale{
		Min: numbers.Draw(t, "min"), Max: numbers.Draw(t, "max"), LowerIsBetter: rapid.Bool().Draw(t, "lower is better"),
	}
}

func drawReason(t *rapid.T) callback.Reason {
	r := callback.Reason{
		AlertID: texts.Draw(t, "alert"), Rule: texts.Draw(t, "rule"), Survey: texts.Draw(t, "survey"),
		ResponseID: texts.Draw(t, "response"), Revision: rapid.Uint32().Draw(t, "revision"),
		Correction: rapid.Uint32().Draw(t, "correction"), Words: drawWords(t),
		Metric: orNone(metrics).Draw(t, "metric"), Class: orNone(classes).Draw(t, "class"), Scale: drawScale(t),
		Verbatim: texts.Draw(t, "verbatim"), Channel: texts.Draw(t, "channel"), Touchpoint: texts.Draw(t, "touchpoint"),
		SubmittedAt: moments.Draw(t, "submitted"), Priority: rapid.IntRange(0, 100).Draw(t, "priority"),
		Severity:  callback.Severity(rapid.IntRange(0, 4).Draw(t, "severity")),
		FollowsUp: rapid.Bool().Draw(t, "follows up"),
		Queue:     texts.Draw(t, "asked queue"), Skills: some(t, "asked skills", func(t *rapid.T) string { return texts.Draw(t, "asked skill") }),
		FirstAttemptWithin: time.Duration(rapid.Int64Range(0, 1e15).Draw(t, "asked within")), RaisedAt: moments.Draw(t, "raised at"),
		Unanswered: rapid.Bool().Draw(t, "unanswered"),
		Withdrawn:  rapid.Bool().Draw(t, "withdrawn"), HasValue: rapid.Bool().Draw(t, "has value"),
	}
	if r.HasValue {
		r.Value, r.Satisfaction = numbers.Draw(t, "value"), numbers.Draw(t, "satisfaction")
	}
	return r
}

func drawWords(t *rapid.T) callback.Words {
	w := callback.Words{
		Sentiment:    rapid.SampledFrom([]string{"", "NEGATIVE", "NEUTRAL", "POSITIVE"}).Draw(t, "sentiment"),
		Disagreement: rapid.SampledFrom([]string{"", "GOOD_SCORE_BAD_WORDS", "BAD_SCORE_GOOD_WORDS"}).Draw(t, "disagreement"),
		Priority:     numbers.Draw(t, "recovery priority"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "themes") {
		w.Themes = append(w.Themes, callback.Theme{
			Name: texts.Draw(t, "theme"), Dimension: rapid.SampledFrom([]string{"", "OVERALL_EXPERIENCE"}).Draw(t, "dimension"),
			Polarity: rapid.SampledFrom([]string{"", "NEGATIVE"}).Draw(t, "polarity"),
		})
	}
	for range rapid.IntRange(0, 3).Draw(t, "intents") {
		w.Intents = append(w.Intents, rapid.SampledFrom([]string{"CHURN_RISK", "SAFETY"}).Draw(t, "intent"))
	}
	return w
}

func drawAttempt(t *rapid.T) callback.Attempt {
	return callback.Attempt{
		Number: rapid.IntRange(1, 1000).Draw(t, "number"), AgentID: texts.Draw(t, "agent"), Team: texts.Draw(t, "agent's team"),
		Token: rapid.Uint64().Draw(t, "token"), StartedAt: moments.Draw(t, "started"), EndedAt: moments.Draw(t, "ended"),
		Outcome: orNone(attemptOutcomes).Draw(t, "outcome"), CallAgainAt: moments.Draw(t, "call again"),
		Note: texts.Draw(t, "note"),
	}
}

// drawHolder draws a hold whose token is known, as it is in everything loaded.
func drawHolder(t *rapid.T) *callback.Holder {
	if rapid.Bool().Draw(t, "nobody") {
		return nil
	}
	return &callback.Holder{
		AgentID: texts.Draw(t, "agent"), RequestID: texts.Draw(t, "request"), Team: texts.Draw(t, "team"),
		Token: rapid.Uint64Min(1).Draw(t, "token"), Since: moments.Draw(t, "since"),
		LeaseExpiresAt: moments.Draw(t, "lease"), EndedAt: moments.Draw(t, "ended"), EndReason: texts.Draw(t, "why"),
	}
}

func drawWrapUp(t *rapid.T) *callback.WrapUp {
	if rapid.Bool().Draw(t, "no wrap-up") {
		return nil
	}
	return &callback.WrapUp{
		Outcome: orNone(outcomes).Draw(t, "outcome"), RootCause: texts.Draw(t, "cause"),
		Note: texts.Draw(t, "note"), AgentID: texts.Draw(t, "agent"), At: moments.Draw(t, "at"),
		FirstContact: rapid.Bool().Draw(t, "first contact"),
		Gesture: callback.Gesture{
			Kind: texts.Draw(t, "kind"), Cents: rapid.Int64().Draw(t, "cents"), Currency: texts.Draw(t, "currency"),
		},
	}
}

func drawCallback(t *rapid.T) *callback.Callback {
	if rapid.Bool().Draw(t, "no callback") {
		return nil
	}
	return &callback.Callback{
		ID: texts.Draw(t, "id"), CustomerKey: texts.Draw(t, "key"), Number: rapid.Uint32().Draw(t, "number"),
		State: rapid.SampledFrom(states).Draw(t, "state"), Customer: drawCustomer(t),
		Reasons:     some(t, "reasons", drawReason),
		MoreReasons: rapid.IntRange(0, 1000).Draw(t, "more"), MorePriority: rapid.IntRange(0, 100).Draw(t, "more priority"),
		Queue: texts.Draw(t, "queue"), Language: texts.Draw(t, "language"),
		Skills:   some(t, "skills", func(t *rapid.T) string { return texts.Draw(t, "skill") }),
		Priority: rapid.IntRange(0, 100).Draw(t, "priority"),
		OpenedAt: moments.Draw(t, "opened"), UpdatedAt: moments.Draw(t, "updated"), NotBefore: moments.Draw(t, "not before"),
		FirstAttemptDue: moments.Draw(t, "due"), ClosedAt: moments.Draw(t, "closed"),
		Holder: drawHolder(t), LastHolder: drawHolder(t), Attempts: some(t, "attempts", drawAttempt),
		WrapUp: drawWrapUp(t), CancelReason: texts.Draw(t, "cancel reason"), ClosedBy: texts.Draw(t, "closed by"), Reopened: drawReopening(t),
		Moved: drawMove(t), Escalated: drawEscalation(t), Preferred: drawPreference(t), SLA: drawSLA(t), FollowUp: drawFollowUp(t), Recovery: drawRecovery(t), UnattendedSince: moments.Draw(t, "unattended"),
		Slots: some(t, "slots", drawSlot), Wish: some(t, "wish", drawSlot),
		Aliases: some(t, "aliases", func(t *rapid.T) string { return texts.Draw(t, "alias") }),
		NextAt:  moments.Draw(t, "next at"), Country: texts.Draw(t, "country"), GivenCents: rapid.Int64().Draw(t, "given"), Zones: some(t, "zones", func(t *rapid.T) string { return texts.Draw(t, "possible zone") }),
		Declined: some(t, "declined", func(t *rapid.T) callback.Decline {
			return callback.Decline{AgentID: texts.Draw(t, "declined by"), At: moments.Draw(t, "declined at")}
		}),
	}
}

func drawSLA(t *rapid.T) *callback.SLA {
	if rapid.Bool().Draw(t, "no SLA") {
		return nil
	}
	return &callback.SLA{
		Policy: texts.Draw(t, "policy"), First: drawClock(t), Resolved: drawClock(t), PausedUntil: moments.Draw(t, "paused"),
		Steps: some(t, "steps", drawStep), NextAt: moments.Draw(t, "next bell"), State: callback.SLAState(rapid.IntRange(0, 4).Draw(t, "SLA state")),
	}
}

func drawSlot(t *rapid.T) callback.Slot {
	return callback.Slot{From: moments.Draw(t, "slot from"), To: moments.Draw(t, "slot to")}
}

func drawFollowUp(t *rapid.T) *callback.FollowUp {
	if rapid.Bool().Draw(t, "no follow-up") {
		return nil
	}
	return &callback.FollowUp{Survey: texts.Draw(t, "survey"), AskAt: moments.Draw(t, "ask"), AskedAt: moments.Draw(t, "asked")}
}

func drawRecovery(t *rapid.T) *callback.Recovery {
	if rapid.Bool().Draw(t, "no recovery") {
		return nil
	}
	r := &callback.Recovery{
		Survey: texts.Draw(t, "survey"), ResponseID: texts.Draw(t, "response"), Revision: rapid.Uint32().Draw(t, "revision"),
		Metric: orNone(metrics).Draw(t, "metric"), Class: orNone(classes).Draw(t, "class"), Verbatim: texts.Draw(t, "verbatim"),
		At: moments.Draw(t, "at"), HasBefore: rapid.Bool().Draw(t, "has before"), HasAfter: rapid.Bool().Draw(t, "has after"),
	}
	if r.HasBefore {
		r.Before = numbers.Draw(t, "before")
	}
	if r.HasAfter {
		r.After = numbers.Draw(t, "after")
	}
	return r
}

func drawClock(t *rapid.T) callback.Clock {
	return callback.Clock{
		DueAt: moments.Draw(t, "due"), WarnAt: moments.Draw(t, "warn"), WarnedAt: moments.Draw(t, "warned"),
		BreachedAt: moments.Draw(t, "breached"), EndedAt: moments.Draw(t, "ended"), Kept: rapid.Bool().Draw(t, "kept"),
	}
}

func drawStep(t *rapid.T) callback.Step {
	return callback.Step{
		Target: orNone([]callback.Target{callback.FirstAttempt, callback.Resolution}).Draw(t, "target"),
		Since:  orNone([]callback.Mark{callback.Warning, callback.Breach}).Draw(t, "mark"),
		After:  time.Duration(rapid.Int64Min(0).Draw(t, "after")), Points: rapid.IntRange(0, 100).Draw(t, "points"),
		Widen: rapid.Bool().Draw(t, "widen"),
		WidenTo: some(t, "skills left", func(t *rapid.T) callback.Skill {
			return callback.Skill{Name: rapid.StringMatching(`[a-z]{1,9}`).Draw(t, "skill"), Level: rapid.IntRange(1, callback.MaxSkillLevel).Draw(t, "level")}
		}),
		Queue: texts.Draw(t, "step queue"), Role: texts.Draw(t, "step role"), At: moments.Draw(t, "at"), TakenAt: moments.Draw(t, "taken"),
	}
}

func drawTaken(t *rapid.T) callback.TakenAlert {
	return callback.TakenAlert{
		AlertID: texts.Draw(t, "alert"), Revision: rapid.Uint32().Draw(t, "revision"), Correction: rapid.Uint32().Draw(t, "correction"),
		Resolved: rapid.Bool().Draw(t, "resolved"),
	}
}

func drawAggregate(t *rapid.T) callback.Aggregate {
	return callback.Aggregate{
		CustomerKey: texts.Draw(t, "key"), Seq: rapid.Uint64Min(1).Draw(t, "seq"), EventNo: rapid.Uint64Min(1).Draw(t, "event no"),
		LastHash: [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash")),
		Callback: drawCallback(t), Taken: some(t, "taken", drawTaken), Past: some(t, "past", drawPast),
	}
}

// some draws none (nil) to three.
func some[T any](t *rapid.T, label string, one func(*rapid.T) T) []T {
	return rapid.SampledFrom([]func() []T{
		func() []T { return nil },
		func() []T { return []T{one(t)} },
		func() []T { return []T{one(t), one(t), one(t)} },
	}).Draw(t, label)()
}

func drawPast(t *rapid.T) callback.Past {
	return callback.Past{
		ID: texts.Draw(t, "past id"), ClosedAt: moments.Draw(t, "past closed"), CalledAt: moments.Draw(t, "past called"),
		Severity: callback.Severity(rapid.IntRange(0, 4).Draw(t, "past severity")), Recovery: drawRecovery(t),
		Before: some(t, "before", func(t *rapid.T) callback.Score {
			return callback.Score{
				Metric: orNone(metrics).Draw(t, "past metric"), Class: orNone(classes).Draw(t, "past class"), Satisfaction: numbers.Draw(t, "past satisfaction"),
			}
		}),
	}
}

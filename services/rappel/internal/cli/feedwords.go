package cli

import "github.com/rappel-loop/rappel/proto/feedevent"

// feedWords are what a reader of the feed is told, in one language. A test holds both to every
// type of event.
type feedWords struct {
	// Types say what happened.
	Types map[feedevent.Type]string
	// Targets are the promises of an SLA.
	Targets map[string]string

	Revision, AsksToBeCalled, Rule, InQueue, HeldBackLately, Recovered string
	Fallback, HeldBack, Wait                                           string
}

func feedWordsOf(w *words) *feedWords {
	if w == &english {
		return &feedEnglish
	}
	return &feedFrench
}

var feedFrench = feedWords{
	Types: map[feedevent.Type]string{
		feedevent.ResponseReceived: "réponse reçue", feedevent.ResponseCorrected: "réponse corrigée", feedevent.ResponseScored: "réponse notée",
		feedevent.AnalysisCorrected: "analyse corrigée", feedevent.AlertRaised: "alerte", feedevent.AlertResolved: "alerte levée",
		feedevent.AlertAcknowledged: "alerte prise en charge", feedevent.AlertUnacknowledged: "alerte plus prise en charge", feedevent.AlertClosed: "alerte close",
		feedevent.MetricAlertRaised: "alerte sur un indicateur", feedevent.MetricAlertResolved: "alerte sur un indicateur levée",
		feedevent.FollowUpAnswered: "réponse sur un rappel", feedevent.FallbackBegan: "repli activé", feedevent.FallbackEnded: "repli terminé", feedevent.CallbackOpened: "rappel ouvert", feedevent.CallbackEnriched: "rappel complété",
		feedevent.CallbackReasonWithdrawn: "raison retirée", feedevent.CallbackAlertNoted: "alerte sans effet", feedevent.CallbackOffered: "rappel proposé",
		feedevent.CallbackAccepted: "proposition acceptée", feedevent.CallbackRejected: "proposition refusée", feedevent.CallbackOfferExpired: "proposition restée sans réponse",
		feedevent.CallbackClaimed: "rappel pris", feedevent.CallbackAttemptStarted: "appel commencé", feedevent.CallbackAttempted: "appel terminé",
		feedevent.CallbackCompleted: "rappel conclu", feedevent.CallbackReleased: "rappel rendu", feedevent.CallbackLeaseExpired: "rappel repris à l'agent",
		feedevent.CallbackCanceled: "rappel annulé", feedevent.CallbackWrapUpOverdue: "conclusion en retard", feedevent.CallbackReopened: "rappel rouvert",
		feedevent.CallbackRescheduled: "rappel reporté", feedevent.CallbackTransferred: "rappel transféré", feedevent.CallbackEscalated: "rappel rendu plus urgent",
		feedevent.CallbackAgentLost: "agent disparu", feedevent.CallbackPreferenceEnded: "plus réservé à un agent", feedevent.CallbackSlotEnded: "créneau passé sans appel",
		feedevent.CallbackUnattended: "personne pour le prendre", feedevent.CallbackAttended: "quelqu'un peut le prendre à nouveau", feedevent.CallbackRequeued: "rappel repris à un agent absent",
		feedevent.SLAWarned: "délai à risque", feedevent.SLABreached: "délai manqué",
		feedevent.SLAEscalated: "escalade du délai", feedevent.FollowUpAsked: "avis demandé", feedevent.FollowedUp: "avis reçu après le rappel",
	},
	Targets:  map[string]string{"FIRST_ATTEMPT": "premier appel", "RESOLUTION": "résolution"},
	Revision: "révision %d", AsksToBeCalled: "demande à être rappelé", Rule: "règle : %s", InQueue: "file %s", HeldBackLately: "pas de rappel : déjà appelé récemment", Recovered: "satisfaction %s → %s",
	Fallback: "repli %s", HeldBack: "pas de rappel demandé", Wait: "attente prévue %s",
}

var feedEnglish = feedWords{
	Types: map[feedevent.Type]string{
		feedevent.ResponseReceived: "answer received", feedevent.ResponseCorrected: "answer corrected", feedevent.ResponseScored: "answer scored",
		feedevent.AnalysisCorrected: "analysis corrected", feedevent.AlertRaised: "alert", feedevent.AlertResolved: "alert resolved",
		feedevent.AlertAcknowledged: "alert acknowledged", feedevent.AlertUnacknowledged: "alert no longer acknowledged", feedevent.AlertClosed: "alert closed",
		feedevent.MetricAlertRaised: "a metric's alert", feedevent.MetricAlertResolved: "a metric's alert resolved",
		feedevent.FollowUpAnswered: "answer about a callback", feedevent.FallbackBegan: "fallback begun", feedevent.FallbackEnded: "fallback ended", feedevent.CallbackOpened: "callback opened", feedevent.CallbackEnriched: "callback enriched",
		feedevent.CallbackReasonWithdrawn: "reason withdrawn", feedevent.CallbackAlertNoted: "alert without effect", feedevent.CallbackOffered: "callback offered",
		feedevent.CallbackAccepted: "offer accepted", feedevent.CallbackRejected: "offer declined", feedevent.CallbackOfferExpired: "offer not answered",
		feedevent.CallbackClaimed: "callback claimed", feedevent.CallbackAttemptStarted: "call begun", feedevent.CallbackAttempted: "call ended",
		feedevent.CallbackCompleted: "callback completed", feedevent.CallbackReleased: "callback given back", feedevent.CallbackLeaseExpired: "callback taken from its agent",
		feedevent.CallbackCanceled: "callback canceled", feedevent.CallbackWrapUpOverdue: "wrap-up overdue", feedevent.CallbackReopened: "callback reopened",
		feedevent.CallbackRescheduled: "callback put off", feedevent.CallbackTransferred: "callback transferred", feedevent.CallbackEscalated: "callback made more urgent",
		feedevent.CallbackAgentLost: "agent lost", feedevent.CallbackPreferenceEnded: "no longer kept for one agent", feedevent.CallbackSlotEnded: "slot passed without a call",
		feedevent.CallbackUnattended: "nobody to take it", feedevent.CallbackAttended: "somebody to take it again", feedevent.CallbackRequeued: "callback taken back from who is gone",
		feedevent.SLAWarned: "promise at risk", feedevent.SLABreached: "promise missed",
		feedevent.SLAEscalated: "promise escalated", feedevent.FollowUpAsked: "asked how it went", feedevent.FollowedUp: "answered how it went",
	},
	Targets:  map[string]string{"FIRST_ATTEMPT": "first attempt", "RESOLUTION": "resolution"},
	Revision: "revision %d", AsksToBeCalled: "asks to be called", Rule: "rule: %s", InQueue: "queue %s", HeldBackLately: "no callback: called lately", Recovered: "satisfaction %s → %s",
	Fallback: "fallback %s", HeldBack: "no callback asked for", Wait: "predicted wait %s",
}

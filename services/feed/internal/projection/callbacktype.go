package projection

import (
	"github.com/rappel-loop/rappel/proto/feedevent"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// callbackType is the type of an event of a callback. A further one is met by the linter,
// which wants every case here, and by a test.
func callbackType(t eventsv1.CallbackEvent_Type) (feedevent.Type, error) { //nolint:funlen // a case a type, and nothing else
	switch t {
	case eventsv1.CallbackEvent_OPENED:
		return feedevent.CallbackOpened, nil
	case eventsv1.CallbackEvent_ENRICHED:
		return feedevent.CallbackEnriched, nil
	case eventsv1.CallbackEvent_REASON_WITHDRAWN:
		return feedevent.CallbackReasonWithdrawn, nil
	case eventsv1.CallbackEvent_ALERT_NOTED:
		return feedevent.CallbackAlertNoted, nil
	case eventsv1.CallbackEvent_OFFERED:
		return feedevent.CallbackOffered, nil
	case eventsv1.CallbackEvent_ACCEPTED:
		return feedevent.CallbackAccepted, nil
	case eventsv1.CallbackEvent_REJECTED:
		return feedevent.CallbackRejected, nil
	case eventsv1.CallbackEvent_OFFER_EXPIRED:
		return feedevent.CallbackOfferExpired, nil
	case eventsv1.CallbackEvent_CLAIMED:
		return feedevent.CallbackClaimed, nil
	case eventsv1.CallbackEvent_ATTEMPT_STARTED:
		return feedevent.CallbackAttemptStarted, nil
	case eventsv1.CallbackEvent_ATTEMPT_ENDED:
		return feedevent.CallbackAttempted, nil
	case eventsv1.CallbackEvent_COMPLETED:
		return feedevent.CallbackCompleted, nil
	case eventsv1.CallbackEvent_RELEASED:
		return feedevent.CallbackReleased, nil
	case eventsv1.CallbackEvent_LEASE_EXPIRED:
		return feedevent.CallbackLeaseExpired, nil
	case eventsv1.CallbackEvent_CANCELED:
		return feedevent.CallbackCanceled, nil
	case eventsv1.CallbackEvent_WRAP_UP_OVERDUE:
		return feedevent.CallbackWrapUpOverdue, nil
	case eventsv1.CallbackEvent_REOPENED:
		return feedevent.CallbackReopened, nil
	case eventsv1.CallbackEvent_RESCHEDULED:
		return feedevent.CallbackRescheduled, nil
	case eventsv1.CallbackEvent_TRANSFERRED:
		return feedevent.CallbackTransferred, nil
	case eventsv1.CallbackEvent_ESCALATED:
		return feedevent.CallbackEscalated, nil
	case eventsv1.CallbackEvent_AGENT_LOST:
		return feedevent.CallbackAgentLost, nil
	case eventsv1.CallbackEvent_PREFERENCE_ENDED:
		return feedevent.CallbackPreferenceEnded, nil
	case eventsv1.CallbackEvent_SLA_WARNED:
		return feedevent.SLAWarned, nil
	case eventsv1.CallbackEvent_SLA_BREACHED:
		return feedevent.SLABreached, nil
	case eventsv1.CallbackEvent_SLA_ESCALATED:
		return feedevent.SLAEscalated, nil
	case eventsv1.CallbackEvent_SLOT_ENDED:
		return feedevent.CallbackSlotEnded, nil
	case eventsv1.CallbackEvent_FOLLOW_UP_ASKED:
		return feedevent.FollowUpAsked, nil
	case eventsv1.CallbackEvent_FOLLOWED_UP:
		return feedevent.FollowedUp, nil
	case eventsv1.CallbackEvent_UNATTENDED:
		return feedevent.CallbackUnattended, nil
	case eventsv1.CallbackEvent_ATTENDED:
		return feedevent.CallbackAttended, nil
	case eventsv1.CallbackEvent_REQUEUED:
		return feedevent.CallbackRequeued, nil
	}
	return "", ErrUnknownType
}

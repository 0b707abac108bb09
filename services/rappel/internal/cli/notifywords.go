package cli

import eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"

// notifyWords are what a person reads of receivers and deliveries, in one language. A test
// holds both to every state, kind and problem.
type notifyWords struct {
	States   map[eventsv1.Delivery_State]string
	Kinds    map[eventsv1.Notification_Kind]string
	Problems map[eventsv1.DeliveryAttempt_Problem]string

	ReceiverColumns, DeliveryColumns                           []string
	NoReceivers, NoDeliveries                                  string
	Enabled, Disabled, ByItself, Never                         string
	NeedName, NeedID, NeedFile, NeedFailed, OfflineSends       string
	BadState, BadKind, BadSince                                string
	Delivered, NotDelivered, Status                            string
	EnabledNow, DisabledNow, Again, AgainAll                   string
	State, Receiver, Told, Group, Created, Next, Tries, Replay string
	Alerts, By, Customer, Took, Failed                         string
}

func notifyWordsOf(w *words) *notifyWords {
	if w == &english {
		return &notifyEnglish
	}
	return &notifyFrench
}

var notifyFrench = notifyWords{
	States: map[eventsv1.Delivery_State]string{
		eventsv1.Delivery_PENDING: "en attente", eventsv1.Delivery_SENDING: "en cours", eventsv1.Delivery_DELIVERED: "remise", eventsv1.Delivery_FAILED: "abandonnée",
	},
	Kinds: map[eventsv1.Notification_Kind]string{
		eventsv1.Notification_NEW: "nouveau", eventsv1.Notification_REPEATED: "rappel", eventsv1.Notification_ESCALATED: "escalade",
		eventsv1.Notification_RESOLVED: "fin", eventsv1.Notification_TEST: "essai", eventsv1.Notification_FALLBACK: "repli",
	},
	Problems:        problemsFrench,
	ReceiverColumns: []string{"DESTINATAIRE", "TYPE", "ÉTAT", "EN ATTENTE", "DERNIÈRE REMISE", "DERNIER ÉCHEC"},
	DeliveryColumns: []string{"REMISE", "DESTINATAIRE", "ÉTAT", "QUOI", "DEPUIS", "ESSAIS", "DERNIER ESSAI"},
	NoReceivers:     "Aucun destinataire : alerting.notify_file n'en déclare pas.", NoDeliveries: "Aucune remise.",
	Enabled: "prévenu", Disabled: "désactivé", ByItself: "par lui-même", Never: "jamais",
	NeedName: "Dites quel destinataire : %s notify %s NOM", NeedID: "Dites quelle remise : %s notify %s ID",
	NeedFile:   "--receiver dit quel destinataire du fichier : --file notify.yaml --receiver NOM",
	NeedFailed: "Donnez des identifiants, ou --failed DESTINATAIRE", OfflineSends: "Avec --file, rien n'est envoyé : ajoutez --dry-run",
	BadState: "--state %s : au choix pending, sending, delivered, failed", BadKind: "--kind %s : au choix new, repeated, escalated, resolved, test, fallback",
	BadSince:  "--since : une durée comme 1d ou 12h, ou un moment comme 2026-11-09T10:00:00Z",
	Delivered: "%s a reçu l'essai (%d ms).", NotDelivered: "%s n'a pas reçu l'essai : %s.", Status: "statut %d",
	EnabledNow: "%s est de nouveau prévenu.", DisabledNow: "%s n'est plus prévenu : ce qui lui est destiné attend quatre jours.",
	Again: "repart vers %s", AgainAll: "Remises abandonnées qui repartent : %d, vers %s.",
	State: "État", Receiver: "Destinataire", Told: "Quoi", Group: "Groupe", Created: "Créée", Next: "Prochain essai", Tries: "Essais",
	Replay: "Redemandée", Alerts: "alertes en cours : %d, terminées : %d", By: "par %s", Customer: "au client", Took: "%d ms",
	Failed: "Remises sans changement : %d sur %d.",
}

var notifyEnglish = notifyWords{
	States: map[eventsv1.Delivery_State]string{
		eventsv1.Delivery_PENDING: "pending", eventsv1.Delivery_SENDING: "sending", eventsv1.Delivery_DELIVERED: "delivered", eventsv1.Delivery_FAILED: "given up",
	},
	Kinds: map[eventsv1.Notification_Kind]string{
		eventsv1.Notification_NEW: "new", eventsv1.Notification_REPEATED: "repeated", eventsv1.Notification_ESCALATED: "escalated",
		eventsv1.Notification_RESOLVED: "resolved", eventsv1.Notification_TEST: "test", eventsv1.Notification_FALLBACK: "fallback",
	},
	Problems:        problemsEnglish,
	ReceiverColumns: []string{"RECEIVER", "KIND", "STATE", "PENDING", "LAST DELIVERED", "LAST FAILURE"},
	DeliveryColumns: []string{"DELIVERY", "RECEIVER", "STATE", "WHAT", "FOR", "TRIES", "LAST TRY"},
	NoReceivers:     "No receivers: alerting.notify_file declares none.", NoDeliveries: "No deliveries.",
	Enabled: "told", Disabled: "disabled", ByItself: "by itself", Never: "never",
	NeedName: "Say which receiver: %s notify %s NAME", NeedID: "Say which delivery: %s notify %s ID",
	NeedFile:   "--receiver says which receiver of the file: --file notify.yaml --receiver NAME",
	NeedFailed: "Give ids, or --failed RECEIVER", OfflineSends: "With --file nothing is sent: add --dry-run",
	BadState: "--state %s: choose from pending, sending, delivered, failed", BadKind: "--kind %s: choose from new, repeated, escalated, resolved, test, fallback",
	BadSince:  "--since: how long ago, as 1d or 12h, or a time as 2026-11-09T10:00:00Z",
	Delivered: "%s took the test (%d ms).", NotDelivered: "%s did not take the test: %s.", Status: "status %d",
	EnabledNow: "%s is told again.", DisabledNow: "%s is told nothing any more: what is for it waits for four days.",
	Again: "on its way to %s again", AgainAll: "Deliveries that were given up and go out again: %d, to %s.",
	State: "State", Receiver: "Receiver", Told: "What", Group: "Group", Created: "Made", Next: "Next try", Tries: "Tries",
	Replay: "Ordered again", Alerts: "alerts that stand: %d, over: %d", By: "by %s", Customer: "to the customer", Took: "%d ms",
	Failed: "Deliveries left unchanged: %d of %d.",
}
